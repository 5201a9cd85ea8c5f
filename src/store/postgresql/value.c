// SPDX-License-Identifier: Apache-2.0
// Values on the wire, in the binary form of each type's send function (big-endian), so that no setting of a
// session has a say in them. Pure functions; any thread.
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
// All others are refused by name: a cast to one of these says what is meant. A year that RFC 3339 has no
// digits for is written as PostgreSQL writes it: 12000-01-01, 0044-03-15 BC.
//
// As a page's key a date is its days and a moment its microseconds, both since 2000, as on the wire: then no
// two values are one key.
#include "store/postgresql/value.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/mem.h"
#include "text/date.h"
#include "text/decimal.h"
#include "text/number.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"

enum {
    EPOCH_DAYS = 10957, // 2000-01-01 in days since 1970-01-01
    NUMERIC_BASE_DIGITS = 4,
    NUMERIC_HEAD_BYTES = 8,
    NUMERIC_NEGATIVE = 0x4000,
    NUMERIC_POSITIVE = 0x0000,
    NUMERIC_NAN = 0xC000,
    NUMERIC_INFINITY = 0xD000,
    NUMERIC_MINUS_INFINITY = 0xF000,
    CYCLE_YEARS = 400, // after which days and months come again
    CYCLE_DAYS = 146097,
};
static const int64_t EPOCH_US = EPOCH_DAYS * INT64_C(86400000000);

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

void pg_room_fini(struct pg_room *room)
{
    mem_free(room->more);
}

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
    if (value->kind == VALUE_TEXT || value->kind == VALUE_DECIMAL)
        return number_parse_integer(value->text, ret_integer);
    if (value->kind == VALUE_INTEGER)
        *ret_integer = value->integer;
    else if (value->kind == VALUE_REAL && value->real >= (double)INT64_MIN &&
             value->real < -(double)INT64_MIN && trunc(value->real) == value->real)
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
    bool is_text = value->kind == VALUE_TEXT || value->kind == VALUE_DECIMAL;
    if (is_text && !number_parse(value->text, &real))
        return false;
    if (!is_text && value->kind == VALUE_SCALED)
        return false;
    if (!is_text)
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
    if (value->kind == VALUE_INTEGER)
        return encode_integer(value, 4, room, ret_bytes);
    if (value->kind != VALUE_TEXT || !date_parse(value->text, &date))
        return false;
    *ret_bytes = put_integer(room, (uint64_t)(int64_t)(date_to_days(date) - EPOCH_DAYS), 4);
    return true;
}

static bool encode_timestamp(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t us;
    if (value->kind == VALUE_INTEGER)
        return encode_integer(value, 8, room, ret_bytes);
    if (value->kind != VALUE_TEXT || !timestamp_parse(value->text, &us))
        return false;
    *ret_bytes = put_integer(room, (uint64_t)(us - EPOCH_US), 8);
    return true;
}

static bool encode_time(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t us;
    if (value->kind == VALUE_INTEGER)
        return encode_integer(value, 8, room, ret_bytes);
    if (value->kind != VALUE_TEXT || !time_of_day_parse(value->text, &us))
        return false;
    *ret_bytes = put_integer(room, (uint64_t)us, 8);
    return true;
}

static bool encode_uuid(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    if (value->kind != VALUE_TEXT || !uuid_parse(value->text, (unsigned char *)room))
        return false;
    *ret_bytes = (struct span){.at = room, .len = UUID_BYTES};
    return true;
}

static void put_short(char *at, unsigned bits)
{
    at[0] = (char)(bits >> 8 & 0xff);
    at[1] = (char)(bits & 0xff);
}

