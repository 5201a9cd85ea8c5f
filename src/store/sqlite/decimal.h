// SPDX-License-Identifier: Apache-2.0
// The functions decimal_of(value, scale) and decimal_round(value, from, to).
#ifndef RECKONER_STORE_SQLITE_DECIMAL_H
#define RECKONER_STORE_SQLITE_DECIMAL_H

#include "base/attr.h"

struct sqlite_conn;

// Gives the connection both functions. An SQLite result code.
MUST_CHECK int sqlite_decimal_install(struct sqlite_conn *conn);

#endif
