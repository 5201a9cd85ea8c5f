// SPDX-License-Identifier: Apache-2.0
// From a body to rows: one reader takes the bytes of a JSON, NDJSON, CSV or form body as they come, checks
// each row against the endpoint's fields, packs the good ones and reports the bad ones. One thread at a time.
#ifndef RECKONER_BATCH_READER_H
#define RECKONER_BATCH_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/body_format.h"
#include "app/report.h"
#include "base/err.h"
#include "batch/rows.h"

struct reader;

// What a reader is for. All is borrowed.
struct reader_options {
    const struct endpoint *endpoint;   // whose fields the rows have
    enum body_format format;           // any but BODY_FILE_FORM
    const struct csv_dialect *dialect; // of CSV; NULL: the endpoint's
    size_t max_rows;                   // past it ERR_TOO_LARGE
    uint64_t pattern_steps; // what matching patterns may take (text/pattern.h); the row that spends
                            // it is reported, and no more are read
    struct rows *rows;      // good rows are packed into them
    struct report *report;  // and bad ones reported here
};

// ERR_NO_MEMORY; ERR_MEDIA_TYPE for a dialect of an encoding that the system does not know.
MUST_CHECK enum err_code reader_new(
    const struct reader_options *options, struct reader **ret_reader, struct err *err);

// Takes the next bytes. ERR_MALFORMED with line and column when they are not of the format; ERR_TOO_LARGE;
// ERR_BUSY when the budget of rows is spent; ERR_NO_MEMORY. Rows that do not pass are no error here: see the
// report. After an error the reader can only be freed.
MUST_CHECK enum err_code reader_feed(struct reader *reader, struct span bytes, struct err *err);

// The input has ended. ERR_MALFORMED when it is cut short or has nothing in it; a CSV header alone, and [],
// have no rows, which is no error here.
MUST_CHECK enum err_code reader_finish(struct reader *reader, struct err *err);

// At most so many bytes that were fed are held, as they are of a row that is not whole yet.
size_t reader_held_bytes(const struct reader *reader);

// NULL is fine.
void reader_free(struct reader *reader);

#endif
