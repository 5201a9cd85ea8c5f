// SPDX-License-Identifier: Apache-2.0
// The functions that a statement calls, and whether its result hangs on more than its rows and parameters.
#ifndef RECKONER_STORE_SQLITE_CALLS_H
#define RECKONER_STORE_SQLITE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

struct sqlite_conn;
struct sqlite_calls;

// The authorizer tells of a call in the SQL that is being compiled.
void sqlite_note_call(struct sqlite_calls *calls, const char *function);

MUST_CHECK enum err_code sqlite_versions_miss(struct store_stmt *base, struct buf *why, struct err *err);

uint64_t sqlite_versions_schema(const struct store_stmt *base);

// Notes that what runs on the connection from here on is what sqlite_has_asked_time is about.
void sqlite_forget_time(struct sqlite_conn *conn);

// Whether a statement has asked what time it is.
bool sqlite_has_asked_time(const struct sqlite_conn *conn);

#endif
