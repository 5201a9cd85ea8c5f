// SPDX-License-Identifier: Apache-2.0
// Values on the wire, in the binary form of each type's send function (big-endian), so that no setting of a
// session has a say in them. Pure functions; any thread.
//
// What comes out is what SQLite would give, to the byte of the JSON:
//     int2, int4, int8              integer
//     bool                          integer, 0 or 1
//     float4, float8                real
//     numeric                       integer when it has no decimal places and fits, as sum() of integers has
//                                   none; otherwise the nearest real. So round(x, 2) and avg() are real in
//                                   both stores; round() of a numeric to no places, a real in SQLite, is an
//                                   integer here, which a @column with its type evens out.
//     date                          YYYY-MM-DD
//     timestamptz                   RFC 3339 in UTC, milliseconds; what is below them is cut
//     text, varchar, char, name, json, uuid: text
// All others are refused by name: a cast to one of these says what is meant.
#include "store/postgresql/value.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "text/date.h"
#include "text/number.h"

enum {
    EPOCH_DAYS = 10957, // 2000-01-01 in days since 1970-01-01
    NUMERIC_BASE_DIGITS = 4,
    NUMERIC_HEAD_BYTES = 8,
    NUMERIC_NEGATIVE = 0x4000,
    NUMERIC_POSITIVE = 0x0000,
    NUMERIC_MAX_CHARS = 2000, // more digits than a double can have, left and right of the point
};
static const int64_t EPOCH_MS = EPOCH_DAYS * INT64_C(86400000);

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
};

enum pg_type pg_type_of(enum value_type type)
{
    return types[type].type;
}

const char *pg_type_sql(enum value_type type)
{
    return types[type].sql;
}

// --- in

static struct span put_integer(char room[PG_TEXT_BYTES], uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        room[i] = (char)(unsigned char)(bits >> (8 * (bytes - 1 - i)));
    return (struct span){.at = room, .len = bytes};
}

// SQLite keeps no sign of zero, so neither does this.
static struct span put_real(char room[PG_TEXT_BYTES], double real)
{
    uint64_t bits;
    real += 0.0; // -0.0 becomes 0.0
    memcpy(&bits, &real, sizeof(bits));
    return put_integer(room, bits, sizeof(bits));
}

static bool as_integer(const struct value *value, int64_t *ret_integer)
{
    if (value->kind == VALUE_TEXT)
        return number_parse_integer(value->text, ret_integer);
    if (value->kind == VALUE_INTEGER)
        *ret_integer = value->integer;
    else if (value->real >= (double)INT64_MIN && value->real < -(double)INT64_MIN &&
             trunc(value->real) == value->real)
        *ret_integer = (int64_t)value->real;
    else
        return false;
    return true;
}

static bool encode_integer(
    const struct value *value, size_t bytes, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t integer;
    int64_t limit = bytes == 8 ? INT64_MAX : (INT64_C(1) << (8 * bytes - 1)) - 1;
    if (!as_integer(value, &integer) || integer > limit || integer < -limit - 1)
        return false;
    *ret_bytes = put_integer(room, (uint64_t)integer, bytes);
    return true;
}

static bool encode_real(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    double real = 0;
    if (value->kind == VALUE_TEXT && !number_parse(value->text, &real))
        return false;
    if (value->kind != VALUE_TEXT)
        real = value->kind == VALUE_REAL ? value->real : (double)value->integer;
    *ret_bytes = put_real(room, real);
    return true;
}

static bool encode_boolean(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t integer;
    if (value->kind == VALUE_TEXT || !as_integer(value, &integer))
        return false;
    *ret_bytes = put_integer(room, integer != 0, 1);
    return true;
}

static bool encode_date(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    struct date date;
    if (value->kind != VALUE_TEXT || !date_parse(value->text, &date))
        return false;
    *ret_bytes = put_integer(room, (uint64_t)(int64_t)(date_to_days(date) - EPOCH_DAYS), 4);
    return true;
}

