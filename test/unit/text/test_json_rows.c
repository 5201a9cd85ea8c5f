// SPDX-License-Identifier: Apache-2.0
// The reader of JSON rows: cases of test/cases/json (those named ndjson_… are NDJSON), limits, stops, memory.
#include "text/json_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cases.h"
#include "text/json_write.h"

// A handler's state: it writes what it is told into `out`.
struct trace {
    struct buf *out; // borrowed
    int64_t stop_at; // line at which it stops; 0: none
};

static bool on_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    static const char *kinds[] = {"null", "boolean", "number", "string", "nested"};
    struct trace *trace = ctx;
    buf_printf(trace->out, "row %lld:", (long long)line);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(members[i].name.at);
        assert_non_null(members[i].text.at);
        buf_append_byte(trace->out, ' ');
        json_write_string(trace->out, members[i].name);
        buf_printf(trace->out, " %s ", kinds[members[i].kind]);
        json_write_string(trace->out, members[i].text);
    }
    buf_append_byte(trace->out, '\n');
    return line != trace->stop_at;
}

static bool on_not_object(void *ctx, int64_t line)
{
    struct trace *trace = ctx;
    buf_printf(trace->out, "not an object: %lld\n", (long long)line);
    return line != trace->stop_at;
}

static void write_outcome(struct buf *out, enum err_code code, const struct err *err)
{
    static const char *codes[] = {
        [ERR_MALFORMED] = "malformed", [ERR_TOO_LARGE] = "too large", [ERR_NO_MEMORY] = "no memory"};
    assert_int_equal(code, err->code);
    if (code != ERR_NONE)
        buf_printf(out, "%s at %u:%u: %s\n", codes[code], err->line, err->column, err->text);
}

// What comes of `input`, fed in steps.
static enum err_code read_rows(struct span input, bool ndjson, size_t step, struct trace *trace)
{
    struct json_rows_handler handler = {.ctx = trace, .on_row = on_row, .on_not_object = on_not_object};
    struct json_rows *json = NULL;
    struct err err = {0};
    enum err_code code = json_rows_new(&handler, ndjson, &json, &err);
    struct span part;
    while (code == ERR_NONE && cases_next_step(&input, step, &part))
        code = json_rows_feed(json, part, &err);
    if (code == ERR_NONE)
        code = json_rows_finish(json, &err);
    write_outcome(trace->out, code, &err);
    json_rows_free(json);
    return code;
}

static void dump(const char *name, struct span input, size_t step, struct buf *out)
{
    struct trace trace = {.out = out};
    (void)read_rows(input, strncmp(name, "ndjson_", 7) == 0, step, &trace);
}

static void all_cases_come_out_as_expected_however_they_are_cut(void **state)
{
    (void)state;
    cases_run("json", dump);
}

static void assert_outcome(struct span input, bool ndjson, int64_t stop_at, const char *expected)
{
    static const size_t steps[] = {SIZE_MAX, 1000, 17, 1};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (input.len > 100000 && steps[i] == 1)
            continue;
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 1024 * 1024);
        struct trace trace = {.out = &out, .stop_at = stop_at};
        (void)read_rows(input, ndjson, steps[i], &trace);
        buf_append_byte(&out, '\0');
        assert_string_equal(out.data, expected);
    }
}

static void a_handler_that_stops_is_not_called_again_and_hears_no_errors(void **state)
{
    (void)state;
    assert_outcome(span_of("[{}, {}, {}, broken"), false, 2, "row 1:\nrow 2:\n");
    assert_outcome(span_of("[1, 2, {}, broken"), false, 2, "not an object: 1\nnot an object: 2\n");
    assert_outcome(span_of("{}\n{}\n{\n"), true, 2, "row 1:\nrow 2:\n");
}

static void nul_reaches_the_handler_as_a_byte(void **state)
{
    (void)state;
    assert_outcome(
        span_of("{\"a\\u0000b\": \"\\u0000\"}"), false, 0, "row 1: \"a\\u0000b\" string \"\\u0000\"\n");
    assert_outcome((struct span){.at = "{\"\0\":1}", .len = 8}, false, 0,
        "malformed at 1:3: broken JSON: a control character in a string\n");
}

