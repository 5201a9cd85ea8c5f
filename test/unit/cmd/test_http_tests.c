// SPDX-License-Identifier: Apache-2.0
// Files of tests: cases of test/cases/http_tests, and what they cannot say.
#include "cmd/http_tests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../text/cases.h"
#include "base/mem.h"
#include "text/json_write.h"

enum { ARENA_BYTES = 16 * 1024 * 1024 };

static void dump_text(struct buf *out, const char *what, struct span text)
{
    buf_printf(out, "  %s ", what);
    json_write_string(out, text);
    buf_append_byte(out, '\n');
}

static void dump_fields(struct buf *out, const char *what, const struct test_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "  %s %u %.*s=%.*s\n", what, fields[i].line, (int)fields[i].name.len,
            fields[i].name.at, (int)fields[i].value.len, fields[i].value.at);
}

static void dump_test(const struct http_test *test, struct buf *out)
{
    buf_printf(out, "%.*s\n  %u %.*s %.*s\n", (int)test->name.len, test->name.at, test->line,
        (int)test->method.len, test->method.at, (int)test->target.len, test->target.at);
    dump_fields(out, "field", test->fields, test->field_count);
    if (test->body.len > 0)
        dump_text(out, "body", test->body);
    buf_printf(out, "  %u status %d\n", test->status_line, test->status);
    dump_fields(out, "expected field", test->expected, test->expected_count);
    if (test->expected_body.len > 0) {
        buf_printf(out, "  %u", test->expected_body_line);
        dump_text(out, "expected body", test->expected_body);
    }
}

// A file is not a stream: it is read whole whatever the step.
static void dump(const char *name, struct span input, size_t step, struct buf *out)
{
    (void)name;
    (void)step;
    AUTO(arena_fini) struct arena arena;
    AUTO(diags_fini) struct diags diags;
    struct http_tests tests = {0};
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    assert_int_equal(http_tests_parse("x.http", input, &arena, &diags, &tests, &err), ERR_NONE);
    for (size_t i = 0; i < tests.count; i++)
        dump_test(&tests.tests[i], out);
    for (size_t i = 0; i < diags.count; i++)
        buf_printf(out, "%s:%u: %s\n", diags.items[i].file, diags.items[i].line, diags.items[i].text);
}

static void files_of_tests_are_read_as_their_cases_say(void **state)
{
    (void)state;
    cases_run("http_tests", dump);
}

static void a_file_that_is_no_text_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/reckoner-http-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "### a\nGET /\0", 12), 12);
    close(fd);
    AUTO(arena_fini) struct arena arena;
    AUTO(diags_fini) struct diags diags;
    struct http_tests tests = {0};
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    assert_int_equal(http_tests_read(path, &arena, &diags, &tests, &err), ERR_NONE);
    unlink(path);
    assert_int_equal(tests.count, 0);
    assert_int_equal(diags.count, 1);
    assert_string_equal(diags.items[0].text, "a NUL byte; the file has to be text, UTF-8");
    assert_int_equal(http_tests_read(path, &arena, &diags, &tests, &err), ERR_NONE);
    assert_int_equal(diags.count, 2);
}

static void any_number_of_tests_and_fields_is_bounded(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text;
    AUTO(arena_fini) struct arena arena;
    AUTO(diags_fini) struct diags diags;
    struct http_tests tests = {0};
    struct err err = {0};
    buf_init(&text, ARENA_BYTES);
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    buf_append_str(&text, "### fields\nGET /\n");
    for (size_t i = 0; i < 101; i++)
        buf_append_str(&text, "a: b\n");
    buf_append_str(&text, "HTTP 200\n");
    for (size_t i = 0; i < 10001; i++)
        buf_append_str(&text, "###\nGET /\nHTTP 200\n");
    assert_int_equal(http_tests_parse("x", buf_span(&text), &arena, &diags, &tests, &err), ERR_NONE);
    assert_int_equal(tests.count, 10000);
    assert_int_equal(diags.count, 2);
    assert_string_equal(diags.items[0].text, "too many header lines");
    assert_string_equal(diags.items[1].text, "too many tests in one file; split it");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char TEXT[] =
        "### a\nPOST /\nA: {{key: scope=s, b=c}}\n\nx\nHTTP 200\nC: d\n\ny\n### b\nGET /\nHTTP 200\n";
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        AUTO(arena_fini) struct arena arena;
        AUTO(diags_fini) struct diags diags;
        struct http_tests tests = {0};
        struct err err = {0};
        arena_init(&arena, ARENA_BYTES);
        diags_init(&diags);
        mem_fail_after(n);
        code = http_tests_parse("x", span_of(TEXT), &arena, &diags, &tests, &err);
        mem_fail_after(-1);
        if (code != ERR_NONE)
            assert_int_equal(code, ERR_NO_MEMORY);
        else
            assert_int_equal(tests.count + tests.keys.count, 3);
        assert_int_equal(n < 100, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_tests_are_read_as_their_cases_say),
        cmocka_unit_test(a_file_that_is_no_text_is_refused),
        cmocka_unit_test(any_number_of_tests_and_fields_is_bounded),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("cmd/http_tests", tests, NULL, NULL);
}
