// SPDX-License-Identifier: Apache-2.0
// Files of tests: what is read lies in the input, in order, and has no line end where none can be; what is
// said of a request is what http needs. Bodies are compared as JSON, whatever they are.
#include <stdint.h>
#include <stdlib.h>

#include "cmd/http_tests.h"
#include "cmd/json_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_line(struct span input, struct span text)
{
    require(text.at >= input.at && text.at + text.len <= input.at + input.len);
    require(text.len == 0 || memchr(text.at, '\n', text.len) == NULL);
}

static void check_fields(struct span input, const struct test_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_line(input, fields[i].name);
        check_line(input, fields[i].value);
        require(fields[i].name.len > 0 && fields[i].name.at < fields[i].value.at);
    }
}

static void check_body(struct span input, struct span body)
{
    struct buf out;
    if (body.len == 0)
        return;
    require(body.at >= input.at && body.at + body.len <= input.at + input.len);
    buf_init(&out, ARENA_BYTES);
    (void)json_match(body, body, &out); // JSON of any kind, as both sides
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = {.at = (const char *)data, .len = size};
    struct arena arena;
    struct diags diags;
    struct http_tests tests = {0};
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    require(http_tests_parse("x", input, &arena, &diags, &tests, &err) == ERR_NONE);
    uint32_t line = 0;
    for (size_t i = 0; i < tests.count; i++) {
        const struct http_test *test = &tests.tests[i];
        require(test->line > line && test->status_line > test->line);
        line = test->status_line;
        check_line(input, test->name);
        check_line(input, test->method);
        check_line(input, test->target);
        require(test->target.len > 0 && test->target.at[0] == '/' && test->name.len > 0);
        require(test->status >= 200 && test->status <= 599);
        check_fields(input, test->fields, test->field_count);
        check_fields(input, test->expected, test->expected_count);
        check_body(input, test->body);
        check_body(input, test->expected_body);
    }
    diags_fini(&diags);
    arena_fini(&arena);
    return 0;
}
