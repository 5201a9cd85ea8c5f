// SPDX-License-Identifier: Apache-2.0
// From a body to rows: one reader takes the bytes of a JSON, NDJSON, CSV or form body as they come, checks
// each row against the endpoint's fields, packs the good ones and reports the bad ones. One thread at a time.
#ifndef RECKONER_BATCH_READER_H
#define RECKONER_BATCH_READER_H

#include <stdbool.h>

#include "app/app.h"
#include "app/report.h"
#include "base/err.h"
#include "batch/rows.h"

enum body_format {
    BODY_JSON,   // application/json: an object or an array of objects
    BODY_NDJSON, // application/x-ndjson: an object a line
    BODY_CSV,    // text/csv with a header row (RFC 4180)
    BODY_FORM,   // application/x-www-form-urlencoded: one row
};

// The media types of all formats, as Accept-Post lists them.
extern const char BODY_MEDIA_TYPES[];

// The format of a Content-Type value (RFC 9110 section 8.3); false for another type, or a charset that is not
// UTF-8.
MUST_CHECK bool body_format_of_type(struct span content_type, enum body_format *ret_format);

// The format of a file by its ending: .json, .ndjson, .csv; false for another one.
MUST_CHECK bool body_format_of_file(struct span name, enum body_format *ret_format);

struct reader;

// A reader for `endpoint`, which packs good rows into `rows` and reports bad ones to `report`; all three are
// borrowed. `max_rows`: past it ERR_TOO_LARGE.
MUST_CHECK enum err_code reader_new(const struct endpoint *endpoint, enum body_format format, size_t max_rows,
    struct rows *rows, struct report *report, struct reader **ret_reader, struct err *err);

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
