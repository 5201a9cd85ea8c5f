// SPDX-License-Identifier: Apache-2.0
// A number that is read as a decimal is written as one that reads back as itself, at every scale and
// precision that has room for it; two ways to round it agree; and what is no decimal is none as a double
// either. The input's first two bytes are precision and scale, the rest is the text, whose bits make a double
// as well.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "text/decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static int64_t power_of_ten(unsigned exponent)
{
    int64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

static void check_parsed(int64_t scaled, unsigned precision, unsigned scale)
{
    char text[NUMBER_CHARS];
    int64_t again;
    require(scaled > -power_of_ten(precision) && scaled < power_of_ten(precision));
    struct span written = {.at = text, .len = decimal_format(scaled, scale, text)};
    require(written.len == strlen(text) && (scale == 0) == (strchr(text, '.') == NULL));
    require(decimal_parse(written, precision, scale, &again) == DECIMAL_OK && again == scaled);
    if (precision < DECIMAL_MAX_DIGITS) { // more room changes nothing
        require(decimal_parse(written, precision + 1, scale, &again) == DECIMAL_OK && again == scaled);
        require(decimal_parse(written, precision + 1, scale + 1, &again) == DECIMAL_OK);
        require(again == scaled * 10);
    }
}

// By integers, and digit by digit.
static void check_rounding(int64_t scaled, unsigned from)
{
    char text[NUMBER_CHARS], rounded[NUMBER_CHARS];
    struct span written = {.at = text, .len = decimal_format(scaled, from, text)};
    AUTO(buf_fini) struct buf digits;
    buf_init(&digits, 100);
    for (unsigned to = 0; to <= DECIMAL_MAX_DIGITS; to++) {
        int64_t there, back;
        if (!decimal_rescale(scaled, from, to, &there)) {
            require(to > from);
            continue;
        }
        buf_clear(&digits);
        decimal_write_rounded(written, to, &digits);
        size_t len = decimal_format(there, to, rounded);
        require(span_equal(buf_span(&digits), (struct span){.at = rounded, .len = len}));
        if (to >= from)
            require(decimal_rescale(there, to, from, &back) && back == scaled);
    }
}

static void check_text(struct span text, unsigned precision, unsigned scale)
{
    int64_t scaled = 77;
    double real;
    bool is_number = number_read(text, &real);
    switch (decimal_parse(text, precision, scale, &scaled)) {
    case DECIMAL_NO_NUMBER:
        require(scaled == 77 && !is_number);
        return;
    case DECIMAL_TOO_LONG: // as a double it may be too large
        require(scaled == 77);
        return;
    case DECIMAL_OK:
        break;
    }
    require(is_number);
    double expected = (double)scaled / (double)power_of_ten(scale);
    require(fabs(real - expected) <= fabs(expected) * 1e-15);
    check_parsed(scaled, precision, scale);
    check_rounding(scaled, scale);
}

static void check_real(double real)
{
    enum { ALL_FIT = 1000000000 }; // × 10^9
    int64_t integer;
    bool fits = decimal_from_real(real, &integer);
    if (!isfinite(real) || fabs(real) > 1e19)
        require(!fits);
    else if (fabs(real) < 9.0 * ALL_FIT * ALL_FIT)
        require(fits);
    if (fits)
        require(fabs((double)integer - real) <= 0.5 + fabs(real) * 1e-14);
    if (fits && real == trunc(real))
        require((double)integer == real);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    unsigned precision = 1 + data[0] % DECIMAL_MAX_DIGITS, scale = data[1] % (precision + 1);
    struct span text = {.at = (const char *)data + 2, .len = size - 2};
    check_text(text, precision, scale);
    double real;
    int64_t any;
    if (text.len >= sizeof(real)) {
        memcpy(&real, text.at, sizeof(real));
        memcpy(&any, text.at, sizeof(any));
        check_real(real);
        check_real(real / 4.0);
        check_rounding(any, data[1] % (DECIMAL_MAX_DIGITS + 1));
    }
    return 0;
}
