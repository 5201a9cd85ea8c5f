// SPDX-License-Identifier: Apache-2.0
// Rows of a CSV body. Private to batch/reader.c. One thread at a time.
#ifndef RECKONER_BATCH_READER_CSV_H
#define RECKONER_BATCH_READER_CSV_H

#include "base/err.h"
#include "base/span.h"
#include "batch/row_check.h"

struct reader_csv;

// A reader that hands its rows to `check`, which it borrows, and reads as `dialect` says, which is copied
// (NULL: CSV_STRICT). ERR_MEDIA_TYPE for an encoding that is not known.
MUST_CHECK enum err_code reader_csv_new(
    struct row_check *check, const struct csv_dialect *dialect, struct reader_csv **ret_csv, struct err *err);

// Takes the next bytes. Errors of csv_rows_feed; what `check` met is in its status.
MUST_CHECK enum err_code reader_csv_feed(struct reader_csv *csv, struct span bytes, struct err *err);

// The input has ended. Errors of csv_rows_finish.
MUST_CHECK enum err_code reader_csv_finish(struct reader_csv *csv, struct err *err);

// NULL is fine.
void reader_csv_free(struct reader_csv *csv);

#endif
