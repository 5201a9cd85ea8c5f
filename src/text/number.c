// SPDX-License-Identifier: Apache-2.0
// Reading and writing rest on one fact: an integer below 2^53 divided or multiplied by a power of ten up to
// 10^22 is rounded only once, as both are exact doubles. Nearly all numbers that people write take that path.
// The others, mostly computed ones of 16 or 17 digits, are read by the C library, which gets digits and an
// exponent without a point, so that the locale has no say. They are written by arithmetic on long doubles
// where these have 64 bits, which takes a third of the library's time, and by the library where that is not
// sure of the last digit. Pure; any thread.
#include "text/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXACT_POWERS = 23,      // 10^0 to 10^22
    MAX_DIGITS = 17,        // significant digits that tell any double from any other
    KEPT_DIGITS = 800,      // more than the 767 that can decide how a decimal is rounded
    MAX_EXPONENT = 1000000, // past it a literal is infinite or zero whatever its digits, up to 1 MiB of them
    MAX_FRACTION = 15,      // decimals that the fast path of number_format tries
    POINT_MIN = -6,         // decimal exponents that are written without an exponent: from this
    POINT_MAX = 20,         // to this
    SCIENTIFIC_CHARS = 40,  // -d.dddddddddddddddde-308 with a point of several bytes, and a NUL
};

static const double powers_of_ten[EXACT_POWERS] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
    1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static const double exact_integers_end = 9007199254740992.0; // 2^53

// A decimal number: digits × 10^exponent, with the digits in text form.
struct decimal {
    bool negative;                // its sign
    char digits[KEPT_DIGITS + 1]; // significant digits, the first one not 0; none for zero
    int count;                    // how many
    int64_t exponent;             // of the last digit
};

// The shortest digits that read back.
struct shortest {
    char digits[MAX_DIGITS]; // the first one not 0
    int count;               // how many
    int exponent;            // of the first digit
};

bool number_parse_integer(struct span text, int64_t *ret_integer)
{
    size_t i = text.len > 0 && text.at[0] == '-';
    bool negative = i == 1;
    if (i == text.len)
        return false;
    int64_t number = 0; // counted downwards, as the smallest one has no positive counterpart
    for (; i < text.len; i++) {
        if (!ascii_is_digit(text.at[i]))
            return false;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, text.at[i] - '0', &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *ret_integer = negative ? number : -number;
    return true;
}

// --- reading

// Takes the next significant digit; `point` is how far right of the decimal point it stands.
static void add_digit(struct decimal *decimal, char digit, int point)
{
    if (decimal->count == 0 && digit == '0') {
        decimal->exponent -= point;
        return;
    }
    if (decimal->count < KEPT_DIGITS) {
        decimal->digits[decimal->count++] = digit;
        decimal->exponent -= point;
        return;
    }
    if (digit != '0')
        decimal->digits[KEPT_DIGITS - 1] = '1'; // the value is above what is kept; how far does not matter
    decimal->exponent += 1 - point;
}

// Reads the digits after an e and adds them to the exponent; false when they are none.
static bool read_exponent(struct span text, size_t *at, struct decimal *decimal)
{
    bool negative = *at < text.len && text.at[*at] == '-';
    if (*at < text.len && (text.at[*at] == '-' || text.at[*at] == '+'))
        (*at)++;
    size_t first = *at;
    int64_t exponent = 0;
    for (; *at < text.len && ascii_is_digit(text.at[*at]); (*at)++) {
        if (exponent < 4 * (int64_t)MAX_EXPONENT)
            exponent = exponent * 10 + (text.at[*at] - '0');
    }
    decimal->exponent += negative ? -exponent : exponent;
    return *at > first;
}

// Reads digits; returns how many there were.
static size_t read_digits(struct span text, size_t *at, int point, struct decimal *decimal)
{
    size_t first = *at;
    for (; *at < text.len && ascii_is_digit(text.at[*at]); (*at)++)
        add_digit(decimal, text.at[*at], point);
    return *at - first;
}

// The grammar of RFC 8259 section 6; or, where `is_loose`, that of number_read.
static bool read_decimal(struct span text, bool is_loose, struct decimal *decimal)
{
    size_t at = text.len > 0 && (text.at[0] == '-' || (is_loose && text.at[0] == '+'));
    decimal->negative = at == 1 && text.at[0] == '-';
    decimal->count = 0;
    decimal->exponent = 0;
    bool begins_with_zero = at < text.len && text.at[at] == '0';
    size_t whole = read_digits(text, &at, 0, decimal), fraction = 0;
    bool has_point = at < text.len && text.at[at] == '.';
    if (has_point) {
        at++;
        fraction = read_digits(text, &at, 1, decimal);
    }
    if (is_loose ? whole + fraction == 0
                 : whole == 0 || (whole > 1 && begins_with_zero) || (has_point && fraction == 0))
        return false;
    if (at < text.len && (text.at[at] == 'e' || text.at[at] == 'E')) {
        at++;
        if (!read_exponent(text, &at, decimal))
            return false;
    }
    return at == text.len;
}

// Rounds once, in one multiplication or division, where that is exact.
static bool decimal_is_exact(const struct decimal *decimal, double *ret_real)
{
    if (decimal->count >= MAX_DIGITS || decimal->exponent <= -EXACT_POWERS ||
        decimal->exponent >= EXACT_POWERS)
        return false;
    int64_t integer = 0;
    for (int i = 0; i < decimal->count; i++)
        integer = integer * 10 + (decimal->digits[i] - '0');
    double real = (double)integer;
    if (real >= exact_integers_end)
        return false;
    *ret_real = decimal->exponent < 0 ? real / powers_of_ten[-decimal->exponent]
                                      : real * powers_of_ten[decimal->exponent];
    return true;
}

// By strtod(3), from digits and an exponent without a point.
static double decimal_by_library(const struct decimal *decimal)
{
    char text[KEPT_DIGITS + NUMBER_CHARS];
    int64_t exponent = decimal->exponent;
    if (exponent > 2 * MAX_EXPONENT || exponent < -2 * MAX_EXPONENT)
        exponent = exponent > 0 ? 2 * MAX_EXPONENT : -2 * MAX_EXPONENT;
    snprintf(text, sizeof(text), "%.*se%d", decimal->count, decimal->digits, (int)exponent);
    return strtod(text, NULL);
}

static bool parse(struct span text, bool is_loose, double *ret_real)
{
    struct decimal decimal;
    if (!read_decimal(text, is_loose, &decimal))
        return false;
    double real = 0;
    if (decimal.count > 0 && !decimal_is_exact(&decimal, &real))
        real = decimal_by_library(&decimal);
    if (!isfinite(real))
        return false;
    *ret_real = decimal.negative ? -real : real;
    return true;
}

bool number_parse(struct span text, double *ret_real)
{
    return parse(text, false, ret_real);
}

bool number_read(struct span text, double *ret_real)
{
    return parse(text, true, ret_real);
}

bool number_read_integer(struct span text, int64_t *ret_integer)
{
    bool has_plus = text.len > 1 && text.at[0] == '+' && text.at[1] != '-';
    struct span rest = {.at = text.at + has_plus, .len = text.len - has_plus};
    struct span whole = span_split(&rest, '.');
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.at[i] != '0')
            return false;
    }
    return number_parse_integer(whole, ret_integer);
}

