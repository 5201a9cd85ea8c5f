// SPDX-License-Identifier: Apache-2.0
#include "serve/accept.h"

// How closely a range covers the type: 3 for the type itself, 2 for its "application/*", 1 for "*/*", 0 for
// not at all.
static int closeness(struct span range, const char *type)
{
    if (span_is_nocase(range, type))
        return 3;
    if (span_is(range, "*/*"))
        return 1;
    size_t main_len = (size_t)(strchr(type, '/') - type) + 1; // with the slash
    if (range.len == main_len + 1 && range.at[main_len] == '*') {
        char main_type[64] = {0};
        if (main_len < sizeof(main_type))
            memcpy(main_type, type, main_len);
        return span_is_nocase((struct span){.at = range.at, .len = main_len}, main_type) ? 2 : 0;
    }
    return 0;
}

// Whether the range's parameters hold a weight of zero: q=0, q=0.0, q=0.00, q=0.000.
static bool is_refused(struct span parameters)
{
    while (parameters.len > 0) {
        struct span value = span_split(&parameters, ';');
        struct span name = span_trim(span_split(&value, '='));
        if (!span_is_nocase(name, "q"))
            continue;
        value = span_trim(value);
        size_t zeros = 0;
        while (zeros < value.len && (value.at[zeros] == '0' || value.at[zeros] == '.'))
            zeros++;
        return value.len > 0 && zeros == value.len;
    }
    return false;
}

bool accept_allows(const struct http_request *request, const char *type)
{
    bool any = false, allowed = false;
    int closest = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!span_is_nocase(request->fields[i].name, "accept"))
            continue;
        struct span ranges = request->fields[i].value;
        while (ranges.len > 0) {
            struct span parameters = span_trim(span_split(&ranges, ','));
            if (parameters.len == 0)
                continue;
            any = true;
            struct span range = span_trim(span_split(&parameters, ';'));
            int close = closeness(range, type);
            if (close > closest || (close > 0 && close == closest && !allowed)) {
                closest = close;
                allowed = !is_refused(parameters);
            }
        }
    }
    return !any || allowed;
}
