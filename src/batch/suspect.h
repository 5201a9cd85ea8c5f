// SPDX-License-Identifier: Apache-2.0
// Which rows of a batch may have run into a constraint, by their values alone: whoever asks has to try
// whether they have, as a statement may store other values than it was sent. Any thread.
#ifndef RECKONER_BATCH_SUSPECT_H
#define RECKONER_BATCH_SUSPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "batch/rows.h"

// What is known of the failure.
enum suspect_kind {
    SUSPECT_NOBODY, // nothing
    SUSPECT_NULL,   // a value is null in one of `fields`
    SUSPECT_KEY,    // a row has the key in `fields` of one before it, or of a stored one
};

struct suspect_case {
    enum suspect_kind kind;      //
    size_t fields[LIMIT_FIELDS]; // numbers of fields of the endpoint
    size_t count;                // of fields
};

// Rows by their numbers from 0.
struct suspects {
    size_t row;    // that fails
    size_t before; // with which it does, if count is 2
    size_t count;  // 1 or 2
};

// False where nobody is suspected, for want of memory too.
bool suspects_find(const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects);

#endif
