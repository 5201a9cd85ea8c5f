// SPDX-License-Identifier: Apache-2.0
// Walks the formats that an endpoint gives, in one order everywhere. How gladly a client takes a media type
// is told by accept.c; encoding is app/answer's. No state.
#include "serve/format.h"

#include <stdio.h>

#include "app/plan.h"
#include "serve/accept.h"

// In the order of preference.
static const char *const names[] = {
    [FORMAT_JSON] = "json",
    [FORMAT_NDJSON] = "ndjson",
    [FORMAT_CSV] = "csv",
    [FORMAT_TEXT] = "text",
};

bool format_from_name(const struct endpoint *endpoint, struct span name, enum answer_format *ret_format)
{
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (span_is(name, names[i]) && endpoint_gives(endpoint, (enum answer_format)i)) {
            *ret_format = (enum answer_format)i;
            return true;
        }
    }
    return false;
}

// The next format after *at that the endpoint gives; false when there is none.
static bool next_given(const struct endpoint *endpoint, int *at)
{
    while (++*at < (int)ARRAY_LEN(names)) {
        if (endpoint_gives(endpoint, (enum answer_format) * at))
            return true;
    }
    return false;
}

void format_names(const struct endpoint *endpoint, char ret_names[FORMAT_LIST_CHARS])
{
    size_t len = 0, count = 0;
    for (int at = -1; next_given(endpoint, &at);)
        count++;
    for (int at = -1; next_given(endpoint, &at);)
        len += (size_t)snprintf(ret_names + len, FORMAT_LIST_CHARS - len, "%s%s",
            len > 0     ? ", "
            : count > 1 ? "one of "
                        : "",
            names[at]);
}

void format_types(const struct endpoint *endpoint, char ret_types[FORMAT_LIST_CHARS])
{
    size_t len = 0;
    int at = -1;
    for (bool more = next_given(endpoint, &at); more;) {
        struct span rest = span_of(answer_media_type((enum answer_format)at));
        struct span type = span_split(&rest, ';');
        bool is_first = len == 0;
        more = next_given(endpoint, &at);
        len += (size_t)snprintf(ret_types + len, FORMAT_LIST_CHARS - len, "%s%.*s",
            is_first ? ""
            : more   ? ", "
                     : " or ",
            (int)type.len, type.at);
    }
}

bool format_accepted(
    const struct endpoint *endpoint, const struct http_request *request, enum answer_format *ret_format)
{
    unsigned best = 0;
    for (int at = -1; next_given(endpoint, &at);) {
        unsigned weight = accept_weight(request, answer_media_type((enum answer_format)at));
        if (weight > best) {
            best = weight;
            *ret_format = (enum answer_format)at;
        }
    }
    return best > 0;
}
