// SPDX-License-Identifier: Apache-2.0
// Values on the wire, in the binary form of each type.
#ifndef RECKONER_STORE_POSTGRESQL_VALUE_H
#define RECKONER_STORE_POSTGRESQL_VALUE_H

#include <libpq-fe.h>

#include "base/err.h"
#include "base/span.h"
#include "store/postgresql/decode.h"
#include "text/uuid.h"
#include "text/value.h"

enum { PG_ID_CHARS = UUID_CHARS + 1 }; // a UUID as text, and a NUL

// The types of pg_type.dat that values have on the wire; the numbers are fixed for good.
enum pg_type {
    PG_TYPE_UNKNOWN = 0, // to be inferred from the statement
    PG_TYPE_BOOL = 16,
    PG_TYPE_NAME = 19,
    PG_TYPE_INT8 = 20,
    PG_TYPE_INT2 = 21,
    PG_TYPE_INT4 = 23,
    PG_TYPE_TEXT = 25,
    PG_TYPE_JSON = 114,
    PG_TYPE_FLOAT4 = 700,
    PG_TYPE_FLOAT8 = 701,
    PG_TYPE_BPCHAR = 1042,
    PG_TYPE_VARCHAR = 1043,
    PG_TYPE_DATE = 1082,
    PG_TYPE_TIME = 1083,
    PG_TYPE_TIMESTAMPTZ = 1184,
    PG_TYPE_NUMERIC = 1700,
    PG_TYPE_UUID = 2950,
    PG_TYPE_JSONB = 3802,
};

// The type on the wire of a declared type.
enum pg_type pg_type_of(enum value_type type);

// The same by name, for a table's column.
const char *pg_type_sql(enum value_type type);

// The bytes of a value as that type; at most 30, or those of the text itself. `room` is for those that are
// converted; the result borrows it or the value. ERR_VALUE for a value that is none of the type, such as a
// date that does not exist.
MUST_CHECK enum err_code pg_encode(Oid type, const struct value *value, char room[PG_TEXT_BYTES],
    struct span *ret_bytes, bool *ret_is_binary, struct err *err);

// The name of a type that JSON has no place for; NULL: it has one.
const char *pg_refused_type(Oid type);

// The value of a cell, as exact as it says. ERR_STORE for a type that JSON has no place for, and for bytes
// that are none of the type.
MUST_CHECK enum err_code pg_decode(const struct pg_cell *cell, struct value *ret_value, struct err *err);

#endif
