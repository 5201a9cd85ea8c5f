// SPDX-License-Identifier: Apache-2.0
// Values on their way in: each type's form for its receive function. Pure functions; any thread.
#include "store/postgresql/encode.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "store/postgresql/numeric.h"
#include "store/postgresql/wire.h"
#include "text/date.h"
#include "text/decimal.h"
#include "text/number.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"

static const int64_t EPOCH_US = PG_EPOCH_DAYS * INT64_C(86400000000);

// SQLite keeps no sign of zero, so neither does this.
static struct span put_real(char room[PG_TEXT_BYTES], double real)
{
    uint64_t bits;
    real += 0.0; // -0.0 becomes 0.0
    memcpy(&bits, &real, sizeof(bits));
    return pg_put_bits(room, bits, sizeof(bits));
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

static enum pg_form encode_integer(
    const struct value *value, size_t bytes, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t integer;
    int64_t limit = bytes == 8 ? INT64_MAX : (INT64_C(1) << (8 * bytes - 1)) - 1;
    if (!as_integer(value, &integer) || integer > limit || integer < -limit - 1)
        return PG_FORM_NONE;
    *ret_bytes = pg_put_bits(room, (uint64_t)integer, bytes);
    return PG_FORM_BINARY;
}

enum pg_form pg_encode_int8(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    return encode_integer(value, 8, room, ret_bytes);
}

enum pg_form pg_encode_int4(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    return encode_integer(value, 4, room, ret_bytes);
}

enum pg_form pg_encode_int2(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    return encode_integer(value, 2, room, ret_bytes);
}

enum pg_form pg_encode_real(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    double real = 0;
    bool is_text = value->kind == VALUE_TEXT || value->kind == VALUE_DECIMAL;
    if (is_text && !number_parse(value->text, &real))
        return PG_FORM_NONE;
    if (!is_text && value->kind == VALUE_SCALED)
        return PG_FORM_NONE;
    if (!is_text)
        real = value->kind == VALUE_REAL ? value->real : (double)value->integer;
    *ret_bytes = put_real(room, real);
    return PG_FORM_BINARY;
}

enum pg_form pg_encode_boolean(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t integer;
    if (value->kind == VALUE_TEXT || !as_integer(value, &integer))
        return PG_FORM_NONE;
    *ret_bytes = pg_put_bits(room, integer != 0, 1);
    return PG_FORM_BINARY;
}

enum pg_form pg_encode_date(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    struct date date;
    if (value->kind == VALUE_INTEGER)
        return encode_integer(value, 4, room, ret_bytes);
    if (value->kind != VALUE_TEXT || !date_parse(value->text, &date))
        return PG_FORM_NONE;
    *ret_bytes = pg_put_bits(room, (uint64_t)(int64_t)(date_to_days(date) - PG_EPOCH_DAYS), 4);
    return PG_FORM_BINARY;
}

enum pg_form pg_encode_timestamp(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t us;
    if (value->kind == VALUE_INTEGER)
        return encode_integer(value, 8, room, ret_bytes);
    if (value->kind != VALUE_TEXT || !timestamp_parse(value->text, &us))
        return PG_FORM_NONE;
    *ret_bytes = pg_put_bits(room, (uint64_t)(us - EPOCH_US), 8);
    return PG_FORM_BINARY;
}

enum pg_form pg_encode_time(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    int64_t us;
    if (value->kind == VALUE_INTEGER)
        return encode_integer(value, 8, room, ret_bytes);
    if (value->kind != VALUE_TEXT || !time_of_day_parse(value->text, &us))
        return PG_FORM_NONE;
    *ret_bytes = pg_put_bits(room, (uint64_t)us, 8);
    return PG_FORM_BINARY;
}

enum pg_form pg_encode_uuid(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    if (value->kind != VALUE_TEXT || !uuid_parse(value->text, (unsigned char *)room))
        return PG_FORM_NONE;
    *ret_bytes = (struct span){.at = room, .len = UUID_BYTES};
    return PG_FORM_BINARY;
}

static struct span text_of_real(double real, char room[PG_TEXT_BYTES])
{
    if (isnan(real))
        return span_of("NaN");
    if (isinf(real))
        return span_of(real < 0 ? "-Infinity" : "Infinity");
    return (struct span){.at = room, .len = number_format(real, room)};
}

struct span pg_value_text(const struct value *value, char room[PG_TEXT_BYTES])
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

enum pg_form pg_encode_numeric(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    bool is_binary = value->kind == VALUE_SCALED;
    *ret_bytes = is_binary ? pg_put_numeric(value, room) : pg_value_text(value, room);
    return is_binary ? PG_FORM_BINARY : PG_FORM_TEXT;
}

enum pg_form pg_encode_text(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    *ret_bytes = pg_value_text(value, room);
    return PG_FORM_BINARY; // the same bytes, and no NUL needed
}

enum pg_form pg_encode_literal(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes)
{
    *ret_bytes = pg_value_text(value, room);
    return PG_FORM_TEXT;
}