// numeric_recv: how read_numeric has it. Digits of the base are counted from the point, to both sides.
static struct span put_scaled(const struct value *value, char room[PG_TEXT_BYTES])
{
    enum { BASE = 10000, MAX_COUNT = 11 }; // 18 digits on one side of the point, or split there
    uint64_t all = value->integer < 0 ? 0 - (uint64_t)value->integer : (uint64_t)value->integer, power = 1;
    unsigned digits[MAX_COUNT], scale = value->scale;
    int first = MAX_COUNT;
    for (unsigned i = 0; i < scale; i++)
        power *= 10;
    uint64_t whole = all / power, rest = all % power;
    int weight = -1, behind = (int)(scale + NUMERIC_BASE_DIGITS - 1) / NUMERIC_BASE_DIGITS;
    for (int i = behind - 1; i >= 0; i--) {
        unsigned in_last = scale - 4 * (unsigned)i < 4 ? scale - 4 * (unsigned)i : 4, cut = 1, filled = 1;
        for (unsigned k = 0; k < in_last; k++)
            cut *= 10;
        for (unsigned k = in_last; k < 4; k++)
            filled *= 10;
        digits[--first] = (unsigned)(rest % cut) * filled;
        rest /= cut;
    }
    for (; whole > 0; whole /= BASE, weight++)
        digits[--first] = (unsigned)(whole % BASE);
    put_short(room, (unsigned)(MAX_COUNT - first));
    put_short(room + 2, (unsigned)weight);
    put_short(room + 4, value->integer < 0 ? NUMERIC_NEGATIVE : NUMERIC_POSITIVE);
    put_short(room + 6, scale);
    for (int i = first; i < MAX_COUNT; i++)
        put_short(room + NUMERIC_HEAD_BYTES + 2 * (i - first), digits[i]);
    return (struct span){.at = room, .len = (size_t)(NUMERIC_HEAD_BYTES + 2 * (MAX_COUNT - first))};
}

static struct span text_of_real(double real, char room[PG_TEXT_BYTES])
{
    if (isnan(real))
        return span_of("NaN");
    if (isinf(real))
        return span_of(real < 0 ? "-Infinity" : "Infinity");
    return (struct span){.at = room, .len = number_format(real, room)};
}

// What has no form of ours goes as text, which the server reads as it would a literal.
static struct span as_text(const struct value *value, char room[PG_TEXT_BYTES])
{
    static_assert((int)PG_TEXT_BYTES >= (int)NUMBER_CHARS, "any number has room");
    if (value->kind == VALUE_INTEGER)
        return (struct span){.at = room, .len = number_format_integer(value->integer, room)};
    if (value->kind == VALUE_REAL)
        return text_of_real(value->real, room);
    if (value->kind == VALUE_SCALED)
        return (struct span){.at = room, .len = decimal_format(value->integer, value->scale, room)};
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
    case PG_TYPE_TIME:
        wanted = "a time of the day";
        fits = encode_time(value, room, ret_bytes);
        break;
    case PG_TYPE_UUID:
        wanted = "a UUID";
        fits = encode_uuid(value, room, ret_bytes);
        break;
    case PG_TYPE_NUMERIC:
        is_binary = value->kind == VALUE_SCALED;
        *ret_bytes = is_binary ? put_scaled(value, room) : as_text(value, room);
        break;
    default:
        *ret_bytes = as_text(value, room);
        is_binary = type == PG_TYPE_TEXT || type == PG_TYPE_VARCHAR ||
                    type == PG_TYPE_JSON; // the same bytes, and no NUL needed
        break;
    }
    if (!fits) {
        struct span shown = as_text(value, room);
        return err_set(
            err, ERR_VALUE, "\"%.*s\" is not %s", (int)(shown.len < 100 ? shown.len : 100), shown.at, wanted);
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

static enum err_code fail_damaged(const char *name, struct err *err)
{
    return err_set(err, ERR_STORE, "the column \"%.100s\" came damaged", name);
}

// --- numeric

// numeric_send: digit count, weight, sign, scale, then digits to the base of 10000.
struct numeric {
    size_t count;     // of digits
    int weight;       // of the first digit: it counts 10000 to this power
    int sign;         // NUMERIC_POSITIVE and its like
    int scale;        // decimal places
    const char *data; // the digits, two bytes each
};

// False for bytes that are none.
static bool read_numeric(struct span bytes, struct numeric *ret_numeric)
{
    if (bytes.len < NUMERIC_HEAD_BYTES)
        return false;
    *ret_numeric = (struct numeric){.count = (size_t)get_bits((struct span){bytes.at, 2}),
        .weight = (int)get_integer((struct span){bytes.at + 2, 2}),
        .sign = (int)get_bits((struct span){bytes.at + 4, 2}),
        .scale = (int)get_bits((struct span){bytes.at + 6, 2}),
        .data = bytes.at + NUMERIC_HEAD_BYTES};
    return bytes.len == NUMERIC_HEAD_BYTES + 2 * ret_numeric->count;
}

// Writes the four decimal digits that count 10000 to the power of `weight`.
static void put_digits(const struct numeric *numeric, int weight, char out[NUMERIC_BASE_DIGITS])
{
    unsigned digit = 0;
    int at = numeric->weight - weight;
    if (at >= 0 && (size_t)at < numeric->count)
        digit = (unsigned)get_bits((struct span){numeric->data + 2 * at, 2});
    for (int i = NUMERIC_BASE_DIGITS - 1; i >= 0; i--, digit /= 10)
        out[i] = (char)('0' + digit % 10);
}

// Room for the digits, and a digit of the base more than they are.
static char *numeric_room(const struct numeric *numeric, struct pg_room *room)
{
    size_t whole = numeric->weight < 0 ? 0 : (size_t)numeric->weight;
    size_t bytes =
        sizeof("-0.") + (whole + 1) * NUMERIC_BASE_DIGITS + (size_t)numeric->scale + NUMERIC_BASE_DIGITS;
    if (bytes <= sizeof(room->text))
        return room->text;
    if (bytes > room->more_bytes) {
        char *more = mem_realloc(room->more, bytes);
        if (more == NULL)
            return NULL;
        room->more = more;
        room->more_bytes = bytes;
    }
    return room->more;
}

static size_t put_whole(const struct numeric *numeric, char *out)
{
    size_t len = 0, zeros = 0;
    for (int weight = numeric->weight; weight >= 0; weight--, len += NUMERIC_BASE_DIGITS)
        put_digits(numeric, weight, out + len);
    while (zeros < len && out[zeros] == '0')
        zeros++;
    len -= zeros;
    memmove(out, out + zeros, len);
    if (len == 0)
        out[len++] = '0';
    return len;
}

static size_t put_decimals(const struct numeric *numeric, char *out)
{
    size_t len = 0;
    if (numeric->scale == 0)
        return 0;
    out[len++] = '.';
    for (int weight = -1; len <= (size_t)numeric->scale; weight--, len += NUMERIC_BASE_DIGITS)
        put_digits(numeric, weight, out + len);
    len = 1 + (size_t)numeric->scale;
    while (len > 2 && out[len - 1] == '0')
        len--;
    return len;
}

static enum err_code get_numeric(
    struct span bytes, const char *name, struct pg_room *room, struct value *ret_value, struct err *err)
{
    struct numeric numeric;
    if (!read_numeric(bytes, &numeric))
        return fail_damaged(name, err);
    if (numeric.sign != NUMERIC_POSITIVE && numeric.sign != NUMERIC_NEGATIVE) {
        double real = numeric.sign == NUMERIC_NAN ? (double)NAN : (double)INFINITY;
        *ret_value =
            (struct value){.kind = VALUE_REAL, .real = numeric.sign == NUMERIC_MINUS_INFINITY ? -real : real};
        return ERR_NONE;
    }
    char *text = numeric_room(&numeric, room);
    if (text == NULL)
        return err_no_memory(err);
    size_t len = 0;
    if (numeric.sign == NUMERIC_NEGATIVE)
        text[len++] = '-';
    len += put_whole(&numeric, text + len);
    len += put_decimals(&numeric, text + len);
    struct span digits = {.at = text, .len = len};
    int64_t integer;
    if (numeric.scale == 0 && number_parse_integer(digits, &integer))
        *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = integer};
    else
        *ret_value = (struct value){.kind = VALUE_DECIMAL, .text = digits};
    return ERR_NONE;
}

