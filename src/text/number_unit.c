// SPDX-License-Identifier: Apache-2.0
// A unit in front is looked for first, behind the sign; then one behind the digits. Any thread.
#include "text/number_unit.h"

#include "base/attr.h"

const char *const number_units[NUMBER_UNITS] = {"€", "$", "£", "¥", "%", "EUR", "USD", "GBP", "CHF", "US$"};

size_t number_blank(struct span text)
{
    static const char *const blanks[] = {" ", "\u00a0", "\u202f", "\u2009"};
    for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
        if (span_starts_with(text, blanks[i]))
            return strlen(blanks[i]);
    }
    return 0;
}

// Bytes of the blank that the text ends with; 0: none.
static size_t last_blank(struct span text)
{
    for (size_t len = 1; len <= 3 && len <= text.len; len++) {
        if (number_blank(span_from(text, text.len - len)) == len)
            return len;
    }
    return 0;
}

static char take_sign(struct span *text)
{
    char sign = text->len > 0 && (text->at[0] == '-' || text->at[0] == '+') ? text->at[0] : '\0';
    if (sign != '\0')
        *text = span_from(*text, 1);
    return sign;
}

// The longest unit that the text begins or ends with; -1: none.
static int find(struct span text, const struct span *units, size_t count, bool is_last)
{
    int found = -1;
    for (size_t i = 0; i < count; i++) {
        struct span unit = units[i];
        if (unit.len > text.len || (found >= 0 && unit.len <= units[found].len))
            continue;
        if (memcmp(is_last ? text.at + text.len - unit.len : text.at, unit.at, unit.len) == 0)
            found = (int)i;
    }
    return found;
}

struct number_parts number_unit_split(struct span text, const struct span *units, size_t count)
{
    struct number_parts parts = {.sign = take_sign(&text)};
    parts.unit = find(text, units, count, false);
    if (parts.unit >= 0) {
        text = span_from(text, units[parts.unit].len);
        text = span_from(text, number_blank(text));
        if (parts.sign == '\0')
            parts.sign = take_sign(&text);
    } else if ((parts.unit = find(text, units, count, true)) >= 0) {
        text.len -= units[parts.unit].len;
        text.len -= last_blank(text);
    }
    parts.digits = text;
    return parts;
}
