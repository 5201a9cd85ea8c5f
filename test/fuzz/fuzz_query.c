// SPDX-License-Identifier: Apache-2.0
// Query strings: pairs lie in the input, in order; what is decoded is no longer than it was, and comes back
// when it is encoded and decoded again; values of all types can be read from it, and those that can read
// back.
#include <stdint.h>
#include <stdlib.h>

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
    for (int type = TYPE_TEXT; type <= TYPE_TIMESTAMP; type++) {
        struct value value, again;
        if (!value_parse((enum value_type)type, text, arena, &value))
            continue;
        char number[NUMBER_CHARS];
        if (value.kind == VALUE_TEXT) {
            require(utf8_valid(value.text));
            require(value_parse((enum value_type)type, value.text, arena, &again));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
