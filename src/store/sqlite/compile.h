// SPDX-License-Identifier: Apache-2.0
// The text of statements and scripts, and how it is compiled.
#ifndef RECKONER_STORE_SQLITE_COMPILE_H
#define RECKONER_STORE_SQLITE_COMPILE_H

#include <sqlite3.h>

#include "base/attr.h"
#include "base/err.h"
#include "store/sqlite/permit.h"
#include "text/sql_scan.h"

struct sqlite_conn;

// The first token from `start` on that belongs to a statement; SQL_END when there is none. Its offset is
// from the start of `sql`.
struct sql_token sqlite_first_token(struct span sql, size_t start);

// ERR_CONFIG with the place of an offset in `sql`.
enum err_code sqlite_fail_at(struct span sql, size_t offset, struct err *err, const char *text);

// A copy with a NUL behind it, and none in it: SQLite would end its reading there and say nothing. The caller
// frees.
MUST_CHECK enum err_code sqlite_copy_text(struct span sql, char **ret_copy, struct err *err);

// Compiles the statement that begins at *start and moves *start behind it. *ret_handle is NULL when there
// are only blanks and comments left. A NUL stands behind `sql`; without one SQLite would copy all the rest of
// a script for each statement.
MUST_CHECK enum err_code sqlite_compile(struct sqlite_conn *conn, enum sqlite_origin origin, struct span sql,
    size_t *start, sqlite3_stmt **ret_handle, struct err *err);

#endif
