// SPDX-License-Identifier: Apache-2.0
// Each time has one text, since two that are equal have to be one key of a table, and one of the kept
// answers. Pure; any thread.
#include "text/time_of_day.h"

#include "text/digits.h"

enum {
    FRACTION_DIGITS = 6,     // that are kept
    FRACTION_MAX_DIGITS = 9, // that are read
};

bool time_of_day_take_fraction(struct span *rest, int *ret_us, int *ret_digits)
{
    *ret_us = *ret_digits = 0;
    if (rest->len == 0 || rest->at[0] != '.')
        return true;
    int digits = 0, us = 0;
    while ((size_t)digits + 1 < rest->len && ascii_is_digit(rest->at[digits + 1])) {
        if (digits < FRACTION_DIGITS)
            us = us * 10 + (rest->at[digits + 1] - '0');
        digits++;
        if (digits > FRACTION_MAX_DIGITS)
            return false;
    }
    if (digits == 0)
        return false;
    for (int i = digits; i < FRACTION_DIGITS; i++)
        us *= 10;
    rest->at += digits + 1;
    rest->len -= (size_t)digits + 1;
    *ret_us = us;
    *ret_digits = digits;
    return true;
}

bool time_of_day_parse(struct span text, int64_t *ret_us)
{
    enum { SHORT = sizeof("hh:mm") - 1, WHOLE = sizeof("hh:mm:ss") - 1 };
    int second = 0, us = 0, digits = 0;
    if (text.len < SHORT || text.at[2] != ':')
        return false;
    int hour = digits_read(text.at, 2), minute = digits_read(text.at + 3, 2);
    if (text.len > SHORT) {
        if (text.len < WHOLE || text.at[5] != ':')
            return false;
        second = digits_read(text.at + 6, 2);
        struct span rest = {.at = text.at + WHOLE, .len = text.len - WHOLE};
        if (!time_of_day_take_fraction(&rest, &us, &digits) || rest.len > 0 || digits > FRACTION_DIGITS)
            return false;
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    *ret_us = (int64_t)(hour * 3600 + minute * 60 + second) * US_PER_SECOND + us;
    return true;
}

void time_of_day_write(int second_of_day, char *out)
{
    digits_write(out, 2, second_of_day / 3600);
    out[2] = ':';
    digits_write(out + 3, 2, second_of_day / 60 % 60);
    out[5] = ':';
    digits_write(out + 6, 2, second_of_day % 60);
}

size_t time_of_day_format(int64_t us, char out[TIME_OF_DAY_CHARS])
{
    size_t len = 8;
    time_of_day_write((int)(us / US_PER_SECOND), out);
    if (us % US_PER_SECOND != 0) {
        out[len++] = '.';
        digits_write(out + len, FRACTION_DIGITS, (int)(us % US_PER_SECOND));
        len += FRACTION_DIGITS;
        while (out[len - 1] == '0')
            len--;
    }
    out[len] = '\0';
    return len;
}
