// SPDX-License-Identifier: Apache-2.0
// Values on the wire, in the binary form of each type's send function (big-endian), so that no setting of a
// session has a say in them. A type is a row of `wires`; what a row names is in encode.c, decode.c and
// numeric.c. Pure functions; any thread.
//
// What comes out is what SQLite would give, to the byte of the JSON:
//     int2, int4, int8              integer
//     bool                          integer, 0 or 1
//     float4, float8                real
//     numeric                       integer when it has no decimal places and fits, as sum() of integers has
//                                   none; otherwise its digits, without the zeros at the end of its decimal
//                                   places but for one. So round(x, 2) looks the same in both stores; round()
//                                   of a numeric to no places, a real in SQLite, is an integer here, which a
//                                   @column with its type evens out. NaN and infinities are reals.
//     date                          YYYY-MM-DD; infinity is null
//     timestamptz                   RFC 3339 in UTC, milliseconds; what is below them is cut unless it was
//                                   asked for; infinity is null
//     time                          hh:mm:ss, and decimal places without zeros at their end
//     text, varchar, char, name, json, jsonb, uuid: text
// All others are refused by name: a cast to one of these says what is meant.
//
// As a page's key a date is its days and a moment its microseconds, both since 2000, as on the wire: then no
// two values are one key.
#include "store/postgresql/value.h"

#include "base/attr.h"
#include "store/postgresql/encode.h"
#include "store/postgresql/numeric.h"

// --- declared types

static const struct {
    enum pg_type type; // on the wire
    const char *sql;   // in a definition; text compares byte by byte, as in SQLite
} types[] = {
    [TYPE_TEXT] = {PG_TYPE_TEXT, "text COLLATE \"C\""},
    [TYPE_INTEGER] = {PG_TYPE_INT8, "bigint"},
    [TYPE_NUMBER] = {PG_TYPE_FLOAT8, "double precision"},
    [TYPE_BOOLEAN] = {PG_TYPE_BOOL, "boolean"},
    [TYPE_DATE] = {PG_TYPE_DATE, "date"},
    [TYPE_TIMESTAMP] = {PG_TYPE_TIMESTAMPTZ, "timestamp with time zone"},
    [TYPE_TIME] = {PG_TYPE_TIME, "time"},
    [TYPE_UUID] = {PG_TYPE_UUID, "uuid"},
    [TYPE_JSON] = {PG_TYPE_JSON, "json"},
    [TYPE_DECIMAL] = {PG_TYPE_NUMERIC, "numeric"},
};

enum pg_type pg_type_of(enum value_type type)
{
    return types[type].type;
}

const char *pg_type_sql(enum value_type type)
{
    return types[type].sql;
}

// --- types on the wire

struct wire {
    Oid type;
    uint8_t length; // bytes of all its values; 0: they have several
    bool is_time;   // as a page's key it is the integer that it is on the wire
    enum pg_form (*encode)(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
    const char *wanted; // what a value has to be to be encoded; NULL: any can be
    enum err_code (*decode)(const struct pg_cell *cell, struct value *ret_value, struct err *err);
};

static enum err_code fail_type(const struct pg_cell *cell, struct value *ret_value, struct err *err);

// Those that are met most come first, as a search goes from there.
static const struct wire wires[] = {
    {PG_TYPE_TEXT, 0, false, pg_encode_text, NULL, pg_get_text},
    {PG_TYPE_INT8, 8, false, pg_encode_int8, "an integer that fits", pg_get_int},
    {PG_TYPE_FLOAT8, 8, false, pg_encode_real, "a number", pg_get_float8},
    {PG_TYPE_DATE, 4, true, pg_encode_date, "a date, YYYY-MM-DD", pg_get_date},
    {PG_TYPE_NUMERIC, 0, false, pg_encode_numeric, NULL, pg_get_numeric},
    {PG_TYPE_INT4, 4, false, pg_encode_int4, "an integer that fits", pg_get_int},
    {PG_TYPE_TIMESTAMPTZ, 8, true, pg_encode_timestamp, "a timestamp, RFC 3339", pg_get_timestamp},
    {PG_TYPE_BOOL, 1, false, pg_encode_boolean, "true or false", pg_get_int},
    {PG_TYPE_UUID, UUID_BYTES, false, pg_encode_uuid, "a UUID", pg_get_uuid},
    {PG_TYPE_VARCHAR, 0, false, pg_encode_text, NULL, pg_get_text},
    {PG_TYPE_TIME, 8, true, pg_encode_time, "a time of the day", pg_get_time},
    {PG_TYPE_JSON, 0, false, pg_encode_text, NULL, pg_get_text},
    {PG_TYPE_JSONB, 0, false, pg_encode_literal, NULL, pg_get_jsonb},
    {PG_TYPE_INT2, 2, false, pg_encode_int2, "an integer that fits", pg_get_int},
    {PG_TYPE_FLOAT4, 4, false, pg_encode_literal, NULL, pg_get_float4},
    {PG_TYPE_BPCHAR, 0, false, pg_encode_literal, NULL, pg_get_text},
    {PG_TYPE_NAME, 0, false, pg_encode_literal, NULL, pg_get_text},
};
static const struct wire other = {PG_TYPE_UNKNOWN, 0, false, pg_encode_literal, NULL, fail_type};

static const struct wire *find_wire(Oid type)
{
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        if (wires[i].type == type)
            return &wires[i];
    }
    return &other;
}

enum err_code pg_encode(Oid type, const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes,
    bool *ret_is_binary, struct err *err)
{
    const struct wire *wire = find_wire(type);
    enum pg_form form = wire->encode(value, room, ret_bytes);
    if (form == PG_FORM_NONE) {
        struct span shown = pg_value_text(value, room);
        return err_set(err, ERR_VALUE, "\"%.*s\" is not %s", (int)(shown.len < 100 ? shown.len : 100),
            shown.at, wire->wanted);
    }
    *ret_is_binary = form == PG_FORM_BINARY;
    return ERR_NONE;
}

enum err_code pg_decode(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    const struct wire *wire = find_wire(cell->type);
    if (wire->length != 0 && cell->bytes.len != wire->length)
        return pg_fail_damaged(cell, err);
    if (wire->is_time && cell->as == PG_AS_KEY)
        return pg_get_int(cell, ret_value, err);
    return wire->decode(cell, ret_value, err);
}

// --- types that are refused

// The name of a type that is refused, of those that are met most.
static const char *type_name(Oid type)
{
    static const struct {
        Oid type;
        const char *name;
    } names[] = {{17, "bytea"}, {18, "\"char\""}, {26, "oid"}, {600, "point"}, {790, "money"}, {869, "inet"},
        {1114, "timestamp"}, {1186, "interval"}, {2249, "record"}, {2278, "void"}, {1007, "integer[]"},
        {1009, "text[]"}, {1016, "bigint[]"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].type == type)
            return names[i].name;
    }
    return "another type";
}

const char *pg_refused_type(Oid type)
{
    return find_wire(type) != &other ? NULL : type_name(type);
}

static enum err_code fail_type(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)ret_value;
    return err_set(err, ERR_STORE, "the column \"%.100s\" is of %s (%u), which has no form in JSON: cast it",
        cell->name, type_name(cell->type), (unsigned)cell->type);
}
