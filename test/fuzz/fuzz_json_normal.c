// SPDX-License-Identifier: Apache-2.0
// What has a normal form is what jansson takes for JSON. The normal form is its own, and an array written
// anew from its elements has it.
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "text/json_normal.h"
#include "text/json_write.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NORMAL_BYTES = 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024, MAX_ELEMENTS = 100 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static size_t depth_at_most(struct span text)
{
    size_t opened = 0;
    for (size_t i = 0; i < text.len; i++)
        opened += text.at[i] == '{' || text.at[i] == '[';
    return opened;
}

// Jansson has bounds of its own for numbers, knows no name with a NUL, and takes one behind a value for the
// end.
static void compare_with_jansson(struct span text, bool is_json)
{
    json_error_t error;
    json_t *tree = json_loadb(text.at, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (tree != NULL)
        require(is_json || depth_at_most(text) > LIMIT_JSON_DEPTH || memchr(text.at, '\0', text.len) != NULL);
    else if (is_json)
        require(json_error_code(&error) == json_error_numeric_overflow ||
                json_error_code(&error) == json_error_null_byte_in_key);
    json_decref(tree);
}

static void write_anew(struct span text, struct span normal)
{
    struct arena arena;
    struct json_element *elements;
    struct buf out;
    size_t count;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&out, NORMAL_BYTES);
    enum json_elements result = json_normal_elements(text, &arena, MAX_ELEMENTS, &elements, &count);
    require(result != JSON_ELEMENTS_NO_ROOM);
    if (result == JSON_ELEMENTS_OK) {
        buf_append_byte(&out, '[');
        for (size_t i = 0; i < count; i++) {
            buf_append_str(&out, i > 0 ? "," : "");
            if (elements[i].is_string)
                json_write_string(&out, elements[i].text);
            else
                buf_append(&out, elements[i].text.at, elements[i].text.len);
        }
        buf_append_byte(&out, ']');
        require(span_equal(buf_span(&out), normal));
    } else if (result == JSON_ELEMENTS_NONE) {
        require(normal.len == 0 || normal.at[0] != '[' || depth_at_most(text) > 1);
    }
    arena_fini(&arena);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = size > 0 ? (const char *)data : "", .len = size};
    struct buf normal, again;
    buf_init(&normal, NORMAL_BYTES);
    buf_init(&again, NORMAL_BYTES);
    bool is_json = json_normal_write(text, &normal);
    if (!is_json)
        buf_clear(&normal);
    compare_with_jansson(text, is_json);
    write_anew(text, buf_span(&normal));
    if (is_json) {
        require(normal.len > 0 && utf8_valid(buf_span(&normal)));
        require(json_normal_write(buf_span(&normal), &again));
        require(span_equal(buf_span(&normal), buf_span(&again)));
    }
    buf_fini(&normal);
    buf_fini(&again);
    return 0;
}
