// SPDX-License-Identifier: Apache-2.0
// Rows of a JSON body, an object or an array of them, or of NDJSON, an object a line. Private to
// batch/reader.c. One thread at a time.
#ifndef RECKONER_BATCH_READER_JSON_H
#define RECKONER_BATCH_READER_JSON_H

#include "base/err.h"
#include "base/span.h"
#include "batch/row_check.h"

struct reader_json;

// A reader that hands its rows to `check`, which it borrows.
MUST_CHECK enum err_code reader_json_new(
    struct row_check *check, bool is_ndjson, struct reader_json **ret_json, struct err *err);

// Takes the next bytes. Errors of json_rows_feed; what `check` met is in its status.
MUST_CHECK enum err_code reader_json_feed(struct reader_json *json, struct span bytes, struct err *err);

// The input has ended. Errors of json_rows_finish.
MUST_CHECK enum err_code reader_json_finish(struct reader_json *json, struct err *err);

// NULL is fine.
void reader_json_free(struct reader_json *json);

#endif
