// SPDX-License-Identifier: Apache-2.0
// The one row of a form. Private to batch/reader.c. One thread at a time.
#ifndef RECKONER_BATCH_READER_FORM_H
#define RECKONER_BATCH_READER_FORM_H

#include "base/err.h"
#include "base/span.h"
#include "batch/row_check.h"

struct reader_form;

// A reader that hands its row to `check`, which it borrows.
MUST_CHECK enum err_code reader_form_new(
    struct row_check *check, struct reader_form **ret_form, struct err *err);

// Takes the next bytes. ERR_TOO_LARGE past LIMIT_FORM_BYTES, ERR_NO_MEMORY.
MUST_CHECK enum err_code reader_form_feed(struct reader_form *form, struct span bytes, struct err *err);

// The input has ended: reads it. ERR_MALFORMED, ERR_MEDIA_TYPE for what is no form; ERR_TOO_LARGE.
MUST_CHECK enum err_code reader_form_finish(struct reader_form *form);

// NULL is fine.
void reader_form_free(struct reader_form *form);

#endif
