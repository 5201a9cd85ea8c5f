// SPDX-License-Identifier: Apache-2.0
// Compares in the order of a test: status, fields, body. A wrong status ends the comparison, as the rest
// would only follow from it. How JSON is compared is json_match.h's business. Any thread.
#include "cmd/expect.h"

#include "cmd/json_match.h"
#include "text/json_write.h"
#include "text/utf8.h"

enum {
    SHOWN_BODY_BYTES = 500, // of an answer's body in a message
    SHOWN_LINE_BYTES = 200, // of a line of it
};

// One comparison.
struct expecting {
    const struct http_test *test;       // borrowed, like the rest
    const char *path;                   // of the test's file
    const struct client_answer *answer; //
    struct buf *out;                    // what is not as expected
};

static void append_place(struct expecting *expecting, uint32_t line)
{
    buf_printf(expecting->out, "%s:%u: ", expecting->path, line);
}

// As a JSON string, so that controls and blanks are seen.
static void append_shown(struct buf *out, struct span text, size_t max_bytes)
{
    size_t shown = utf8_cut(text, max_bytes);
    json_write_string(out, (struct span){.at = text.at, .len = shown});
    if (shown < text.len)
        buf_append_str(out, "…");
}

static bool check_status(struct expecting *expecting)
{
    const struct client_answer *answer = expecting->answer;
    if (answer->status == expecting->test->status)
        return true;
    append_place(expecting, expecting->test->status_line);
    buf_printf(expecting->out, "expected status %d, got %d", expecting->test->status, answer->status);
    if (answer->body.len > 0) {
        buf_append_str(expecting->out, " with ");
        append_shown(expecting->out, answer->body, SHOWN_BODY_BYTES);
    }
    buf_append_byte(expecting->out, '\n');
    return false;
}

static bool check_field(struct expecting *expecting, const struct test_field *field)
{
    struct span walk = expecting->answer->fields, value, last = {0};
    bool found = false;
    while (client_next_field(&walk, field->name, &value)) {
        if (span_equal(value, field->value) || span_is(field->value, "..."))
            return true;
        last = value;
        found = true;
    }
    append_place(expecting, field->line);
    buf_printf(expecting->out, "expected %.*s: %.*s, got ", (int)field->name.len, field->name.at,
        (int)field->value.len, field->value.at);
    if (found)
        append_shown(expecting->out, last, SHOWN_LINE_BYTES);
    else
        buf_append_str(expecting->out, "no such header");
    buf_append_byte(expecting->out, '\n');
    return false;
}

static bool is_json_type(struct span content_type)
{
    struct span type = span_trim(span_split(&content_type, ';'));
    return span_is_nocase(type, "application/json") || span_ends_with_nocase(type, "+json");
}

static bool check_json(struct expecting *expecting)
{
    AUTO(buf_fini) struct buf what;
    buf_init(&what, 65536);
    enum json_match result = json_match(expecting->test->expected_body, expecting->answer->body, &what);
    if (result == JSON_MATCHES)
        return true;
    append_place(expecting, expecting->test->expected_body_line);
    buf_append(expecting->out, what.data, what.len);
    buf_append_byte(expecting->out, '\n');
    return false;
}

static struct span without_end(struct span text)
{
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    return text;
}

static bool check_text(struct expecting *expecting)
{
    struct span expected = without_end(expecting->test->expected_body);
    struct span actual = without_end(expecting->answer->body);
    uint32_t line = expecting->test->expected_body_line;
    while (expected.len > 0 || actual.len > 0) {
        bool is_missing = actual.len == 0, is_more = expected.len == 0;
        struct span wanted = span_line(&expected), there = span_line(&actual);
        if (!is_missing && !is_more && span_equal(wanted, there)) {
            line++;
            continue;
        }
        append_place(expecting, line);
        buf_append_str(expecting->out, "expected ");
        if (is_more)
            buf_append_str(expecting->out, "no further line");
        else
            append_shown(expecting->out, wanted, SHOWN_LINE_BYTES);
        buf_append_str(expecting->out, ", got ");
        if (is_missing)
            buf_append_str(expecting->out, "no further line");
        else
            append_shown(expecting->out, there, SHOWN_LINE_BYTES);
        buf_append_byte(expecting->out, '\n');
        return false;
    }
    return true;
}

static bool check_body(struct expecting *expecting)
{
    static const char CONTENT_TYPE[] = "content-type";
    struct span walk = expecting->answer->fields, type = {0};
    if (expecting->test->expected_body.len == 0)
        return true;
    bool has_type = client_next_field(&walk, span_of(CONTENT_TYPE), &type);
    return has_type && is_json_type(type) ? check_json(expecting) : check_text(expecting);
}

bool expect_answer(
    const struct http_test *test, const char *path, const struct client_answer *answer, struct buf *out)
{
    struct expecting expecting = {.test = test, .path = path, .answer = answer, .out = out};
    if (!check_status(&expecting))
        return false;
    bool good = true;
    for (size_t i = 0; i < test->expected_count; i++)
        good = check_field(&expecting, &test->expected[i]) && good;
    return check_body(&expecting) && good;
}
