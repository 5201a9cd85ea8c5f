// SPDX-License-Identifier: Apache-2.0
// The table calendar(from, to).
#ifndef RECKONER_STORE_SQLITE_CALENDAR_H
#define RECKONER_STORE_SQLITE_CALENDAR_H

#include "base/attr.h"

struct sqlite_conn;

// Gives the connection the table calendar. An SQLite result code.
MUST_CHECK int sqlite_calendar_install(struct sqlite_conn *conn);

#endif
