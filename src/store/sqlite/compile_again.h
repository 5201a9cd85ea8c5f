// SPDX-License-Identifier: Apache-2.0
// What SQLite tells of a statement only while it compiles it.
#ifndef RECKONER_STORE_SQLITE_COMPILE_AGAIN_H
#define RECKONER_STORE_SQLITE_COMPILE_AGAIN_H

#include "base/attr.h"
#include "base/err.h"

struct sqlite_stmt;

// Compiles the statement's SQL once more and throws that away, for the sake of what the authorizer (permit.c)
// notes meanwhile: where it does is set on the connection, around this call. Errors of store_prepare. The
// connection's thread.
MUST_CHECK enum err_code sqlite_compile_again(struct sqlite_stmt *stmt, struct err *err);

#endif