// --- writing

static char *write_digits(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

size_t number_format_integer(int64_t integer, char out[NUMBER_CHARS])
{
    char digits[NUMBER_CHARS];
    char *end = digits + sizeof(digits);
    char *first = write_digits(end, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
    if (integer < 0)
        *--first = '-';
    size_t len = (size_t)(end - first);
    memcpy(out, first, len);
    out[len] = '\0';
    return len;
}

// The fewest decimals with which a number reads back, if it has few: the number is then integer /
// 10^decimals.
static bool find_decimals(double real, uint64_t *ret_integer, int *ret_decimals)
{
    for (int decimals = 0; decimals <= MAX_FRACTION; decimals++) {
        double integer = nearbyint(real * powers_of_ten[decimals]);
        if (integer >= exact_integers_end)
            return false;
        if (integer / powers_of_ten[decimals] == real) {
            *ret_integer = (uint64_t)integer;
            *ret_decimals = decimals;
            return true;
        }
    }
    return false;
}

// Writes "d.ddde-dd" with `count` significant digits; false when that does not read back. Both calls are of
// the same locale, so it does not matter what stands for the point.
static bool try_digits(double real, int count, char text[SCIENTIFIC_CHARS])
{
    snprintf(text, SCIENTIFIC_CHARS, "%.*e", count - 1, real);
    return strtod(text, NULL) == real;
}

enum sureness { NO, YES, UNSURE };

// Whether `count` significant digits read back, and which: the nearest integer to real × 10^power, where
// 10^exponent is the place of the first digit. A long double is wrong in its 64th bit, which is less than a
// 90th of the last of 17 digits and a 500th of half a step between two doubles; what lies closer than MARGIN
// to where the answer changes is left to the C library.
static enum sureness try_long(double real, int count, int exponent, uint64_t *ret_digits)
{
    static const long double MARGIN = 1.0L / 64;
    int power = count - 1 - exponent, unused;
    if (LDBL_MANT_DIG < 64 || power < 0 || power >= EXACT_POWERS || frexp(real, &unused) == 0.5)
        return UNSURE; // a power of two has its neighbours at two distances
    long double scale = (long double)powers_of_ten[power];
    long double scaled = (long double)real * scale, digits = floorl(scaled), rest = scaled - digits;
    if (fabsl(rest - 0.5L) < MARGIN)
        return UNSURE;
    digits += rest > 0.5L;
    if (digits < (long double)powers_of_ten[count - 1] || digits >= (long double)powers_of_ten[count])
        return UNSURE; // `exponent` is one off
    long double half_step = ((long double)nextafter(real, INFINITY) - (long double)real) / 2;
    long double off = fabsl(digits / scale - (long double)real) / half_step;
    *ret_digits = (uint64_t)digits;
    if (fabsl(off - 1) < MARGIN)
        return UNSURE;
    return off < 1 ? YES : NO;
}

// As find_digits, for numbers of everyday size; false when it cannot be sure. Measured by timing
// number_format over 200,000 quotients of random integers, with the call of this function and without it: 105
// and 325 ns a number, and as much between random coordinates and products. (x86-64, gcc 12 -O2)
static bool find_digits_fast(double real, struct shortest *ret_shortest)
{
    int exponent = (int)floor(log10(real)), count = MAX_DIGITS;
    uint64_t digits, fewer;
    if (try_long(real, count, exponent, &digits) != YES)
        return false;
    enum sureness sure;
    while ((sure = try_long(real, count - 1, exponent, &fewer)) == YES) {
        digits = fewer;
        count--;
    }
    if (sure == UNSURE)
        return false;
    (void)write_digits(ret_shortest->digits + count, digits);
    ret_shortest->count = count;
    ret_shortest->exponent = exponent;
    return true;
}

// The fewest significant digits with which a number reads back. Those that come here mostly need 16 or 17.
static void find_digits(double real, struct shortest *ret_shortest)
{
    if (real >= 1e-6 && find_digits_fast(real, ret_shortest))
        return;
    char text[SCIENTIFIC_CHARS], shorter[SCIENTIFIC_CHARS];
    (void)try_digits(real, MAX_DIGITS, text);
    for (int count = MAX_DIGITS - 1; count > 0 && try_digits(real, count, shorter); count--)
        memcpy(text, shorter, sizeof(text));
    const char *at = text;
    ret_shortest->count = 0;
    for (; *at != 'e'; at++) {
        if (ascii_is_digit(*at))
            ret_shortest->digits[ret_shortest->count++] = *at;
    }
    ret_shortest->exponent = (int)strtol(at + 1, NULL, 10);
}

static size_t write_plain(const struct shortest *shortest, char *out)
{
    int exponent = shortest->exponent, count = shortest->count;
    char *at = out;
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = -1; i > exponent; i--)
            *at++ = '0';
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        if (i == exponent + 1 && exponent >= 0)
            *at++ = '.';
        *at++ = i < count ? shortest->digits[i] : '0';
    }
    if (count <= exponent + 1) {
        *at++ = '.';
        *at++ = '0';
    }
    return (size_t)(at - out);
}

