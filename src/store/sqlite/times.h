// SPDX-License-Identifier: Apache-2.0
// The functions month_of(day), week_of(day), day_in(at, zone) and clock_in(at, zone).
#ifndef RECKONER_STORE_SQLITE_TIMES_H
#define RECKONER_STORE_SQLITE_TIMES_H

#include "base/attr.h"

struct sqlite_conn;

// Gives the connection these functions. An SQLite result code.
MUST_CHECK int sqlite_times_install(struct sqlite_conn *conn);

#endif
