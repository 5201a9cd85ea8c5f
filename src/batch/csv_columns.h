// SPDX-License-Identifier: Apache-2.0
// Which column of a CSV is which field: by the names in its header, or in order without one. One thread at a
// time.
#ifndef RECKONER_BATCH_CSV_COLUMNS_H
#define RECKONER_BATCH_CSV_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "batch/row_check.h"
#include "text/csv_rows.h"

struct csv_columns {
    size_t count;        // with a name; 0 before the header has come
    bool has_tail;       // an empty one stands behind them, as each line ends with a delimiter
    bool has_named_tail; // in the header, too: rows may have it or not
    int *field_of;       // owned; for each column its field, or NO_FIELD
};

// A zeroed one is fine.
void csv_columns_fini(struct csv_columns *columns);

enum csv_fit {
    CSV_FITS,   //
    CSV_FAULTY, // what is wrong was reported
    CSV_ALIEN,  // no name is a field's: nothing was reported yet
};

// Ties the columns of a header to fields by the dialect of `check`. A fault in it ends the reading, as no row
// could be told right from wrong; so does a want of memory, which is noted in `check`.
enum csv_fit csv_columns_read(struct csv_columns *columns, struct row_check *check, int64_t line,
    const struct csv_cell *names, size_t count);

// Without a header: the columns are the fields in order. False after a want of memory.
MUST_CHECK bool csv_columns_in_order(struct csv_columns *columns, struct row_check *check);

// Reports a header that is alien: it is none, or all of its names have the same fault.
void csv_columns_report_alien(
    struct row_check *check, int64_t line, const struct csv_cell *names, size_t count);

// Whether a row of another number of cells than there are columns is of that form all the same: it has an
// empty cell behind them, and so have all rows; or fewer cells, which the dialect fills; or more than the
// fields of a body without a header, which it ignores. Reports what is wrong.
bool csv_columns_fit(struct csv_columns *columns, struct row_check *check, int64_t line,
    const struct csv_cell *cells, size_t count);

#endif
