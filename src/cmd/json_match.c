// SPDX-License-Identifier: Apache-2.0
// yajl's tree does the reading. Its functions recurse, so texts that nest deeper than anybody's are refused
// before it sees them.
#include "cmd/json_match.h"

#include <stdio.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "base/mem.h"
#include "text/json_write.h"
#include "text/utf8.h"

enum {
    MAX_DEPTH = 100,
    PATH_BYTES = 1024, // of the place of a difference; a longer one is cut
    SHOWN_BYTES = 200, // of a value in a message
    ERROR_BYTES = 256, // of yajl's own words
};

static const char ANY[] = "...";

// One comparison.
struct matching {
    struct buf path; // where in the document
    struct buf *out; // what differs; borrowed
};

// --- reading

static bool is_too_deep(struct span text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > MAX_DEPTH)
            return true;
        else if (!in_string && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return false;
}

// Its first line, as the rest points into the text with arrows.
static void append_reason(struct buf *out, const char *reason)
{
    struct span rest = span_of(reason);
    struct span line = span_split(&rest, '\n');
    buf_append(out, line.at, line.len);
}

// The tree of `text`; NULL, with the reason in `reason`, when it is no JSON.
static yajl_val read_tree(struct span text, char reason[ERROR_BYTES])
{
    if (text.len == 0) {
        snprintf(reason, ERROR_BYTES, "it is empty");
        return NULL;
    }
    if (is_too_deep(text) || memchr(text.at, '\0', text.len) != NULL) {
        snprintf(reason, ERROR_BYTES, "nested too deep, or with a NUL in it");
        return NULL;
    }
    char *copy = mem_strndup(text.at, text.len);
    if (copy == NULL) {
        snprintf(reason, ERROR_BYTES, "out of memory");
        return NULL;
    }
    yajl_val tree = yajl_tree_parse(copy, reason, ERROR_BYTES);
    mem_free(copy);
    return tree;
}

// --- showing

static void write_tree(yajl_val value, struct buf *out);

static void write_object(yajl_val value, struct buf *out)
{
    buf_append_byte(out, '{');
    for (size_t i = 0; i < value->u.object.len && buf_status(out) == ERR_NONE; i++) {
        buf_append_str(out, i > 0 ? ", " : "");
        json_write_string(out, span_of(value->u.object.keys[i]));
        buf_append_str(out, ": ");
        write_tree(value->u.object.values[i], out);
    }
    buf_append_byte(out, '}');
}

static void write_array(yajl_val value, struct buf *out)
{
    buf_append_byte(out, '[');
    for (size_t i = 0; i < value->u.array.len && buf_status(out) == ERR_NONE; i++) {
        buf_append_str(out, i > 0 ? ", " : "");
        write_tree(value->u.array.values[i], out);
    }
    buf_append_byte(out, ']');
}

static void write_tree(yajl_val value, struct buf *out)
{
    switch (value->type) {
    case yajl_t_string:
        json_write_string(out, span_of(value->u.string));
        break;
    case yajl_t_number:
        buf_append_str(out, value->u.number.r);
        break;
    case yajl_t_object:
        write_object(value, out);
        break;
    case yajl_t_array:
        write_array(value, out);
        break;
    case yajl_t_true:
    case yajl_t_false:
        buf_append_str(out, value->type == yajl_t_true ? "true" : "false");
        break;
    case yajl_t_null:
    case yajl_t_any:
        buf_append_str(out, "null");
        break;
    }
}

// Appends a value, cut to SHOWN_BYTES.
static void show(yajl_val value, struct buf *out)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 4 * SHOWN_BYTES); // what is more is cut by its failing
    write_tree(value, &text);
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

static bool differ(struct matching *matching, yajl_val expected, yajl_val actual)
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

static bool is_any(yajl_val expected)
{
    return expected->type == yajl_t_string && strcmp(expected->u.string, ANY) == 0;
}