static void only_so_many_levels_pass(void **state)
{
    (void)state;
    char text[2 * LIMIT_JSON_DEPTH + 20], *at = stpcpy(text, "[{\"a\":");
    for (int i = 2; i < LIMIT_JSON_DEPTH; i++)
        *at++ = '[';
    for (int i = 2; i < LIMIT_JSON_DEPTH; i++)
        *at++ = ']';
    strcpy(at, "}]");
    assert_outcome(span_of(text), false, 0, "row 1: \"a\" nested \"\"\n");
    assert_int_equal(LIMIT_JSON_DEPTH, 64);
    memset(at - 62, '[', 1);
    assert_outcome(span_of(text), false, 0, "too large at 1:69: nested deeper than 64 levels\n");
}

// An object with `count` members.
static void write_members(struct buf *out, int count)
{
    buf_append_byte(out, '{');
    for (int i = 0; i < count; i++)
        buf_printf(out, "%s\"m\":\n%d", i > 0 ? "," : "", i);
    buf_append_byte(out, '}');
}

static void a_row_with_too_many_members_is_refused_with_its_place(void **state)
{
    (void)state;
    struct buf input, out;
    buf_init(&input, 1024 * 1024);
    buf_init(&out, 1024 * 1024);
    struct trace trace = {.out = &out};
    write_members(&input, LIMIT_FIELDS);
    assert_int_equal(read_rows(buf_span(&input), false, 1000, &trace), ERR_NONE);
    buf_clear(&input);
    write_members(&input, LIMIT_FIELDS + 1);
    assert_outcome(buf_span(&input), false, 0, "too large at 257:5: the row has more than 256 members\n");
    buf_fini(&input);
    buf_fini(&out);
}

// {"a": …} with a value of `count` units, which starts and ends as given.
static void write_long_value(
    struct buf *out, const char *start, const char *unit, size_t count, const char *end)
{
    buf_printf(out, "[\n{\"a\": %s", start);
    for (size_t i = 0; i < count; i++)
        buf_append_str(out, unit);
    buf_printf(out, "%s}]", end);
}

static bool count_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    (void)line;
    assert_int_equal(count, 1);
    *(size_t *)ctx = members[0].text.len;
    return true;
}

static bool no_other(void *ctx, int64_t line)
{
    (void)ctx;
    (void)line;
    fail();
    return false;
}

// `expected_len`: of its text; 0: it is too large.
static void check_value(
    const char *start, const char *unit, size_t count, const char *end, size_t expected_len)
{
    static const size_t steps[] = {SIZE_MAX, 65536, 1000};
    AUTO(buf_fini) struct buf input;
    buf_init(&input, 16 * 1024 * 1024);
    write_long_value(&input, start, unit, count, end);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        size_t len = 0;
        struct json_rows_handler handler = {.ctx = &len, .on_row = count_row, .on_not_object = no_other};
        struct json_rows *json;
        struct err err = {0};
        assert_int_equal(json_rows_new(&handler, false, &json, &err), ERR_NONE);
        struct span rest = buf_span(&input), part;
        enum err_code code = ERR_NONE;
        while (code == ERR_NONE && cases_next_step(&rest, steps[i], &part))
            code = json_rows_feed(json, part, &err);
        if (expected_len > 0) {
            assert_int_equal(code, ERR_NONE);
            assert_int_equal(json_rows_finish(json, &err), ERR_NONE);
            assert_int_equal(len, expected_len);
        } else {
            assert_int_equal(code, ERR_TOO_LARGE);
            assert_string_equal(err.text, "a value is larger than 1048576 bytes");
            assert_int_equal(err.line, 2);
            assert_int_equal(err.column, 7);
            assert_int_equal(len, 0);
        }
        json_rows_free(json);
    }
}

static void check_long_value(const char *unit, size_t count, const char *quote, size_t expected_len)
{
    check_value(quote, unit, count, quote, expected_len);
}

