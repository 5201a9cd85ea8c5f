// SPDX-License-Identifier: Apache-2.0
// The tables that a statement reads.
#ifndef RECKONER_STORE_SQLITE_READS_H
#define RECKONER_STORE_SQLITE_READS_H

#include "store/driver.h"

struct sqlite_reads;

MUST_CHECK enum err_code sqlite_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);

MUST_CHECK enum err_code sqlite_versions_cover(
    struct store_stmt *base, bool *ret_is_covered, struct err *err);

// The authorizer calls this for each table, view or helper that the SQL being compiled for sqlite_reads
// names. `table` NULL: SQLite had no memory for the name.
void sqlite_note_read(struct sqlite_reads *reads, const char *table);

#endif
