// SPDX-License-Identifier: Apache-2.0
// The texts of the files of an app for a table. They say what was found, and what to edit. Pure.
#ifndef RECKONER_CMD_NEW_TABLE_FILES_H
#define RECKONER_CMD_NEW_TABLE_FILES_H

#include "base/buf.h"
#include "cmd/new_table.h"

// The ending of the app's data file: "csv".
const char *new_table_ending(const struct new_table *table);

// Each appends the text of one file; failures are kept in the buffer's status.
void new_table_write_ini(const struct new_table *table, struct buf *out);
void new_table_write_schema(const struct new_table *table, struct buf *out);
void new_table_write_post(const struct new_table *table, struct buf *out);
void new_table_write_get(const struct new_table *table, struct buf *out);
void new_table_write_get_one(const struct new_table *table, struct buf *out);
void new_table_write_tests(const struct new_table *table, struct buf *out);

#endif
