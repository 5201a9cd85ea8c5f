// SPDX-License-Identifier: Apache-2.0
// Query strings: pairs lie in the input, in order; what is decoded is no longer than it was, and comes back
// when it is encoded and decoded again; values of all types can be read from it, and those that can read
// back. As an endpoint's parameters it gives values that pass, or a report; and the link to its next page has
// the same parameters and the cursor. As a path it is split and found as it is when it is encoded again.
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "serve/etag.h"
#include "serve/link.h"
#include "serve/own_pages.h"
#include "serve/query.h"
#include "serve/route.h"
#include "text/number.h"
#include "text/url.h"
#include "text/utf8.h"
#include "text/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

// Encodes every byte, decodes, and compares.
static void check_round_trip(struct span text, struct arena *arena)
{
    char *encoded = arena_alloc(arena, text.len * 3);
    if (encoded == NULL)
        return;
    for (size_t i = 0; i < text.len; i++) {
        encoded[i * 3] = '%';
        encoded[i * 3 + 1] = "0123456789ABCDEF"[(unsigned char)text.at[i] >> 4];
        encoded[i * 3 + 2] = "0123456789abcdef"[(unsigned char)text.at[i] & 15];
    }
    struct span again;
    require(url_decode((struct span){.at = encoded, .len = text.len * 3}, true, arena, &again));
    require(span_equal(text, again));
}

static void check_values(struct span text, struct arena *arena)
{
    for (int type = TYPE_TEXT; type <= TYPE_UUID; type++) {
        struct value value, again;
        if (value_parse((enum value_type)type, text, arena, &value) != VALUE_READ)
            continue;
        char number[NUMBER_CHARS];
        if (value.kind == VALUE_TEXT) {
            require(utf8_valid(value.text));
            require(value_parse((enum value_type)type, value.text, arena, &again) == VALUE_READ);
            require(span_equal(value.text, again.text));
        } else if (value.kind == VALUE_REAL) {
            struct span written = {.at = number, .len = number_format(value.real, number)};
            require(written.len < NUMBER_CHARS && number_parse(written, &again.real));
            require(memcmp(&value.real, &again.real, sizeof(double)) == 0);
        } else if (type == TYPE_INTEGER) {
            struct span written = {.at = number, .len = number_format_integer(value.integer, number)};
            require(written.len < NUMBER_CHARS && number_parse_integer(written, &again.integer));
            require(value.integer == again.integer);
        }
    }
}

static void check_part(struct span raw)
{
    struct arena arena;
    struct span text;
    arena_init(&arena, ARENA_BYTES);
    if (url_decode(raw, true, &arena, &text)) {
        require(text.len <= raw.len);
        check_round_trip(text, &arena);
        check_values(text, &arena);
    }
    arena_fini(&arena);
}

// --- as parameters

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .at = (literal), .len = sizeof(literal) - 1                                                          \
    }

static struct rule rules[] = {
    {.name = TEXT("a"), .outside = TEXT("a"), .type = TYPE_TEXT},
    {.name = TEXT("n"),
        .outside = TEXT("n"),
        .type = TYPE_INTEGER,
        .has_min = true,
        .min = {.kind = VALUE_INTEGER, .integer = 1}},
    {.name = TEXT("t"), .outside = TEXT("t"), .type = TYPE_INTEGER, .is_list = true},
    {.name = TEXT("cursor"), .outside = TEXT("cursor"), .type = TYPE_TEXT},
};
static const struct endpoint endpoint = {
    .method = HTTP_GET, .params = rules, .param_count = ARRAY_LEN(rules), .cursor_param = 3};

static enum err_code read_query(struct span text, struct arena *arena, struct value values[ARRAY_LEN(rules)])
{
    struct report report = {0};
    struct query_found found = {.values = values};
    struct err err = {0};
    enum err_code code =
        query_read(&endpoint, &(struct query_texts){.query = text}, arena, &found, &report, &err);
    require((code == ERR_INVALID) == (report.total > 0));
    require(code == ERR_NONE || code == ERR_INVALID || code == ERR_TOO_LARGE);
    require(!found.has_format || endpoint_gives(&endpoint, found.format));
    report_fini(&report);
    return code;
}

