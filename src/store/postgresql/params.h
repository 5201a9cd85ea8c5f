// SPDX-License-Identifier: Apache-2.0
// The parameters of a statement, with the values of a run as libpq takes them.
#ifndef RECKONER_STORE_POSTGRESQL_PARAMS_H
#define RECKONER_STORE_POSTGRESQL_PARAMS_H

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "store/postgresql/encode.h"

// In the order of $n. Zeroed, there are none.
struct pg_params {
    size_t count;
    uint16_t *from;               // owned; the index in params of store_prepare of each
    const char **values;          // owned; of the run
    int *lengths;                 // owned; likewise
    int *formats;                 // owned; likewise
    char (*texts)[PG_TEXT_BYTES]; // owned; room for values that have to be converted
    char **copies;                // owned; of values that go as text, with a NUL; each NULL: none
};

// `from` is copied. To be given up by pg_params_fini in any case.
MUST_CHECK enum err_code pg_params_init(
    struct pg_params *params, const uint16_t *from, size_t count, struct err *err);
void pg_params_fini(struct pg_params *params);

// Takes the values of a run, which they borrow until the next one; `types` are those of the parameters.
// Errors of pg_encode; ERR_STORE for a text with a NUL.
MUST_CHECK enum err_code pg_params_encode(
    struct pg_params *params, const Oid *types, const struct value *values, struct err *err);

#endif
