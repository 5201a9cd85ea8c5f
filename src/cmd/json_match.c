// SPDX-License-Identifier: Apache-2.0
// Compares what a test expects with what came. jansson reads both texts, at most 2048 levels deep, so the
// functions here may recurse. It tells why a text is no JSON in its own words; a number that neither an
// int64_t nor a double can hold is none for it. Any thread.
#include "cmd/json_match.h"

#include <jansson.h>
#include <string.h>

#include "text/json_write.h"
#include "text/number.h"
#include "text/utf8.h"

enum {
    PATH_BYTES = 1024, // of the place of a difference; a longer one is cut
    SHOWN_BYTES = 200, // of a value in a message
};

static const char ANY[] = "...";

// One comparison.
struct matching {
    struct buf path; // where in the document
    struct buf *out; // what differs; borrowed
};

// Reads a text; NULL, with the reason appended to `out`, when it is no JSON. `whose`: the body that it is.
static json_t *read_json(struct span text, const char *whose, struct buf *out)
{
    json_error_t error = {.text = "it is empty"};
    json_t *json = NULL;
    if (text.len > 0)
        json = json_loadb(text.at, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (json == NULL)
        buf_printf(out, "the %s body is no JSON: %s", whose, error.text);
    return json;
}

static struct span string_of(const json_t *string)
{
    return (struct span){.at = json_string_value(string), .len = json_string_length(string)};
}

// --- showing

static void write_json(json_t *json, struct buf *out);

static void write_object(json_t *object, struct buf *out)
{
    const char *key, *separator = "";
    json_t *member;
    buf_append_byte(out, '{');
    json_object_foreach(object, key, member)
    {
        buf_append_str(out, separator);
        json_write_string(out, span_of(key));
        buf_append_str(out, ": ");
        write_json(member, out);
        separator = ", ";
    }
    buf_append_byte(out, '}');
}

static void write_array(json_t *array, struct buf *out)
{
    buf_append_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array) && buf_status(out) == ERR_NONE; i++) {
        buf_append_str(out, i > 0 ? ", " : "");
        write_json(json_array_get(array, i), out);
    }
    buf_append_byte(out, ']');
}

static void write_json(json_t *json, struct buf *out)
{
    char number[NUMBER_CHARS];
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        write_object(json, out);
        break;
    case JSON_ARRAY:
        write_array(json, out);
        break;
    case JSON_STRING:
        json_write_string(out, string_of(json));
        break;
    case JSON_INTEGER:
        buf_append(out, number, number_format_integer(json_integer_value(json), number));
        break;
    case JSON_REAL:
        buf_append(out, number, number_format(json_real_value(json), number));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        buf_append_str(out, json_is_true(json) ? "true" : "false");
        break;
    case JSON_NULL:
        buf_append_str(out, "null");
        break;
    }
}

// Appends a value, cut to SHOWN_BYTES.
static void show(json_t *json, struct buf *out)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 4 * SHOWN_BYTES); // what is more is cut by its failing
    write_json(json, &text);
    size_t shown = utf8_cut(buf_span(&text), SHOWN_BYTES);
    buf_append(out, text.data, shown);
    if (shown < text.len || buf_status(&text) != ERR_NONE)
        buf_append_str(out, "…");
}

static void append_place(struct matching *matching)
{
    if (matching->path.len > 0) {
        buf_append(matching->out, matching->path.data, matching->path.len);
        buf_append_str(matching->out, ": ");
    }
}

static bool differ(struct matching *matching, json_t *expected, json_t *actual)
{
    append_place(matching);
    buf_append_str(matching->out, "expected ");
    show(expected, matching->out);
    buf_append_str(matching->out, ", got ");
    show(actual, matching->out);
    return false;
}

// --- comparing

// Back to the path of `len` bytes, also when what came behind did not fit.
static void leave(struct matching *matching, size_t len)
{
    buf_clear(&matching->path);
    matching->path.len = len;
}

static bool is_any(const json_t *expected)
{
    return json_is_string(expected) && span_is(string_of(expected), ANY);
}

static bool match(struct matching *matching, json_t *expected, json_t *actual);

static bool match_member(struct matching *matching, const char *key, json_t *expected, json_t *actual)
{
    if (actual == NULL) {
        append_place(matching);
        buf_printf(matching->out, "member \"%s\" is missing", key);
        return false;
    }
    size_t len = matching->path.len;
    buf_printf(&matching->path, "%s%s", len > 0 ? "." : "", key);
    bool same = match(matching, expected, actual);
    leave(matching, len);
    return same;
}

static bool match_object(struct matching *matching, json_t *expected, json_t *actual)
{
    const char *key;
    json_t *member;
    json_object_foreach(expected, key, member)
    {
        if (strcmp(key, ANY) != 0 && !match_member(matching, key, member, json_object_get(actual, key)))
            return false;
    }
    if (json_object_get(expected, ANY) != NULL)
        return true;
    json_object_foreach(actual, key, member)
    {
        if (json_object_get(expected, key) == NULL) {
            append_place(matching);
            buf_printf(matching->out, "member \"%s\" is not expected", key);
            return false;
        }
    }
    return true;
}

static bool match_array(struct matching *matching, json_t *expected, json_t *actual)
{
    size_t wanted = json_array_size(expected), there = json_array_size(actual);
    bool lets_more = wanted > 0 && is_any(json_array_get(expected, wanted - 1));
    if (lets_more)
        wanted--;
    for (size_t i = 0; i < wanted && i < there; i++) {
        size_t len = matching->path.len;
        buf_printf(&matching->path, "[%zu]", i);
        bool same = match(matching, json_array_get(expected, i), json_array_get(actual, i));
        leave(matching, len);
        if (!same)
            return false;
    }
    if (there == wanted || (there > wanted && lets_more))
        return true;
    append_place(matching);
    buf_printf(matching->out, "expected %zu items%s, got %zu: ", wanted, lets_more ? " or more" : "", there);
    show(actual, matching->out);
    return false;
}

static bool is_same_number(const json_t *expected, const json_t *actual)
{
    if (json_is_integer(expected) && json_is_integer(actual))
        return json_integer_value(expected) == json_integer_value(actual);
    double wanted = json_number_value(expected), there = json_number_value(actual);
    return !(wanted < there || wanted > there);
}

static bool match(struct matching *matching, json_t *expected, json_t *actual)
{
    if (is_any(expected))
        return true;
    if (json_is_object(expected) && json_is_object(actual))
        return match_object(matching, expected, actual);
    if (json_is_array(expected) && json_is_array(actual))
        return match_array(matching, expected, actual);
    bool same = json_is_number(expected) && json_is_number(actual) ? is_same_number(expected, actual)
                                                                   : json_equal(expected, actual) == 1;
    return same || differ(matching, expected, actual);
}

enum json_match json_match(struct span expected, struct span actual, struct buf *out)
{
    json_auto_t *expected_json = read_json(expected, "expected", out);
    if (expected_json == NULL)
        return JSON_EXPECTED_BROKEN;
    json_auto_t *actual_json = read_json(actual, "answer's", out);
    if (actual_json == NULL)
        return JSON_ACTUAL_BROKEN;
    struct matching matching = {.out = out};
    buf_init(&matching.path, PATH_BYTES);
    bool matches = match(&matching, expected_json, actual_json);
    buf_fini(&matching.path);
    return matches ? JSON_MATCHES : JSON_DIFFERS;
}
