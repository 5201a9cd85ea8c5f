// SPDX-License-Identifier: Apache-2.0
// The form of numeric on the wire (PostgreSQL's numeric_recv and numeric_send): a head of four short
// integers, then digits to the base of 10000. Pure functions; any thread.
#include "store/postgresql/numeric.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "store/postgresql/wire.h"
#include "text/number.h"

enum {
    NUMERIC_BASE_DIGITS = 4,
    NUMERIC_HEAD_BYTES = 8,
    NUMERIC_NEGATIVE = 0x4000,
    NUMERIC_POSITIVE = 0x0000,
    NUMERIC_NAN = 0xC000,
    NUMERIC_INFINITY = 0xD000,
    NUMERIC_MINUS_INFINITY = 0xF000,
};

// --- in

// Digits of the base are counted from the point, to both sides.
struct span pg_put_numeric(const struct value *value, char room[PG_TEXT_BYTES])
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
    pg_put_bits(room, (unsigned)(MAX_COUNT - first), 2);
    pg_put_bits(room + 2, (unsigned)weight, 2);
    pg_put_bits(room + 4, value->integer < 0 ? NUMERIC_NEGATIVE : NUMERIC_POSITIVE, 2);
    pg_put_bits(room + 6, scale, 2);
    for (int i = first; i < MAX_COUNT; i++)
        pg_put_bits(room + NUMERIC_HEAD_BYTES + 2 * (i - first), digits[i], 2);
    return (struct span){.at = room, .len = (size_t)(NUMERIC_HEAD_BYTES + 2 * (MAX_COUNT - first))};
}

// --- out

// What stands on the wire.
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
    *ret_numeric = (struct numeric){.count = (size_t)pg_get_bits((struct span){bytes.at, 2}),
        .weight = (int)pg_get_integer((struct span){bytes.at + 2, 2}),
        .sign = (int)pg_get_bits((struct span){bytes.at + 4, 2}),
        .scale = (int)pg_get_bits((struct span){bytes.at + 6, 2}),
        .data = bytes.at + NUMERIC_HEAD_BYTES};
    return bytes.len == NUMERIC_HEAD_BYTES + 2 * ret_numeric->count;
}

// Writes the four decimal digits that count 10000 to the power of `weight`.
static void put_digits(const struct numeric *numeric, int weight, char out[NUMERIC_BASE_DIGITS])
{
    unsigned digit = 0;
    int at = numeric->weight - weight;
    if (at >= 0 && (size_t)at < numeric->count)
        digit = (unsigned)pg_get_bits((struct span){numeric->data + 2 * at, 2});
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

enum err_code pg_get_numeric(const struct pg_cell *cell, struct value *ret_value, struct err *err)
{
    struct numeric numeric;
    if (!read_numeric(cell->bytes, &numeric))
        return pg_fail_damaged(cell, err);
    if (numeric.sign != NUMERIC_POSITIVE && numeric.sign != NUMERIC_NEGATIVE) {
        double real = numeric.sign == NUMERIC_NAN ? (double)NAN : (double)INFINITY;
        *ret_value =
            (struct value){.kind = VALUE_REAL, .real = numeric.sign == NUMERIC_MINUS_INFINITY ? -real : real};
        return ERR_NONE;
    }
    char *text = numeric_room(&numeric, cell->room);
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
