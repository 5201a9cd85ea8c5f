// SPDX-License-Identifier: Apache-2.0
// The function distance_m(lat1, lng1, lat2, lng2).
#ifndef RECKONER_STORE_SQLITE_DISTANCE_H
#define RECKONER_STORE_SQLITE_DISTANCE_H

#include "base/attr.h"

struct sqlite_conn;

// Gives the connection the function distance_m. An SQLite result code.
MUST_CHECK int sqlite_distance_install(struct sqlite_conn *conn);

#endif
