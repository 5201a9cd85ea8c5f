// SPDX-License-Identifier: Apache-2.0
// Cases of test/cases/dialects: above a line "---" the `input` has directives, below it a CSV body as it
// comes; `expected` has the rows and faults. And memory.
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "../text/cases.h"
#include "app/directives.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/reader.h"
#include "text/json_write.h"

enum { MAX_BYTES = 16 * 1024 * 1024 };

static const char HEAD[] = "-- @endpoint POST /a\n",
                  TAIL[] = "-- @write\nINSERT INTO t DEFAULT VALUES;\n-- @answer 204\n";

static void dump_value(const struct value *value, struct buf *out)
{
    char number[NUMBER_CHARS];
    buf_append_byte(out, ' ');
    if (value->kind == VALUE_NULL)
        buf_append_str(out, "null");
    else if (value->kind == VALUE_TEXT)
        json_write_string(out, value->text);
    else {
        struct span shown = value_show(*value, number);
        buf_append(out, shown.at, shown.len);
    }
}

static void dump_rows(const struct rows *rows, struct buf *out)
{
    struct rows_cursor cursor;
    struct value values[LIMIT_FIELDS];
    int64_t line;
    rows_start(rows, &cursor);
    while (rows_next(&cursor, &line, values)) {
        buf_printf(out, "%" PRId64 ":", line);
        for (size_t i = 0; i < rows->field_count; i++)
            dump_value(&values[i], out);
        buf_append_byte(out, '\n');
    }
}

static void dump_faults(struct report *report, struct buf *out)
{
    report_finish(report);
    for (size_t i = 0; i < report->kept_count; i++) {
        const struct fault *fault = report_fault(report, i);
        buf_printf(out, "fault %" PRId64 " %.*s %.*s", fault->line, (int)fault->code.len, fault->code.at,
            (int)fault->field.len, fault->field.at != NULL ? fault->field.at : "");
        if (fault->value.at != NULL)
            buf_printf(out, " \"%.*s\"", (int)fault->value.len, fault->value.at);
        buf_printf(out, ": %.*s\n", (int)fault->detail.len, fault->detail.at);
    }
}

static enum err_code read_body(
    const struct endpoint *endpoint, struct span body, size_t step, struct buf *out)
{
    struct rows rows;
    struct report report = {0};
    struct reader *reader = NULL;
    struct err err = {0};
    struct span part;
    rows_init(&rows, endpoint->field_count, NULL);
    const struct reader_options options = {.endpoint = endpoint,
        .format = BODY_CSV,
        .max_rows = 100,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .rows = &rows,
        .report = &report};
    enum err_code code = reader_new(&options, &reader, &err);
    while (code == ERR_NONE && cases_next_step(&body, step, &part))
        code = reader_feed(reader, part, &err);
    if (code == ERR_NONE)
        code = reader_finish(reader, &err);
    assert_int_equal(code, err.code);
    dump_rows(&rows, out);
    dump_faults(&report, out);
    if (code != ERR_NONE)
        buf_printf(out, "error %u:%u: %s\n", (unsigned)err.line, (unsigned)err.column, err.text);
    reader_free(reader);
    rows_fini(&rows);
    report_fini(&report);
    return code;
}

// Takes the directives and the line behind them off the front of a case.
static void read_endpoint(
    struct span *input, struct arena *arena, struct buf *text, struct endpoint *ret_endpoint)
{
    struct diags diags;
    struct err err = {0};
    diags_init(&diags);
    buf_append_str(text, HEAD);
    for (struct span line = span_line(input); !span_is(line, "---"); line = span_line(input)) {
        assert_int_not_equal(input->len, 0);
        buf_printf(text, "%.*s\n", (int)line.len, line.at);
    }
    buf_append_str(text, TAIL);
    if (directives_parse("input", buf_span(text), SQL_SQLITE, arena, &diags, ret_endpoint, &err) !=
        ERR_NONE) {
        diags_print(&diags, stderr);
        fail();
    }
    diags_fini(&diags);
}

static void dump(const char *name, struct span input, size_t step, struct buf *out)
{
    (void)name;
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf text;
    struct endpoint endpoint;
    arena_init(&arena, MAX_BYTES);
    buf_init(&text, MAX_BYTES);
    read_endpoint(&input, &arena, &text, &endpoint);
    (void)read_body(&endpoint, input, step, out);
}

static void each_dialect_is_read_as_expected_however_it_is_cut(void **state)
{
    (void)state;
    cases_run("dialects", dump);
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    struct span input =
        span_of("-- @csv delimiter auto encoding UTF-16BE skip 1 date '%d.%m.%Y' decimal ','\n"
                "-- @field a number\n-- @field d date\n---\n");
    static const char body[] = "\0x\0\n\0a\0;\0d\0\n\0001\0,\0005\0;\0001\0.\0001\0.\0002\0000\0002\0000\0\n";
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf text, out;
    struct endpoint endpoint;
    arena_init(&arena, MAX_BYTES);
    buf_init(&text, MAX_BYTES);
    read_endpoint(&input, &arena, &text, &endpoint);
    buf_init(&out, MAX_BYTES);
    buf_reserve(&out, 4096);
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY || code == ERR_TOO_LARGE; fail++) { // the latter: a full arena
        buf_clear(&out);
        mem_fail_after(fail);
        code = read_body(&endpoint, (struct span){.at = body, .len = sizeof(body) - 1}, 7, &out);
        mem_fail_after(-1);
        assert_true(fail < 1000);
    }
    assert_int_equal(code, ERR_NONE);
    assert_true(span_is(buf_span(&out), "3: 1.5 \"2020-01-01\"\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_is_read_as_expected_however_it_is_cut),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