static bool match(struct matching *matching, yajl_val expected, yajl_val actual);

static yajl_val find_member(yajl_val object, const char *key)
{
    for (size_t i = 0; i < object->u.object.len; i++) {
        if (strcmp(object->u.object.keys[i], key) == 0)
            return object->u.object.values[i];
    }
    return NULL;
}

static bool match_member(struct matching *matching, const char *key, yajl_val expected, yajl_val object)
{
    yajl_val actual = find_member(object, key);
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

static bool match_object(struct matching *matching, yajl_val expected, yajl_val actual)
{
    bool lets_more = false;
    for (size_t i = 0; i < expected->u.object.len; i++) {
        const char *key = expected->u.object.keys[i];
        if (strcmp(key, ANY) == 0)
            lets_more = true;
        else if (!match_member(matching, key, expected->u.object.values[i], actual))
            return false;
    }
    for (size_t i = 0; !lets_more && i < actual->u.object.len; i++) {
        const char *key = actual->u.object.keys[i];
        if (find_member(expected, key) == NULL) {
            append_place(matching);
            buf_printf(matching->out, "member \"%s\" is not expected", key);
            return false;
        }
    }
    return true;
}

static bool match_array(struct matching *matching, yajl_val expected, yajl_val actual)
{
    size_t wanted = expected->u.array.len, there = actual->u.array.len;
    bool lets_more = wanted > 0 && is_any(expected->u.array.values[wanted - 1]);
    if (lets_more)
        wanted--;
    for (size_t i = 0; i < wanted && i < there; i++) {
        size_t len = matching->path.len;
        buf_printf(&matching->path, "[%zu]", i);
        bool same = match(matching, expected->u.array.values[i], actual->u.array.values[i]);
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

static bool is_same_number(yajl_val expected, yajl_val actual)
{
    if (YAJL_IS_INTEGER(expected) && YAJL_IS_INTEGER(actual))
        return expected->u.number.i == actual->u.number.i;
    if (YAJL_IS_DOUBLE(expected) && YAJL_IS_DOUBLE(actual))
        return !(expected->u.number.d < actual->u.number.d || expected->u.number.d > actual->u.number.d);
    return strcmp(expected->u.number.r, actual->u.number.r) == 0;
}

static bool match(struct matching *matching, yajl_val expected, yajl_val actual)
{
    if (is_any(expected))
        return true;
    if (expected->type != actual->type)
        return differ(matching, expected, actual);
    switch (expected->type) {
    case yajl_t_object:
        return match_object(matching, expected, actual);
    case yajl_t_array:
        return match_array(matching, expected, actual);
    case yajl_t_string:
        return strcmp(expected->u.string, actual->u.string) == 0 || differ(matching, expected, actual);
    case yajl_t_number:
        return is_same_number(expected, actual) || differ(matching, expected, actual);
    case yajl_t_true:
    case yajl_t_false:
    case yajl_t_null:
    case yajl_t_any:
        break;
    }
    return true;
}

enum json_match json_match(struct span expected, struct span actual, struct buf *out)
{
    char reason[ERROR_BYTES] = "";
    enum json_match result = JSON_EXPECTED_BROKEN;
    struct matching matching = {.out = out};
    buf_init(&matching.path, PATH_BYTES);
    yajl_val expected_tree = read_tree(expected, reason), actual_tree = NULL;
    if (expected_tree != NULL) {
        result = JSON_ACTUAL_BROKEN;
        actual_tree = read_tree(actual, reason);
    }
    if (actual_tree != NULL)
        result = match(&matching, expected_tree, actual_tree) ? JSON_MATCHES : JSON_DIFFERS;
    else {
        buf_printf(out, "the %s body is no JSON: ", expected_tree == NULL ? "expected" : "answer's");
        append_reason(out, reason);
    }
    yajl_tree_free(expected_tree);
    yajl_tree_free(actual_tree);
    buf_fini(&matching.path);
    return result;
}
