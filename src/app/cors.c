// SPDX-License-Identifier: Apache-2.0
// Compares origins as texts: browsers write them in one way only, in small letters and without the port that
// goes without saying (RFC 6454 section 6.1).
#include "app/cors.h"

#include "base/ascii.h"

// What a * stands for: one name or several with points between them.
static bool is_names(struct span text)
{
    bool is_start = true; // of a name
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_of_name = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '_';
        bool is_end = c == '.' && !is_start;
        if (!is_of_name && !is_end)
            return false;
        is_start = c == '.';
    }
    return !is_start;
}

static bool is_one_of(const struct cors_origin *wanted, struct span origin)
{
    if (!wanted->is_wildcard)
        return span_equal(wanted->front, origin);
    size_t fixed = wanted->front.len + wanted->back.len;
    if (origin.len <= fixed)
        return false;
    struct span front = {.at = origin.at, .len = wanted->front.len};
    struct span names = {.at = origin.at + front.len, .len = origin.len - fixed};
    struct span back = {.at = names.at + names.len, .len = wanted->back.len};
    return span_equal(front, wanted->front) && span_equal(back, wanted->back) && is_names(names);
}

bool cors_takes(const struct cors *cors, struct span origin)
{
    if (cors->takes_all)
        return origin.len > 0;
    for (size_t i = 0; i < cors->origin_count; i++) {
        if (is_one_of(&cors->origins[i], origin))
            return true;
    }
    return false;
}
