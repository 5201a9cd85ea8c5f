// SPDX-License-Identifier: Apache-2.0
// 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01: version, trace, span, flags. A later version may
// have more behind them.
#include "text/trace_parent.h"

#include <string.h>

enum { VERSION_AT = 0, TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, ALL = 55, FLAG_SAMPLED = 1 };

// Upper case is none (section 3.2.2).
static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

// Whether `count` digits stand there, which are not all zero if `is_id`.
static bool has_digits(struct span value, size_t at, size_t count, bool is_id)
{
    bool is_zero = true;
    for (size_t i = at; i < at + count; i++) {
        if (digit_of(value.at[i]) < 0)
            return false;
        is_zero = is_zero && value.at[i] == '0';
    }
    return !is_id || !is_zero;
}

bool trace_parent_read(struct span value, struct trace_parent *ret_parent)
{
    if (value.len < ALL || value.at[TRACE_AT - 1] != '-' || value.at[SPAN_AT - 1] != '-' ||
        value.at[FLAGS_AT - 1] != '-' || !has_digits(value, VERSION_AT, 2, false) ||
        !has_digits(value, TRACE_AT, TRACE_ID_CHARS - 1, true) ||
        !has_digits(value, SPAN_AT, SPAN_ID_CHARS - 1, true) || !has_digits(value, FLAGS_AT, 2, false))
        return false;
    struct span version = {.at = value.at, .len = 2};
    bool is_longer = value.len > ALL;
    if (span_is(version, "ff") || (is_longer && (span_is(version, "00") || value.at[ALL] != '-')))
        return false;
    struct trace_parent parent = {.is_sampled = (digit_of(value.at[FLAGS_AT + 1]) & FLAG_SAMPLED) != 0};
    memcpy(parent.trace_id, value.at + TRACE_AT, TRACE_ID_CHARS - 1);
    memcpy(parent.span_id, value.at + SPAN_AT, SPAN_ID_CHARS - 1);
    *ret_parent = parent;
    return true;
}
