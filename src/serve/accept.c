// SPDX-License-Identifier: Apache-2.0
// Takes each range of the Accept fields in turn and keeps the closest one's weight. Which of an endpoint's
// formats wins by these weights is format.c's. No state.
#include "serve/accept.h"

// How closely a range covers the type: 3 for the type itself, 2 for its "text/*", 1 for "*/*", 0 for not at
// all.
static int closeness(struct span range, struct span type)
{
    if (span_is(range, "*/*"))
        return 1;
    const char *slash = memchr(type.at, '/', type.len);
    size_t main_len = (size_t)(slash - type.at) + 1; // with the slash
    bool any_sub = range.len == main_len + 1 && range.at[main_len] == '*';
    if (!any_sub && range.len != type.len)
        return 0;
    size_t same = any_sub ? main_len : type.len;
    range.len = type.len = same;
    if (!span_equal_nocase(range, type))
        return 0;
    return any_sub ? 2 : 3;
}

// A weight as RFC 9110 section 12.4.2 has it: 0 or 1 with up to three decimals. Any other text counts as 1.
static unsigned weight_of(struct span text)
{
    unsigned weight = 0, unit = ACCEPT_MOST;
    if (text.len == 0 || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1'))
        return ACCEPT_MOST;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 && text.at[i] == '.')
            continue;
        if (i == 1 || !ascii_is_digit(text.at[i]))
            return ACCEPT_MOST;
        weight += (unsigned)(text.at[i] - '0') * unit;
        unit /= 10;
    }
    return weight < ACCEPT_MOST ? weight : ACCEPT_MOST;
}

unsigned accept_weight_in(struct span parameters)
{
    while (parameters.len > 0) {
        struct span value = span_split(&parameters, ';');
        struct span name = span_trim(span_split(&value, '='));
        if (span_is_nocase(name, "q"))
            return weight_of(span_trim(value));
    }
    return ACCEPT_MOST;
}

unsigned accept_weight(const struct http_request *request, const char *type_text)
{
    struct span parameters = span_of(type_text);
    struct span type = span_trim(span_split(&parameters, ';'));
    bool any = false;
    unsigned weight = 0;
    int closest = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!span_is_nocase(request->fields[i].name, "accept"))
            continue;
        struct span ranges = request->fields[i].value;
        while (ranges.len > 0) {
            parameters = span_trim(span_split(&ranges, ','));
            if (parameters.len == 0)
                continue;
            any = true;
            int close = closeness(span_trim(span_split(&parameters, ';')), type);
            unsigned given = accept_weight_in(parameters);
            if (close > closest || (close > 0 && close == closest && given > weight)) {
                closest = close;
                weight = given;
            }
        }
    }
    return any ? weight : ACCEPT_MOST;
}
