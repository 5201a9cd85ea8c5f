// SPDX-License-Identifier: Apache-2.0
// How far a word goes; what stands behind it, such as the rest of 01 or truefalse, is for the grammar to
// judge. Pure; any thread.
#include "text/json_word.h"

#include <string.h>

#include "base/ascii.h"
#include "base/attr.h"

static size_t skip_digits(struct span text, size_t at)
{
    while (at < text.len && ascii_is_digit(text.at[at]))
        at++;
    return at;
}

size_t json_number_length(struct span text)
{
    size_t first = text.at[0] == '-', at = skip_digits(text, first);
    if (at == first)
        return 0;
    if (text.at[first] == '0')
        at = first + 1;
    if (at < text.len && text.at[at] == '.') {
        first = at + 1;
        at = skip_digits(text, first);
        if (at == first)
            return 0;
    }
    if (at < text.len && ascii_lower(text.at[at]) == 'e') {
        bool has_sign = at + 1 < text.len && (text.at[at + 1] == '+' || text.at[at + 1] == '-');
        first = at + 1 + has_sign;
        at = skip_digits(text, first);
        if (at == first)
            return 0;
    }
    return at;
}

size_t json_name_length(struct span text)
{
    static const char *const names[] = {"null", "true", "false"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_starts_with(text, names[i]))
            return strlen(names[i]);
    }
    return 0;
}
