// SPDX-License-Identifier: Apache-2.0
// Digits are collected into an integer, and what has no place there is refused or rounded in one step, never
// twice. Which types have how many digits is for rules to say (app/rule.h). Pure; any thread.
#include "text/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

static const int64_t powers[DECIMAL_MAX_DIGITS + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
    100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
    1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000};

enum {
    REAL_DIGITS = 15,     // that any decimal keeps through a double
    EXPONENT_MAX = 10000, // as large as any; what counts is that nothing but zero fits then
    REAL_CHARS = 40,      // d.dddddddddddddde-308 with a point of several bytes, and a NUL
};

// A number being read: digits × 10^exponent.
struct reading {
    int64_t digits;   // the significant ones
    int64_t exponent; // of the last of them
    int64_t zeros;    // zeros that stand behind them, which count only if another digit follows
    bool is_long;     // there are more than DECIMAL_MAX_DIGITS
    bool has_digits;  // any digit was there
};

// Puts so many zeros behind the digits; false where that would be more than DECIMAL_MAX_DIGITS.
static bool append_zeros(struct reading *reading, int64_t count)
{
    for (; count > 0; count--) {
        if (reading->digits >= powers[DECIMAL_MAX_DIGITS - 1])
            return false;
        reading->digits *= 10;
    }
    return true;
}

static void take_digit(struct reading *reading, char digit)
{
    reading->has_digits = true;
    if (digit == '0') {
        reading->zeros += reading->digits != 0;
        return;
    }
    reading->is_long = reading->is_long || !append_zeros(reading, reading->zeros + 1);
    if (!reading->is_long)
        reading->digits += digit - '0';
    reading->zeros = 0;
}

static bool read_exponent(struct span text, size_t at, struct reading *reading)
{
    bool is_negative = at < text.len && text.at[at] == '-';
    int64_t exponent = 0;
    at += at < text.len && (text.at[at] == '-' || text.at[at] == '+');
    size_t first = at;
    for (; at < text.len && ascii_is_digit(text.at[at]); at++) {
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (text.at[at] - '0');
    }
    reading->exponent += is_negative ? -exponent : exponent;
    return at == text.len && at > first;
}

// The value of what was read at that scale; false when that is no integer, or too large.
static bool place(const struct reading *reading, unsigned precision, unsigned scale, int64_t *ret_scaled)
{
    int64_t shift = reading->exponent + reading->zeros + scale;
    if (reading->digits == 0) {
        *ret_scaled = 0;
        return true;
    }
    if (reading->is_long || shift < 0 || shift >= (int64_t)precision ||
        reading->digits >= powers[precision - (unsigned)shift])
        return false;
    *ret_scaled = reading->digits * powers[shift];
    return true;
}

enum decimal_result decimal_parse(struct span text, unsigned precision, unsigned scale, int64_t *ret_scaled)
{
    struct reading reading = {0};
    int64_t scaled;
    assert(precision > 0 && precision <= DECIMAL_MAX_DIGITS && scale <= precision);
    size_t at = text.len > 0 && (text.at[0] == '-' || text.at[0] == '+');
    bool is_negative = at == 1 && text.at[0] == '-';
    for (; at < text.len && ascii_is_digit(text.at[at]); at++)
        take_digit(&reading, text.at[at]);
    if (at < text.len && text.at[at] == '.') {
        for (at++; at < text.len && ascii_is_digit(text.at[at]); at++) {
            take_digit(&reading, text.at[at]);
            reading.exponent--;
        }
    }
    bool has_exponent = at < text.len && ascii_lower(text.at[at]) == 'e';
    if (!reading.has_digits || (has_exponent ? !read_exponent(text, at + 1, &reading) : at < text.len))
        return DECIMAL_NO_NUMBER;
    if (!place(&reading, precision, scale, &scaled))
        return DECIMAL_TOO_LONG;
    *ret_scaled = is_negative ? -scaled : scaled;
    return DECIMAL_OK;
}