static bool same_value(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    return a.kind == VALUE_TEXT ? span_equal(a.text, b.text) : a.kind == VALUE_NULL || a.integer == b.integer;
}

// The link of a page that was asked for by `query` asks for the same, with another cursor.
static void check_link(struct span query, const struct value *values, struct arena *arena)
{
    struct buf link;
    struct value again[ARRAY_LEN(rules)];
    buf_init(&link, ARENA_BYTES);
    const struct link_target asked = {.path = span_of("/p"), .query = query};
    link_write_next(&asked, rules[3].outside, span_of("next"), arena, &link);
    require(buf_status(&link) == ERR_NONE);
    struct span rest = buf_span(&link);
    require(span_is(span_split(&rest, '<'), "Link: "));
    struct span target = span_split(&rest, '>');
    require(span_is(rest, "; rel=\"next\"\r\n"));
    for (size_t i = 0; i < target.len; i++)
        require(target.at[i] > ' ' && target.at[i] < 0x7f && target.at[i] != '<' && target.at[i] != '"');
    require(span_is(span_split(&target, '?'), "/p"));
    require(read_query(target, arena, again) == ERR_NONE);
    for (size_t i = 0; i < 3; i++)
        require(same_value(values[i], again[i]));
    require(span_is(again[3].text, "next"));
    buf_fini(&link);
}

static void check_query(struct span text)
{
    struct arena arena;
    struct value values[ARRAY_LEN(rules)];
    arena_init(&arena, ARENA_BYTES);
    if (read_query(text, &arena, values) == ERR_NONE) {
        require(values[1].kind == VALUE_NULL || values[1].integer >= 1);
        require(values[2].kind == VALUE_NULL || values[2].text.len > 0);
        check_link(text, values, &arena);
    }
    (void)etag_is_listed(text, span_of("\"a\""), ETAG_WEAK);
    arena_fini(&arena);
}

// --- as a path

static struct path_part parts[][2] = {
    {{.text = TEXT("a"), .param = -1}, {.text = TEXT("n"), .param = 0}},
    {{.text = TEXT("n"), .param = 0}, {.text = TEXT("b"), .param = -1}},
};
static struct endpoint endpoints[] = {
    {.file = "1", .path = TEXT("/a/{n}"), .parts = parts[0], .part_count = 2},
    {.file = "2", .path = TEXT("/{n}/b"), .parts = parts[1], .part_count = 2},
};
static struct app app = {.endpoints = endpoints, .endpoint_count = ARRAY_LEN(endpoints)};

static void check_path(struct span path)
{
    struct arena arena;
    struct routes *routes;
    struct app *apps[] = {&app};
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    require(routes_new(own_pages, apps, 1, &routes, &err) == ERR_NONE);
    struct route_match match = {0};
    enum route_result result = routes_find(routes, path, HTTP_GET, &arena, &match);
    require(result != ROUTE_MEMORY && result != ROUTE_METHOD);
    if (result == ROUTE_FOUND && match.route->endpoint != NULL) {
        bool is_first = match.route->endpoint == &endpoints[0];
        struct span literal = match.parts[is_first ? 0 : 1], param = match.parts[is_first ? 1 : 0];
        require(span_is(literal, is_first ? "a" : "b") && param.len > 0);
        check_round_trip(param, &arena);
    }
    routes_free(routes);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_query((struct span){.at = (const char *)data, .len = size});
    check_path((struct span){.at = (const char *)data, .len = size});
    const char *start = (const char *)data, *end = start + size, *at = start;
    struct span rest = {.at = start, .len = size}, name, value;
    while (url_next_pair(&rest, &name, &value)) {
        require(name.at >= at && value.at >= name.at + name.len && value.at + value.len <= end);
        require(rest.at >= value.at + value.len && rest.at + rest.len == end);
        at = value.at + value.len;
        check_part(name);
        check_part(value);
    }
    require(rest.len == 0);
    return 0;
}
