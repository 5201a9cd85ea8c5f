// SPDX-License-Identifier: Apache-2.0
// The order of a statement's rows, as its last ORDER BY has it. Pure; any thread.
#ifndef RECKONER_APP_ORDER_H
#define RECKONER_APP_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "app/answer.h"
#include "app/cursor.h"
#include "app/diag.h"
#include "app/endpoint.h"

enum order_nulls {
    ORDER_NULLS_UNSAID, // as the store has them
    ORDER_NULLS_FIRST,
    ORDER_NULLS_LAST,
};

struct order_key {
    size_t column;          // index in the answer's columns
    bool descending;        //
    enum order_nulls nulls; // where they come
};

struct order {
    struct order_key keys[CURSOR_KEYS];
    size_t count;     // of keys, at least 1
    struct span body; // the statement's SQL up to ORDER BY; borrowed from it
};

// Reads the order of `statement`, whose columns are those of `answer`. It has to end with a top-level ORDER
// BY of their names, each with ASC or DESC and NULLS FIRST or LAST at most; false, and the reason in `diags`,
// when it does not.
MUST_CHECK bool order_read(const char *file, const struct statement *statement, const struct answer *answer,
    struct diags *diags, struct order *ret_order);

#endif
