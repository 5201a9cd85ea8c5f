// SPDX-License-Identifier: Apache-2.0
// The table list(text).
#ifndef RECKONER_STORE_SQLITE_LIST_H
#define RECKONER_STORE_SQLITE_LIST_H

#include "base/attr.h"

struct sqlite_conn;

// Gives the connection the table list. An SQLite result code.
MUST_CHECK int sqlite_list_install(struct sqlite_conn *conn);

#endif