static bool encode_timestamp(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t ms;
    if (value->kind != VALUE_TEXT || !timestamp_parse(value->text, &ms))
        return false;
    *ret_bytes = put_integer(room, (uint64_t)((ms - EPOCH_MS) * 1000), 8);
    return true;
}

// What has no form of ours goes as text, which the server reads as it would a literal.
static struct span as_text(const struct value *value, char room[PG_TEXT_BYTES])
{
    static_assert((int)PG_TEXT_BYTES >= (int)NUMBER_CHARS, "any number has room");
    if (value->kind == VALUE_INTEGER)
        return (struct span){.at = room, .len = number_format_integer(value->integer, room)};
    if (value->kind == VALUE_REAL)
        return (struct span){.at = room, .len = number_format(value->real, room)};
    return (struct span){.at = value->text.at != NULL ? value->text.at : "", .len = value->text.len};
}

enum err_code pg_encode(Oid type, const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes,
    bool *ret_is_binary, struct err *err)
{
    const char *wanted = NULL;
    bool fits = true, is_binary = true;
    switch (type) {
    case PG_TYPE_INT8:
    case PG_TYPE_INT4:
    case PG_TYPE_INT2:
        wanted = "an integer that fits";
        fits = encode_integer(value,
            type == PG_TYPE_INT8   ? 8
            : type == PG_TYPE_INT4 ? 4
                                   : 2,
            room, ret_bytes);
        break;
    case PG_TYPE_FLOAT8:
        wanted = "a number";
        fits = encode_real(value, room, ret_bytes);
        break;
    case PG_TYPE_BOOL:
        wanted = "true or false";
        fits = encode_boolean(value, room, ret_bytes);
        break;
    case PG_TYPE_DATE:
        wanted = "a date, YYYY-MM-DD";
        fits = encode_date(value, room, ret_bytes);
        break;
    case PG_TYPE_TIMESTAMPTZ:
        wanted = "a timestamp, RFC 3339";
        fits = encode_timestamp(value, room, ret_bytes);
        break;
    default:
        *ret_bytes = as_text(value, room);
        is_binary = type == PG_TYPE_TEXT || type == PG_TYPE_VARCHAR; // the same bytes, and no NUL needed
        break;
    }
    if (!fits) {
        struct span shown = as_text(value, room);
        return err_set(
            err, ERR_STORE, "\"%.*s\" is not %s", (int)(shown.len < 100 ? shown.len : 100), shown.at, wanted);
    }
    *ret_is_binary = is_binary;
    return ERR_NONE;
}

// --- out

static uint64_t get_bits(struct span bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.len; i++)
        bits = bits << 8 | (unsigned char)bytes.at[i];
    return bits;
}

// The integer of 2, 4 or 8 bytes.
static int64_t get_integer(struct span bytes)
{
    uint64_t bits = get_bits(bytes);
    if (bytes.len > 0 && bytes.len < 8 && bits >> (8 * bytes.len - 1) != 0)
        bits |= UINT64_MAX << (8 * bytes.len);
    return (int64_t)bits;
}

static double get_float4(struct span bytes)
{
    uint32_t bits = (uint32_t)get_bits(bytes);
    float real;
    memcpy(&real, &bits, sizeof(real));
    // The double of the same shortest digits, as SQLite has no shorter one: 0.1, not 0.10000000149011612.
    char text[PG_TEXT_BYTES];
    double nearest = (double)real;
    for (int digits = 6; digits <= 9 && isfinite(real); digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)real);
        nearest = strtod(text, NULL);
        if ((float)nearest == real) // NOLINT: bit for bit
            break;
    }
    return nearest;
}

static double get_float8(struct span bytes)
{
    uint64_t bits = get_bits(bytes);
    double real;
    memcpy(&real, &bits, sizeof(real));
    return real;
}

