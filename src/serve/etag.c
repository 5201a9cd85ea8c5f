// SPDX-License-Identifier: Apache-2.0
// Walks a list of entity tags until its end, the tag that is looked for, or what is no list. No state.
#include "serve/etag.h"

static struct span skip(struct span text, size_t count)
{
    return (struct span){.at = text.at + count, .len = text.len - count};
}

// What may stand between the quotes: visible ASCII but a quote, and obs-text.
static bool is_tag_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;
}

// Takes the next tag off the list, passing over empty elements; false at its end or, with bytes left, where
// it is no list.
static bool next_tag(struct span *list, struct span *ret_tag, bool *ret_weak)
{
    struct span rest = *list;
    while (rest.len > 0 && (rest.at[0] == ',' || rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = skip(rest, 1);
    *list = rest;
    bool is_weak = span_starts_with(rest, "W/");
    struct span tag = is_weak ? skip(rest, 2) : rest;
    if (!span_starts_with(tag, "\""))
        return false;
    size_t len = 1;
    while (len < tag.len && is_tag_byte(tag.at[len]))
        len++;
    if (len == tag.len || tag.at[len] != '"')
        return false;
    tag.len = len + 1;
    rest = skip(rest, (size_t)(tag.at - rest.at) + tag.len);
    while (rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = skip(rest, 1);
    if (rest.len > 0 && rest.at[0] != ',')
        return false;
    *list = rest;
    *ret_tag = tag;
    *ret_weak = is_weak;
    return true;
}

bool etag_list_is_valid(struct span list)
{
    struct span tag;
    bool is_weak;
    if (span_is(span_trim(list), "*"))
        return true;
    while (next_tag(&list, &tag, &is_weak))
        ;
    return list.len == 0;
}

bool etag_is_listed(struct span list, struct span etag, enum etag_comparison comparison)
{
    struct span tag;
    bool is_weak;
    if (span_is(span_trim(list), "*"))
        return true;
    while (next_tag(&list, &tag, &is_weak)) {
        if (etag.at != NULL && span_equal(tag, etag) && (comparison == ETAG_WEAK || !is_weak))
            return true;
    }
    return false;
}