static size_t write_scientific(const struct shortest *shortest, char *out)
{
    int len = snprintf(out, NUMBER_CHARS - 1, "%c%s%.*se%+d", shortest->digits[0],
        shortest->count > 1 ? "." : "", shortest->count - 1, shortest->digits + 1, shortest->exponent);
    return (size_t)len;
}

static size_t write_decimals(uint64_t integer, int decimals, char *out)
{
    uint64_t power = (uint64_t)powers_of_ten[decimals];
    char digits[NUMBER_CHARS];
    char *end = digits + sizeof(digits);
    char *point = end - (decimals > 0 ? decimals : 1);
    memset(point, '0', (size_t)(end - point));
    if (integer % power > 0)
        (void)write_digits(end, integer % power);
    *--point = '.';
    point = write_digits(point, integer / power);
    size_t len = (size_t)(end - point);
    memcpy(out, point, len);
    return len;
}

size_t number_format(double real, char out[NUMBER_CHARS])
{
    if (!isfinite(real)) {
        memcpy(out, "null", sizeof("null"));
        return sizeof("null") - 1;
    }
    size_t len = 0;
    if (signbit(real)) {
        out[len++] = '-';
        real = -real;
    }
    uint64_t integer;
    int decimals;
    if ((real == 0 || real >= 1e-6) && find_decimals(real, &integer, &decimals)) {
        len += write_decimals(integer, decimals, out + len);
    } else {
        struct shortest shortest = {0};
        find_digits(real, &shortest);
        bool plain = shortest.exponent >= POINT_MIN && shortest.exponent <= POINT_MAX;
        len += plain ? write_plain(&shortest, out + len) : write_scientific(&shortest, out + len);
    }
    out[len] = '\0';
    return len;
}
