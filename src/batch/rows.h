// SPDX-License-Identifier: Apache-2.0
// Checked rows on their way from a body to the table batch, packed: a few bytes a value. What is more than a
// piece goes to a temporary file, where there may be one; so a queue of batches of any size stays small.
// Written by one thread, then read by another.
#ifndef RECKONER_BATCH_ROWS_H
#define RECKONER_BATCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/temp_file.h"
#include "batch/line_set.h"
#include "text/value.h"

struct rows {
    struct buf packed;        // rows, one after another; see rows.c for the form
    struct temp_file file;    // owned; the pieces before them; not open: there are none
    struct temp_space *space; // borrowed; where that file is; NULL: all stays in memory
    uint64_t max_bytes;       // in the file
    size_t field_count;       // values in each row
    size_t count;             // rows, without those that are left out
    size_t all_count;         // with them
    struct line_set left_out; // owned; the lines of these
    int64_t last_line;        // of the newest row, since lines are packed as differences
    struct budget *budget;    // borrowed; `packed` is charged to it as it grows; NULL: none
    size_t charged_bytes;     // so far
};

// No rows yet, each of field_count values; at most LIMIT_ROWS_BYTES of them, whose memory is charged to
// `budget` (NULL: none), which outlives them.
void rows_init(struct rows *rows, size_t field_count, struct budget *budget);

// Before the first row: what is more than a piece goes to a file in `space`, up to max_bytes of it. `space`
// is borrowed while the rows live; with none, or one without a folder, nothing changes.
void rows_spill_to(struct rows *rows, struct temp_space *space, uint64_t max_bytes);

// Frees, and gives back to the budget and the space; a zeroed struct and NULL are fine.
void rows_fini(struct rows *rows);

// Forgets the rows, of which none are in a file, and keeps the memory.
void rows_clear(struct rows *rows);

// Adds a copy of a row. `line` is its place in the input, not smaller than that of the row before.
// ERR_TOO_LARGE, ERR_NO_MEMORY, ERR_BUSY when the budget or the space is spent, ERR_DISK_FULL, ERR_IO; only
// rows_fini is of use then.
MUST_CHECK enum err_code rows_add(
    struct rows *rows, int64_t line, const struct value *values, struct err *err);

// The last row was added: where some are in a file, all are from here on, so that a batch that waits holds no
// memory. Errors of rows_add.
MUST_CHECK enum err_code rows_end(struct rows *rows, struct err *err);

// From here on the rows of these lines count as if they were not there: walks pass over them. Those that are
// left out already stay so. No walk is under way. *ret_found: how many of the lines had a row until now.
// Errors of rows_stop and of line_set_init, after which none of them is left out.
MUST_CHECK enum err_code rows_leave_out(
    struct rows *rows, const struct line_set *lines, size_t *ret_found, struct err *err);

// All rows are there again. No walk is under way.
void rows_put_back(struct rows *rows);

// A walk over rows that do not change meanwhile.
struct rows_cursor {
    const struct rows *rows; // borrowed
    struct span piece;       // the rows at hand: of `read`, or of the rows' own memory
    size_t offset;           // of the next one in it
    int64_t line;            // of the last row
    uint64_t file_offset;    // of the next piece in the file
    struct buf read;         // owned; the piece of the file that was read last
    struct err failure;      // that has ended the walk
};

// Has to be ended by rows_stop or rows_cursor_fini.
void rows_start(const struct rows *rows, struct rows_cursor *ret_cursor);

// Unpacks the next row into values[field_count]; text is valid until the next call, and the end of the walk.
// False when there is none, or the file cannot be read: which it is, rows_stop tells.
bool rows_next(struct rows_cursor *cursor, int64_t *ret_line, struct value *values);

// Ends a walk, at any row, and frees what it holds. ERR_IO, ERR_NO_MEMORY: it went no further for that.
MUST_CHECK enum err_code rows_stop(struct rows_cursor *cursor, struct err *err);

// The same for who does not mind how far it went.
void rows_cursor_fini(struct rows_cursor *cursor);

#endif