// --- dates and moments

static struct value text_value(const char *text, size_t len)
{
    return (struct value){.kind = VALUE_TEXT, .text = {.at = text, .len = len}};
}

// Writes a day of any year, and returns the length; *ret_is_bc: it is of a year before 1, which is told
// behind the day and what follows it.
static size_t put_day(int64_t days, char *out, bool *ret_is_bc)
{
    int64_t cycles = 0; // to go, to be among the days that date.h knows
    if (days > DATE_LAST_DAY)
        cycles = -((days - DATE_LAST_DAY) / CYCLE_DAYS + 1);
    else if (days < DATE_FIRST_DAY)
        cycles = (DATE_FIRST_DAY - days) / CYCLE_DAYS + 1;
    struct date date = date_from_days((int32_t)(days + cycles * CYCLE_DAYS));
    int64_t year = date.year - cycles * CYCLE_YEARS;
    *ret_is_bc = year < 1;
    return (size_t)snprintf(
        out, PG_TEXT_BYTES, "%04" PRId64 "-%02d-%02d", *ret_is_bc ? 1 - year : year, date.month, date.day);
}

static void get_date(struct span bytes, char room[PG_TEXT_BYTES], struct value *ret_value)
{
    int64_t days = get_integer(bytes);
    bool is_bc;
    *ret_value = (struct value){.kind = VALUE_NULL};
    if (days == INT32_MIN || days == INT32_MAX) // the infinities
        return;
    size_t len = put_day(days + EPOCH_DAYS, room, &is_bc);
    if (is_bc)
        len += (size_t)snprintf(room + len, PG_TEXT_BYTES - len, " BC");
    *ret_value = text_value(room, len);
}