static void values_up_to_the_limit_pass_and_longer_ones_do_not(void **state)
{
    (void)state;
    check_long_value("x", LIMIT_VALUE_BYTES, "\"", LIMIT_VALUE_BYTES);
    check_long_value("x", LIMIT_VALUE_BYTES + 1, "\"", 0);
    check_long_value("\\u0001", LIMIT_VALUE_BYTES, "\"", LIMIT_VALUE_BYTES);
    check_long_value("\\u0001", LIMIT_VALUE_BYTES + 1, "\"", 0);
    check_long_value("\\u0001", LIMIT_VALUE_BYTES + 1000, "\"", 0);
    check_long_value("\\ud83d\\ude00", LIMIT_VALUE_BYTES / 4, "\"", LIMIT_VALUE_BYTES);
    check_long_value("\\ud83d\\ude00", LIMIT_VALUE_BYTES / 4 + 1, "\"", 0);
    check_long_value("\xC3\xA9", LIMIT_VALUE_BYTES / 2, "\"", LIMIT_VALUE_BYTES);
    check_long_value("\xC3\xA9", LIMIT_VALUE_BYTES / 2 + 1, "\"", 0);
    check_long_value("1", LIMIT_VALUE_BYTES, "", LIMIT_VALUE_BYTES);
    check_long_value("1", LIMIT_VALUE_BYTES + 1, "", 0);
    // What is broken behind the limit does not matter.
    check_value("\"", "x", LIMIT_VALUE_BYTES + 1, "\\q\"", 0);
    check_value("\"", "x", LIMIT_VALUE_BYTES + 1, "\n\"", 0);
    check_value("\"\\n", "x", LIMIT_VALUE_BYTES, "\xFF\"", 0);
}

static void a_failed_reader_fails_in_the_same_way_again(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1000);
    struct trace trace = {.out = &out};
    struct json_rows_handler handler = {.ctx = &trace, .on_row = on_row, .on_not_object = on_not_object};
    struct json_rows *json;
    assert_int_equal(json_rows_new(&handler, false, &json, NULL), ERR_NONE);
    assert_int_equal(json_rows_feed(json, span_of("[{},\n ?"), NULL), ERR_MALFORMED);
    struct err err = {0};
    assert_int_equal(json_rows_feed(json, span_of("{}]"), &err), ERR_MALFORMED);
    assert_string_equal(err.text, "broken JSON: a stray character");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    assert_int_equal(json_rows_finish(json, NULL), ERR_MALFORMED);
    assert_int_equal(out.len, strlen("row 1:\n"));
    json_rows_free(json);
}

static void every_failed_allocation_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf input, out;
    buf_init(&input, 1024 * 1024);
    buf_init(&out, 1024 * 1024);
    buf_append_str(&input, "[{\"a\": \"");
    for (int i = 0; i < 3000; i++)
        buf_append_str(&input, "\\n\xE2\x82\xAC");
    buf_append_str(&input, "\", \"b\": 1, \"c\": [true]}, {\"a\": \"\"}, 7]");
    assert_int_equal(buf_reserve(&out, 512 * 1024), ERR_NONE);
    int failures = 0;
    enum err_code code = ERR_NO_MEMORY;
    while (code == ERR_NO_MEMORY) {
        buf_clear(&out);
        struct trace trace = {.out = &out};
        mem_fail_after(failures);
        code = read_rows(buf_span(&input), false, 1000, &trace);
        mem_fail_after(-1);
        failures += code == ERR_NO_MEMORY;
    }
    assert_int_equal(code, ERR_NONE);
    assert_true(failures >= 6); // the reader, its row, the tail, the string without escapes, growth
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_come_out_as_expected_however_they_are_cut),
        cmocka_unit_test(a_handler_that_stops_is_not_called_again_and_hears_no_errors),
        cmocka_unit_test(nul_reaches_the_handler_as_a_byte),
        cmocka_unit_test(only_so_many_levels_pass),
        cmocka_unit_test(a_row_with_too_many_members_is_refused_with_its_place),
        cmocka_unit_test(values_up_to_the_limit_pass_and_longer_ones_do_not),
        cmocka_unit_test(a_failed_reader_fails_in_the_same_way_again),
        cmocka_unit_test(every_failed_allocation_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