// The digits with so many zeros behind them, when that is an integer of ours.
static bool get_whole(const char *text, size_t len, int zeros, struct value *ret_value)
{
    char whole[PG_TEXT_BYTES];
    int64_t integer;
    if (zeros < 0 || len + (size_t)zeros > sizeof(whole))
        return false;
    memcpy(whole, text, len);
    memset(whole + len, '0', (size_t)zeros);
    if (!number_parse_integer((struct span){.at = whole, .len = len + (size_t)zeros}, &integer))
        return false;
    *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = integer};
    return true;
}

// numeric_send: digit count, weight, sign, scale, then digits to the base of 10000. False for NaN and
// infinities.
static bool get_numeric(struct span bytes, struct value *ret_value)
{
    if (bytes.len < NUMERIC_HEAD_BYTES || bytes.len % 2 != 0)
        return false;
    int count = (int)get_bits((struct span){bytes.at, 2});
    int weight = (int)get_integer((struct span){bytes.at + 2, 2});
    int sign = (int)get_bits((struct span){bytes.at + 4, 2});
    int scale = (int)get_bits((struct span){bytes.at + 6, 2});
    if ((sign != NUMERIC_POSITIVE && sign != NUMERIC_NEGATIVE) ||
        bytes.len != NUMERIC_HEAD_BYTES + 2 * (size_t)count)
        return false;
    char text[NUMERIC_MAX_CHARS];
    size_t len = 0;
    if (sign == NUMERIC_NEGATIVE)
        text[len++] = '-';
    size_t start = len;
    int used = 0; // the digits behind those that have room are too small to be seen
    for (int i = 0; i < count && len + NUMERIC_BASE_DIGITS + 12 < sizeof(text); i++, used++) {
        unsigned digit = (unsigned)get_bits((struct span){bytes.at + NUMERIC_HEAD_BYTES + 2 * i, 2});
        len += (size_t)snprintf(text + len, sizeof(text) - len, len == start ? "%u" : "%04u", digit);
    }
    if (len == start)
        text[len++] = '0';
    int exponent = (weight - used + 1) * NUMERIC_BASE_DIGITS;
    if (scale == 0 && get_whole(text, len, exponent, ret_value))
        return true;
    len += (size_t)snprintf(text + len, sizeof(text) - len, "e%d", exponent);
    double real;
    if (!number_parse((struct span){.at = text, .len = len}, &real))
        return false;
    *ret_value = (struct value){.kind = VALUE_REAL, .real = real};
    return true;
}

static struct value text_value(const char *text, size_t len)
{
    return (struct value){.kind = VALUE_TEXT, .text = {.at = text, .len = len}};
}

static bool get_date(struct span bytes, char room[PG_TEXT_BYTES], struct value *ret_value)
{
    int64_t days = get_integer(bytes) + EPOCH_DAYS;
    if (days < DATE_FIRST_DAY || days > DATE_LAST_DAY)
        return false;
    date_format(date_from_days((int32_t)days), room);
    *ret_value = text_value(room, DATE_CHARS - 1);
    return true;
}

static bool get_timestamp(struct span bytes, char room[PG_TEXT_BYTES], struct value *ret_value)
{
    static const int64_t day_ms = 86400000;
    int64_t us = get_integer(bytes);
    int64_t ms = us / 1000 - (us % 1000 < 0) + EPOCH_MS; // cut towards the past
    if (ms < DATE_FIRST_DAY * day_ms || ms >= (DATE_LAST_DAY + 1) * day_ms)
        return false;
    timestamp_format(ms, room);
    *ret_value = text_value(room, TIMESTAMP_CHARS - 1);
    return true;
}

void pg_format_uuid(const unsigned char bytes[PG_UUID_BYTES], char ret_text[PG_ID_CHARS])
{
    size_t len = 0;
    for (size_t i = 0; i < PG_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            ret_text[len++] = '-';
        snprintf(ret_text + len, PG_ID_CHARS - len, "%02x", bytes[i]);
        len += 2;
    }
}

