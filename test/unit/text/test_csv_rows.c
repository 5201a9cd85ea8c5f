// SPDX-License-Identifier: Apache-2.0
// The reader of CSV rows, below csv_input.c as bodies come to it: cases of test/cases/csv, limits, stops,
// memory.
#include "text/csv_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cases.h"
#include "text/csv_input.h"
#include "text/json_write.h"

// A handler's state: it writes what it is told into `out`.
struct trace {
    struct buf *out; // borrowed
    int64_t stop_at; // line at which it stops; 0: none
};

// An empty cell without quotes is written as null.
static bool on_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct trace *trace = ctx;
    buf_printf(trace->out, "row %lld:", (long long)line);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(cells[i].text.at);
        buf_append_byte(trace->out, ' ');
        if (cells[i].text.len > 0 || cells[i].is_quoted)
            json_write_string(trace->out, cells[i].text);
        else
            buf_append_str(trace->out, "null");
    }
    buf_append_byte(trace->out, '\n');
    return line != trace->stop_at;
}

static bool on_broken_row(void *ctx, int64_t line)
{
    struct trace *trace = ctx;
    buf_printf(trace->out, "broken row %lld\n", (long long)line);
    return line != trace->stop_at;
}

// What comes of `input`, fed in steps.
static enum err_code read_rows(struct span input, size_t step, struct trace *trace)
{
    static const char *codes[] = {
        [ERR_MALFORMED] = "malformed", [ERR_TOO_LARGE] = "too large", [ERR_NO_MEMORY] = "no memory"};
    struct csv_rows_handler handler = {.ctx = trace, .on_row = on_row, .on_broken_row = on_broken_row};
    struct csv_dialect strict = CSV_STRICT;
    AUTO(csv_input_fini) struct csv_input csv;
    struct err err = {0};
    enum err_code code = csv_input_init(&csv, &strict, &handler, &err);
    struct span part;
    while (code == ERR_NONE && cases_next_step(&input, step, &part))
        code = csv_input_feed(&csv, part, &err);
    if (code == ERR_NONE)
        code = csv_input_finish(&csv, &err);
    assert_int_equal(code, err.code);
    if (code != ERR_NONE)
        buf_printf(trace->out, "%s at %u:%u: %s\n", codes[code], err.line, err.column, err.text);
    return code;
}

static void dump(const char *name, struct span input, size_t step, struct buf *out)
{
    (void)name;
    struct trace trace = {.out = out};
    (void)read_rows(input, step, &trace);
}

static void all_cases_come_out_as_expected_however_they_are_cut(void **state)
{
    (void)state;
    cases_run("csv", dump);
}

static void assert_outcome(struct span input, int64_t stop_at, const char *expected)
{
    static const size_t steps[] = {SIZE_MAX, 100000, 1000, 17};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 4 * 1024 * 1024);
        struct trace trace = {.out = &out, .stop_at = stop_at};
        (void)read_rows(input, steps[i], &trace);
        buf_append_byte(&out, '\0');
        assert_string_equal(out.data, expected);
    }
}

static void a_handler_that_stops_is_not_called_again_and_hears_no_errors(void **state)
{
    (void)state;
    assert_outcome(span_of("a\nb\nc\n\"d"), 2, "row 1: \"a\"\nrow 2: \"b\"\n");
}

static void bytes_that_are_not_text_pass_as_they_are(void **state)
{
    (void)state;
    assert_outcome((struct span){.at = "a\0b,c\n", .len = 6}, 0, "row 1: \"a\\u0000b\" \"c\"\n");
}

static void a_row_with_too_many_cells_is_refused_with_its_line(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf input, out;
    buf_init(&input, 10000);
    buf_init(&out, 10000);
    struct trace trace = {.out = &out};
    for (int i = 1; i < LIMIT_CSV_CELLS; i++)
        buf_append_byte(&input, ',');
    assert_int_equal(read_rows(buf_span(&input), 1000, &trace), ERR_NONE);
    buf_clear(&input);
    buf_append_str(&input, "a\n");
    for (int i = 0; i < LIMIT_CSV_CELLS; i++)
        buf_append_byte(&input, ',');
    assert_outcome(buf_span(&input), 0, "row 1: \"a\"\ntoo large at 2:0: the row has more than 4096 cells\n");
}

static bool measure_cell(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    (void)line;
    assert_int_equal(count, 2);
    *(size_t *)ctx = cells[0].text.len;
    return true;
}

