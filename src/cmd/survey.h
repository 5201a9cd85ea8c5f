// SPDX-License-Identifier: Apache-2.0
// What a file of CSV or JSON holds: how it is written, what its columns are, which rows are none. Reads the
// file as a stream, two times; what it finds of the whole file is sure, what it takes from the first MiB
// (delimiter, header) is a guess. On the main thread.
#ifndef RECKONER_CMD_SURVEY_H
#define RECKONER_CMD_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/limits.h"
#include "text/column_guess.h"
#include "text/csv_dialect.h"
#include "text/csv_rows.h"
#include "text/csv_sniff.h"
#include "text/json_rows.h"

struct survey_column {
    struct span header;        // as the file has it; empty: none
    struct span first;         // the cell of the first row
    struct column_guess guess; //
    // of JSON
    unsigned kinds;            // of its values: bit i, of enum json_kind
    enum json_kind first_kind; // in the first row
    uint64_t last_row;         // that had it, from 1
    bool has_empty_text;       // a value is ""
};

enum survey_form {
    SURVEY_CSV,    //
    SURVEY_JSON,   // an array of objects
    SURVEY_NDJSON, // an object a line
};

// Rows of one kind that a load would refuse.
struct bad_rows {
    uint64_t count; //
    int64_t line;   // where the first of them is
    size_t cells;   // that it has
};

struct survey {
    struct arena arena;                         // of all texts
    enum survey_form form;                      //
    struct csv_sniff layout;                    // of CSV
    const char *encoding;                       // of the whole file, as iconv(3) knows it
    struct survey_column columns[LIMIT_FIELDS]; //
    size_t column_count;                        // that are looked at, without one that only ends each line
    bool has_tail;                              // there is such a one
    bool has_far_double;                        // a name of theirs stands above another column as well
    bool has_padded_header;                     // blanks stand around a name
    bool has_no_quotes;                         // a quote is text, as in files of databases
    size_t header_cells;                        // of the header's last row
    uint64_t rows;                              //
    struct bad_rows shorts;                     // among them, of fewer cells than there are columns
    struct bad_rows odd;                        // besides, of more cells, or the last one, cut off
    struct bad_rows broken;                     // besides, with a cell that goes on behind its closing quote
    uint64_t enclosed;                          // cells in quotes where these are text
    uint64_t half_quoted;                       // cells with other quotes there
    uint64_t blank_rows;                        // besides, rows of empty cells
    uint64_t notes;                             // rows behind the last one that is whole
    struct span until;                          // how the first of them begins; empty: there are none
    struct column_ways ways;                    //
};

// Surveys the file. ERR_IO for one that cannot be read, ERR_MALFORMED for what is neither CSV nor JSON,
// with the reason; ERR_TOO_LARGE past a bound of csv_rows.h or json_rows.h; ERR_NO_MEMORY. survey_free is due
// in any case.
MUST_CHECK enum err_code survey_file(const char *path, struct survey **ret_survey, struct err *err);

// Gets the cells of a row, borrowed for the call.
typedef void survey_row_function(void *ctx, const struct csv_cell *cells, size_t count);

// Reads the rows of the surveyed file of CSV once more: neither the header nor notes nor rows of empty cells.
// Errors as survey_file has them.
MUST_CHECK enum err_code survey_walk(
    const struct survey *survey, const char *path, survey_row_function *on_each, void *ctx, struct err *err);

// NULL is fine.
void survey_free(struct survey *survey);

#endif
