// SPDX-License-Identifier: Apache-2.0
// The rows that a statement changes, as SQLite tells of them (its preupdate hook), for all who want to know.
#ifndef RECKONER_STORE_SQLITE_ROWS_H
#define RECKONER_STORE_SQLITE_ROWS_H

#include <stdbool.h>

struct sqlite_conn;

// Has each row told to conn->twice and conn->tracks, as far as they are active; or to nobody.
void sqlite_rows_tell(struct sqlite_conn *conn, bool is_told);

#endif
