// SPDX-License-Identifier: Apache-2.0
// CSV in (RFC 4180), as a stream: bytes go in however they come, rows come out one at a time. Leaves to
// others what the header means, whether rows are ragged and what cells hold (they are bytes here, not even
// UTF-8).
#ifndef RECKONER_TEXT_CSV_ROWS_H
#define RECKONER_TEXT_CSV_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct csv_cell {
    struct span text; // never NULL, even when empty
    bool is_quoted;   // it stood in quotes: an empty one is an empty text, and not nothing
};

struct csv_rows_handler {
    void *ctx; // handed back
    // A row; the header is the first one. `line` is the physical line, from 1, on which it starts; line
    // breaks in quotes count. The cells are borrowed for the call. False stops: the rest of the input is
    // ignored.
    bool (*on_row)(void *ctx, int64_t line, const struct csv_cell *cells, size_t count);
    // A row in which a quoted cell goes on behind its closing quote; reading goes on in the next line. False
    // stops.
    bool (*on_broken_row)(void *ctx, int64_t line);
};

// What cells and rows look like.
struct csv_form {
    char delimiter;     // between cells
    bool has_no_quotes; // a quote is text
    bool trims;         // blanks and tabs around cells are not theirs, nor those inside of quotes
};

struct csv_rows;

// A reader of cells between commas from line 1, where csv_rows_begin says nothing else; the handler is
// copied, the caller owns the result. Blank lines are skipped, unless the first row has one cell: then each
// is a row of one empty cell. A line ends with LF, CR LF or CR. Blanks around a cell belong to it, and so
// does a quote in a cell that does not begin with one.
MUST_CHECK enum err_code csv_rows_new(
    const struct csv_rows_handler *handler, struct csv_rows **ret_csv, struct err *err);

// Before the first bytes: they are of that form, and begin on that line.
void csv_rows_begin(struct csv_rows *csv, const struct csv_form *form, int64_t line);

// The line on which the row begins whose bytes are expected.
int64_t csv_rows_line(const struct csv_rows *csv);

// Takes the next bytes. ERR_TOO_LARGE for more than LIMIT_CSV_CELLS cells in a row, a cell over
// LIMIT_VALUE_BYTES or a row over LIMIT_ROW_BYTES, with the line on which the row starts; ERR_NO_MEMORY.
// Once failed, every call fails in the same way.
MUST_CHECK enum err_code csv_rows_feed(struct csv_rows *csv, struct span bytes, struct err *err);

// The input has ended: a last row without a line end comes out. ERR_MALFORMED when a quote is still open. No
// input at all is no error.
MUST_CHECK enum err_code csv_rows_finish(struct csv_rows *csv, struct err *err);

// NULL is fine.
void csv_rows_free(struct csv_rows *csv);

#endif
