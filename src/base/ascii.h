// SPDX-License-Identifier: Apache-2.0
// Classes of ASCII bytes. Unlike those of ctype.h they do not depend on the locale, and take any char, also a
// negative one.
#ifndef RECKONER_BASE_ASCII_H
#define RECKONER_BASE_ASCII_H

#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// A to Z become a to z; all other bytes stay as they are.
static inline char ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static inline bool ascii_is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

// The value of a hexadecimal digit of either case, 0 to 15; -1 for any other byte.
static inline int ascii_hex(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f' ? ascii_lower(c) - 'a' + 10 : -1;
}

#endif
