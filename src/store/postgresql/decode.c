// SPDX-License-Identifier: Apache-2.0
// Values on their way out: each type's form of its send function. Pure functions; any thread.
//
// A year that RFC 3339 has no digits for is written as PostgreSQL writes it: 12000-01-01, 0044-03-15 BC.
#include "store/postgresql/decode.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/postgresql/wire.h"
#include "text/date.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"
#include "text/uuid.h"

enum {
    CYCLE_YEARS = 400, // after which days and months come again
    CYCLE_DAYS = 146097,
};

void pg_room_fini(struct pg_room *room)
{
    mem_free(room->more);
}

enum err_code pg_fail_damaged(const struct pg_cell *cell, struct err *err)
{
    return err_set(err, ERR_STORE, "the column \"%.100s\" came damaged", cell->name);
}

// --- numbers

static double get_float4(struct span bytes)
{
    uint32_t bits = (uint32_t)pg_get_bits(bytes);
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
    uint64_t bits = pg_get_bits(bytes);
    double real;
    memcpy(&real, &bits, sizeof(real));
    return real;
}

enum err_code pg_get_int(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = pg_get_integer(cell->bytes)};
    return ERR_NONE;
}

enum err_code pg_get_float4(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    *ret_value = (struct value){.kind = VALUE_REAL, .real = get_float4(cell->bytes)};
    return ERR_NONE;
}

enum err_code pg_get_float8(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    *ret_value = (struct value){.kind = VALUE_REAL, .real = get_float8(cell->bytes)};
    return ERR_NONE;
}

// --- texts

static struct value text_value(const char *text, size_t len)
{
    return (struct value){.kind = VALUE_TEXT, .text = {.at = text, .len = len}};
}

enum err_code pg_get_text(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    *ret_value = text_value(cell->bytes.at, cell->bytes.len);
    return ERR_NONE;
}

// Its text, behind the number of the form.
enum err_code pg_get_jsonb(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    if (cell->bytes.len == 0 || cell->bytes.at[0] != 1)
        return pg_fail_damaged(cell, err);
    *ret_value = text_value(cell->bytes.at + 1, cell->bytes.len - 1);
    return ERR_NONE;
}

enum err_code pg_get_uuid(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    uuid_format((const unsigned char *)cell->bytes.at, cell->room->text);
    *ret_value = text_value(cell->room->text, UUID_CHARS);
    return ERR_NONE;
}

// --- dates and moments

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

enum err_code pg_get_date(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    char *room = cell->room->text;
    int64_t days = pg_get_integer(cell->bytes);
    bool is_bc;
    *ret_value = (struct value){.kind = VALUE_NULL};
    if (days == INT32_MIN || days == INT32_MAX) // the infinities
        return ERR_NONE;
    size_t len = put_day(days + PG_EPOCH_DAYS, room, &is_bc);
    if (is_bc)
        len += (size_t)snprintf(room + len, PG_TEXT_BYTES - len, " BC");
    *ret_value = text_value(room, len);
    return ERR_NONE;
}

enum err_code pg_get_timestamp(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    (void)err;
    bool micros = cell->as == PG_AS_MICROS;
    char *room = cell->room->text;
    int64_t us = pg_get_integer(cell->bytes);
    bool is_bc;
    *ret_value = (struct value){.kind = VALUE_NULL};
    if (us == INT64_MIN || us == INT64_MAX)
        return ERR_NONE;
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0), of_day = us - days * US_PER_DAY;
    int second = (int)(of_day / US_PER_SECOND), fraction = (int)(of_day % US_PER_SECOND);
    size_t len = put_day(days + PG_EPOCH_DAYS, room, &is_bc);
    len += (size_t)snprintf(room + len, PG_TEXT_BYTES - len, "T%02d:%02d:%02d.%0*dZ%s", second / 3600,
        second / 60 % 60, second % 60, micros ? 6 : 3, micros ? fraction : fraction / 1000,
        is_bc ? " BC" : "");
    *ret_value = text_value(room, len);
    return ERR_NONE;
}

// 24:00:00, which PostgreSQL has, is written as PostgreSQL writes it.
enum err_code pg_get_time(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    static_assert((int)PG_TEXT_BYTES >= (int)TIME_OF_DAY_CHARS, "any time has room");
    (void)err;
    char *room = cell->room->text;
    *ret_value = text_value(room, time_of_day_format(pg_get_integer(cell->bytes), room));
    return ERR_NONE;
}
