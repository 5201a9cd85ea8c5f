// SPDX-License-Identifier: Apache-2.0
// Tables that exist without being made, calendar(from, to) and list(text): what both have in common as
// SQLite's virtual tables (sqlite.org/vtab.html section 2). On the connection's thread.
#ifndef RECKONER_STORE_SQLITE_TABLE_FUNCTION_H
#define RECKONER_STORE_SQLITE_TABLE_FUNCTION_H

#include <sqlite3.h>

#include "base/attr.h"

// Makes such a table for the connection `ctx` (struct sqlite_conn), with the columns of a CREATE TABLE.
MUST_CHECK int table_function_connect(
    sqlite3 *db, void *ctx, const char *declaration, sqlite3_vtab **ret_table);

// Frees it: an xDisconnect.
int table_function_disconnect(sqlite3_vtab *table);

// In a plan without the arguments: when SQLite finds no other plan, `what` is the error of the SQL that is
// being compiled. It is no error yet, as SQLite also asks about parts of a WHERE.
void table_function_lacks(sqlite3_vtab *table, const char *what);

#endif