size_t decimal_format(int64_t scaled, unsigned scale, char out[NUMBER_CHARS])
{
    uint64_t rest = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    char text[NUMBER_CHARS];
    char *end = text + sizeof(text), *at = end;
    assert(scale <= DECIMAL_MAX_DIGITS);
    for (unsigned i = 0; i < scale; i++, rest /= 10)
        *--at = (char)('0' + rest % 10);
    if (scale > 0)
        *--at = '.';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (scaled < 0)
        *--at = '-';
    size_t len = (size_t)(end - at);
    memcpy(out, at, len);
    out[len] = '\0';
    return len;
}

bool decimal_rescale(int64_t scaled, unsigned from, unsigned to, int64_t *ret_scaled)
{
    assert(from <= DECIMAL_MAX_DIGITS && to <= DECIMAL_MAX_DIGITS);
    if (to >= from)
        return !__builtin_mul_overflow(scaled, powers[to - from], ret_scaled);
    int64_t power = powers[from - to], rest = scaled % power, half = power / 2;
    int64_t away = rest >= half ? 1 : rest <= -half ? -1 : 0;
    *ret_scaled = scaled / power + away;
    return true;
}

bool decimal_from_real(double real, int64_t *ret_integer)
{
    static const double END = 9223372036854775808.0; // 2^63
    char text[REAL_CHARS];
    if (!isfinite(real) || real >= END || real < -END)
        return false;
    double whole = trunc(real);
    if (whole == real || fabs(real) >= 1e15) {
        *ret_integer = (int64_t)round(real);
        return true;
    }
    if (fabs(real) < 0.1) {
        *ret_integer = 0;
        return true;
    }
    // d.dddddddddddddde±dd: the digits are one by one the integer's, up to the place of the exponent.
    snprintf(text, sizeof(text), "%.*e", REAL_DIGITS - 1, fabs(real));
    const char *exponent_at = strchr(text, 'e');
    int exponent = exponent_at[1] == '-' ? -1 : (exponent_at[2] - '0') * 10 + (exponent_at[3] - '0');
    int64_t integer = 0;
    int left = exponent + 1;
    const char *at = text;
    for (; left > 0; at++) {
        if (ascii_is_digit(*at)) {
            integer = integer * 10 + (*at - '0');
            left--;
        }
    }
    while (at < exponent_at && !ascii_is_digit(*at))
        at++;
    integer += at < exponent_at && *at >= '5';
    *ret_integer = real < 0 ? -integer : integer;
    return true;
}

// Adds one to the last digit of a number that was appended from `first` on.
static void count_up(struct buf *out, size_t first)
{
    size_t at = out->len;
    while (at > first) {
        char *digit = &out->data[--at];
        if (*digit == '.')
            continue;
        if (*digit != '9') {
            (*digit)++;
            return;
        }
        *digit = '0';
    }
    if (buf_append_byte(out, '0') != ERR_NONE)
        return;
    memmove(out->data + first + 1, out->data + first, out->len - first - 1);
    out->data[first] = '1';
}

static bool is_zero(struct span digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] >= '1' && digits.at[i] <= '9')
            return false;
    }
    return true;
}

void decimal_write_rounded(struct span digits, unsigned scale, struct buf *out)
{
    size_t sign = out->len;
    struct span rest = digits;
    if (rest.len > 0 && rest.at[0] == '-')
        span_drop(&rest, 1);
    bool is_negative = rest.len < digits.len;
    if (is_negative)
        buf_append_byte(out, '-');
    size_t first = out->len;
    struct span whole = span_split(&rest, '.');
    buf_append(out, whole.at, whole.len);
    if (scale > 0)
        buf_append_byte(out, '.');
    size_t kept = rest.len < scale ? rest.len : scale;
    buf_append(out, rest.at, kept);
    for (size_t i = kept; i < scale; i++)
        buf_append_byte(out, '0');
    if (buf_status(out) != ERR_NONE)
        return;
    if (kept < rest.len && rest.at[kept] >= '5')
        count_up(out, first);
    if (is_negative && is_zero((struct span){.at = out->data + first, .len = out->len - first})) {
        memmove(out->data + sign, out->data + first, out->len - first);
        out->len--;
    }
}
