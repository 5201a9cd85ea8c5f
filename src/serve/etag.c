// SPDX-License-Identifier: Apache-2.0
// Walks a list of entity tags, weak ones too, until it finds the one or meets what is no list. No state.
#include "serve/etag.h"

static struct span skip(struct span text, size_t count)
{
    return (struct span){.at = text.at + count, .len = text.len - count};
}

bool etag_is_listed(struct span list, struct span etag)
{
    list = span_trim(list);
    if (span_is(list, "*"))
        return true;
    while (list.len > 0) {
        if (list.at[0] == ',' || list.at[0] == ' ' || list.at[0] == '\t') {
            list = skip(list, 1);
            continue;
        }
        if (span_starts_with(list, "W/"))
            list = skip(list, 2);
        const char *end = span_starts_with(list, "\"") ? memchr(list.at + 1, '"', list.len - 1) : NULL;
        if (end == NULL)
            return false;
        struct span tag = {.at = list.at, .len = (size_t)(end - list.at) + 1};
        list = span_trim(skip(list, tag.len));
        if (list.len > 0 && list.at[0] != ',')
            return false;
        if (span_equal(tag, etag))
            return true;
    }
    return false;
}
