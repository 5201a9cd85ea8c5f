// SPDX-License-Identifier: Apache-2.0
// Values on their way from the server, one function for each form. Each wants as many bytes as its type has
// (value.c).
#ifndef RECKONER_STORE_POSTGRESQL_DECODE_H
#define RECKONER_STORE_POSTGRESQL_DECODE_H

#include <libpq-fe.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "store/postgresql/encode.h"
#include "text/value.h"

// Room for a value that becomes text; begins as zeros.
struct pg_room {
    char text[PG_TEXT_BYTES]; // for nearly all
    char *more;               // owned; for a numeric of many digits; NULL: none had so many yet
    size_t more_bytes;        // of it
};

void pg_room_fini(struct pg_room *room);

// How exact a value is wanted.
enum pg_as {
    PG_AS_SHOWN,  // as an answer shows it
    PG_AS_MICROS, // with the microseconds of a moment
    PG_AS_KEY,    // as a page's key (store_key): days and microseconds as integers
};

// A value as it has come.
struct pg_cell {
    Oid type;
    struct span bytes;    // borrowed
    const char *name;     // of the column; borrowed
    struct pg_room *room; // borrowed by what becomes text
    enum pg_as as;
};

// ERR_STORE.
enum err_code pg_fail_damaged(const struct pg_cell *cell, struct err *err);

MUST_CHECK enum err_code pg_get_int(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_float4(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_float8(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_text(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_jsonb(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_uuid(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_date(const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_timestamp(
    const struct pg_cell *cell, struct value *ret_value, struct err *err);
MUST_CHECK enum err_code pg_get_time(const struct pg_cell *cell, struct value *ret_value, struct err *err);

#endif