// The name of a type that is refused, of those that are met most.
static const char *type_name(Oid type)
{
    static const struct {
        Oid type;
        const char *name;
    } names[] = {{17, "bytea"}, {18, "\"char\""}, {26, "oid"}, {600, "point"}, {790, "money"}, {869, "inet"},
        {1083, "time"}, {1114, "timestamp"}, {1186, "interval"}, {2249, "record"}, {2278, "void"},
        {3802, "jsonb"}, {1007, "integer[]"}, {1009, "text[]"}, {1016, "bigint[]"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].type == type)
            return names[i].name;
    }
    return "another type";
}

const char *pg_refused_type(Oid type)
{
    static const Oid taken[] = {PG_TYPE_BOOL, PG_TYPE_INT2, PG_TYPE_INT4, PG_TYPE_INT8, PG_TYPE_FLOAT4,
        PG_TYPE_FLOAT8, PG_TYPE_NUMERIC, PG_TYPE_DATE, PG_TYPE_TIMESTAMPTZ, PG_TYPE_UUID, PG_TYPE_TEXT,
        PG_TYPE_VARCHAR, PG_TYPE_BPCHAR, PG_TYPE_NAME, PG_TYPE_JSON}; // by pg_decode
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        if (taken[i] == type)
            return NULL;
    }
    return type_name(type);
}

static enum err_code fail_type(Oid type, const char *name, struct err *err)
{
    return err_set(err, ERR_STORE, "the column \"%.100s\" is of %s (%u), which has no form in JSON: cast it",
        name, type_name(type), (unsigned)type);
}

static enum err_code fail_range(const char *name, struct err *err)
{
    return err_set(
        err, ERR_STORE, "the column \"%.100s\" holds a value outside of the calendar or the numbers", name);
}

static bool has_length(Oid type, size_t len)
{
    switch (type) {
    case PG_TYPE_BOOL:
        return len == 1;
    case PG_TYPE_INT2:
        return len == 2;
    case PG_TYPE_INT4:
    case PG_TYPE_FLOAT4:
    case PG_TYPE_DATE:
        return len == 4;
    case PG_TYPE_INT8:
    case PG_TYPE_FLOAT8:
    case PG_TYPE_TIMESTAMPTZ:
        return len == 8;
    case PG_TYPE_UUID:
        return len == PG_UUID_BYTES;
    default:
        return true;
    }
}

enum err_code pg_decode(Oid type, struct span bytes, const char *name, char room[PG_TEXT_BYTES],
    struct value *ret_value, struct err *err)
{
    if (!has_length(type, bytes.len))
        return err_set(err, ERR_STORE, "the column \"%.100s\" came damaged", name);
    switch (type) {
    case PG_TYPE_BOOL:
    case PG_TYPE_INT2:
    case PG_TYPE_INT4:
    case PG_TYPE_INT8:
        *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = get_integer(bytes)};
        return ERR_NONE;
    case PG_TYPE_FLOAT4:
        *ret_value = (struct value){.kind = VALUE_REAL, .real = get_float4(bytes)};
        return ERR_NONE;
    case PG_TYPE_FLOAT8:
        *ret_value = (struct value){.kind = VALUE_REAL, .real = get_float8(bytes)};
        return ERR_NONE;
    case PG_TYPE_NUMERIC:
        return get_numeric(bytes, ret_value) ? ERR_NONE : fail_range(name, err);
    case PG_TYPE_DATE:
        return get_date(bytes, room, ret_value) ? ERR_NONE : fail_range(name, err);
    case PG_TYPE_TIMESTAMPTZ:
        return get_timestamp(bytes, room, ret_value) ? ERR_NONE : fail_range(name, err);
    case PG_TYPE_UUID:
        pg_format_uuid((const unsigned char *)bytes.at, room);
        *ret_value = text_value(room, PG_ID_CHARS - 1);
        return ERR_NONE;
    case PG_TYPE_TEXT:
    case PG_TYPE_VARCHAR:
    case PG_TYPE_BPCHAR:
    case PG_TYPE_NAME:
    case PG_TYPE_JSON:
        *ret_value = text_value(bytes.at, bytes.len);
        return ERR_NONE;
    default:
        return fail_type(type, name, err);
    }
}