static void check_long_cell(size_t len, const char *quote, bool fits)
{
    static const size_t steps[] = {SIZE_MAX, 1000};
    AUTO(buf_fini) struct buf input;
    buf_init(&input, 4 * 1024 * 1024);
    buf_printf(&input, "\n%s", quote);
    for (size_t i = 0; i < len; i++)
        buf_append_byte(&input, 'x');
    buf_printf(&input, "%s,b\n", quote);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        size_t seen = 0;
        struct csv_rows_handler handler = {.ctx = &seen, .on_row = measure_cell};
        struct csv_rows *csv;
        struct err err = {0};
        assert_int_equal(csv_rows_new(&handler, &csv, &err), ERR_NONE);
        struct span rest = buf_span(&input), part;
        enum err_code code = ERR_NONE;
        while (code == ERR_NONE && cases_next_step(&rest, steps[i], &part))
            code = csv_rows_feed(csv, part, &err);
        assert_int_equal(code, fits ? ERR_NONE : ERR_TOO_LARGE);
        assert_int_equal(seen, fits ? len : 0);
        if (!fits) {
            assert_string_equal(err.text, "a cell is larger than 1048576 bytes");
            assert_int_equal(err.line, 2);
        }
        csv_rows_free(csv);
    }
}

static void cells_up_to_the_limit_pass_and_longer_ones_do_not(void **state)
{
    (void)state;
    check_long_cell(LIMIT_VALUE_BYTES, "", true);
    check_long_cell(LIMIT_VALUE_BYTES, "\"", true);
    check_long_cell(LIMIT_VALUE_BYTES + 1, "", false);
    check_long_cell(LIMIT_VALUE_BYTES + 1, "\"", false);
    check_long_cell(LIMIT_VALUE_BYTES + 5000, "", false);
    check_long_cell(LIMIT_VALUE_BYTES + 5000, "\"", false);
}

static void a_failed_reader_fails_in_the_same_way_again(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out, long_cell;
    buf_init(&out, 1000);
    buf_init(&long_cell, LIMIT_VALUE_BYTES + 2);
    buf_append_str(&long_cell, "a\n");
    while (long_cell.len < long_cell.max)
        buf_append_byte(&long_cell, 'x');
    struct trace trace = {.out = &out};
    struct csv_rows_handler handler = {.ctx = &trace, .on_row = on_row, .on_broken_row = on_broken_row};
    struct csv_rows *csv;
    assert_int_equal(csv_rows_new(&handler, &csv, NULL), ERR_NONE);
    assert_int_equal(csv_rows_feed(csv, buf_span(&long_cell), NULL), ERR_NONE);
    assert_int_equal(csv_rows_feed(csv, span_of("x"), NULL), ERR_TOO_LARGE);
    struct err err = {0};
    assert_int_equal(csv_rows_feed(csv, span_of("\nc\n"), &err), ERR_TOO_LARGE);
    assert_int_equal(err.line, 2);
    assert_string_equal(err.text, "a cell is larger than 1048576 bytes");
    assert_int_equal(csv_rows_finish(csv, NULL), ERR_TOO_LARGE);
    assert_int_equal(out.len, strlen("row 1: \"a\"\n"));
    csv_rows_free(csv);
}

static void every_failed_allocation_is_told(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf input, whole, out;
    buf_init(&input, 1024 * 1024);
    buf_init(&whole, 1024 * 1024);
    buf_init(&out, 1024 * 1024);
    for (int i = 0; i < 20000; i++)
        buf_append_byte(&input, 'x');
    buf_append_str(&input, ",\"y\"\n1,2\n");
    struct trace trace = {.out = &whole};
    assert_int_equal(read_rows(buf_span(&input), 1000, &trace), ERR_NONE);
    assert_int_equal(buf_reserve(&out, 512 * 1024), ERR_NONE);
    int told = 0;
    for (long n = 0; n < 20; n++) {
        buf_clear(&out);
        trace.out = &out;
        mem_fail_after(n);
        enum err_code code = read_rows(buf_span(&input), 1000, &trace);
        mem_fail_after(-1);
        told += code == ERR_NO_MEMORY;
        if (code == ERR_NONE)
            assert_true(span_equal(buf_span(&out), buf_span(&whole)));
        else
            assert_int_equal(code, ERR_NO_MEMORY);
    }
    assert_true(told >= 3); // the reader, its row, the row's growth
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_come_out_as_expected_however_they_are_cut),
        cmocka_unit_test(a_handler_that_stops_is_not_called_again_and_hears_no_errors),
        cmocka_unit_test(bytes_that_are_not_text_pass_as_they_are),
        cmocka_unit_test(a_row_with_too_many_cells_is_refused_with_its_line),
        cmocka_unit_test(cells_up_to_the_limit_pass_and_longer_ones_do_not),
        cmocka_unit_test(a_failed_reader_fails_in_the_same_way_again),
        cmocka_unit_test(every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
