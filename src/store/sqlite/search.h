// SPDX-License-Identifier: Apache-2.0
// The functions search_terms(text) and search_prefix(text).
#ifndef RECKONER_STORE_SQLITE_SEARCH_H
#define RECKONER_STORE_SQLITE_SEARCH_H

#include "base/attr.h"

struct sqlite_conn;

// Gives the connection these functions. An SQLite result code.
MUST_CHECK int sqlite_search_install(struct sqlite_conn *conn);

#endif
