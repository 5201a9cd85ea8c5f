// SPDX-License-Identifier: Apache-2.0
// Checked rows on their way from a body to the table batch, packed: a few bytes a value, so that a queue of
// batches stays small. Written by one thread, then read by another.
#ifndef RECKONER_BATCH_ROWS_H
#define RECKONER_BATCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/buf.h"
#include "text/value.h"

struct rows {
    struct buf packed;     // the rows, one after another; see rows.c for the form
    size_t field_count;    // values in each row
    size_t count;          // rows
    int64_t last_line;     // of the newest row, since lines are packed as differences
    struct budget *budget; // borrowed; `packed` is charged to it as it grows; NULL: none
    size_t charged_bytes;  // so far
};

// No rows yet, each of field_count values; at most LIMIT_ROWS_BYTES of them, whose memory is charged to
// `budget` (NULL: none), which outlives them.
void rows_init(struct rows *rows, size_t field_count, struct budget *budget);

// Frees, and gives back to the budget; a zeroed struct and NULL are fine.
void rows_fini(struct rows *rows);

// Forgets the rows and keeps the memory.
void rows_clear(struct rows *rows);

// Adds a copy of a row. `line` is its place in the input, not smaller than that of the row before.
// ERR_TOO_LARGE, ERR_NO_MEMORY, ERR_BUSY when the budget is spent; only rows_fini is of use then.
MUST_CHECK enum err_code rows_add(struct rows *rows, int64_t line, const struct value *values);

// A walk over rows that do not change meanwhile.
struct rows_cursor {
    const struct rows *rows; // borrowed
    size_t offset;           // of the next row in packed
    int64_t line;            // of the last row
};

void rows_start(const struct rows *rows, struct rows_cursor *ret_cursor);

// Unpacks the next row into values[field_count]; text borrows the rows. False when there is none.
bool rows_next(struct rows_cursor *cursor, int64_t *ret_line, struct value *values);

#endif