static void get_timestamp(struct span bytes, bool micros, char room[PG_TEXT_BYTES], struct value *ret_value)
{
    int64_t us = get_integer(bytes);
    bool is_bc;
    *ret_value = (struct value){.kind = VALUE_NULL};
    if (us == INT64_MIN || us == INT64_MAX)
        return;
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0), of_day = us - days * US_PER_DAY;
    int second = (int)(of_day / US_PER_SECOND), fraction = (int)(of_day % US_PER_SECOND);
    size_t len = put_day(days + EPOCH_DAYS, room, &is_bc);
    len += (size_t)snprintf(room + len, PG_TEXT_BYTES - len, "T%02d:%02d:%02d.%0*dZ%s", second / 3600,
        second / 60 % 60, second % 60, micros ? 6 : 3, micros ? fraction : fraction / 1000,
        is_bc ? " BC" : "");
    *ret_value = text_value(room, len);
}

// 24:00:00, which PostgreSQL has, is written as PostgreSQL writes it.
static void get_time(struct span bytes, char room[PG_TEXT_BYTES], struct value *ret_value)
{
    static_assert((int)PG_TEXT_BYTES >= (int)TIME_OF_DAY_CHARS, "any time has room");
    int64_t us = get_integer(bytes);
    *ret_value = text_value(room, time_of_day_format(us, room));
}

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
    static const Oid taken[] = {PG_TYPE_BOOL, PG_TYPE_INT2, PG_TYPE_INT4, PG_TYPE_INT8, PG_TYPE_FLOAT4,
        PG_TYPE_FLOAT8, PG_TYPE_NUMERIC, PG_TYPE_DATE, PG_TYPE_TIME, PG_TYPE_TIMESTAMPTZ, PG_TYPE_UUID,
        PG_TYPE_TEXT, PG_TYPE_VARCHAR, PG_TYPE_BPCHAR, PG_TYPE_NAME, PG_TYPE_JSON,
        PG_TYPE_JSONB}; // by pg_decode
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
    case PG_TYPE_TIME:
        return len == 8;
    case PG_TYPE_UUID:
        return len == UUID_BYTES;
    default:
        return true;
    }
}

enum err_code pg_decode(Oid type, struct span bytes, const char *name, struct pg_room *room,
    struct value *ret_value, struct err *err)
{
    if (!has_length(type, bytes.len))
        return fail_damaged(name, err);
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
        return get_numeric(bytes, name, room, ret_value, err);
    case PG_TYPE_DATE:
        get_date(bytes, room->text, ret_value);
        return ERR_NONE;
    case PG_TYPE_TIMESTAMPTZ:
        get_timestamp(bytes, false, room->text, ret_value);
        return ERR_NONE;
    case PG_TYPE_TIME:
        get_time(bytes, room->text, ret_value);
        return ERR_NONE;
    case PG_TYPE_UUID:
        uuid_format((const unsigned char *)bytes.at, room->text);
        *ret_value = text_value(room->text, UUID_CHARS);
        return ERR_NONE;
    case PG_TYPE_TEXT:
    case PG_TYPE_VARCHAR:
    case PG_TYPE_BPCHAR:
    case PG_TYPE_NAME:
    case PG_TYPE_JSON:
        *ret_value = text_value(bytes.at, bytes.len);
        return ERR_NONE;
    case PG_TYPE_JSONB: // its text, behind the number of the form
        if (bytes.len == 0 || bytes.at[0] != 1)
            return fail_damaged(name, err);
        *ret_value = text_value(bytes.at + 1, bytes.len - 1);
        return ERR_NONE;
    default:
        return fail_type(type, name, err);
    }
}

enum err_code pg_decode_micros(Oid type, struct span bytes, const char *name, struct pg_room *room,
    struct value *ret_value, struct err *err)
{
    if (type != PG_TYPE_TIMESTAMPTZ || !has_length(type, bytes.len))
        return pg_decode(type, bytes, name, room, ret_value, err);
    get_timestamp(bytes, true, room->text, ret_value);
    return ERR_NONE;
}

enum err_code pg_decode_key(Oid type, struct span bytes, const char *name, struct pg_room *room,
    struct value *ret_value, struct err *err)
{
    bool is_time = type == PG_TYPE_DATE || type == PG_TYPE_TIMESTAMPTZ || type == PG_TYPE_TIME;
    if (!is_time || !has_length(type, bytes.len))
        return pg_decode(type, bytes, name, room, ret_value, err);
    *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = get_integer(bytes)};
    return ERR_NONE;
}
