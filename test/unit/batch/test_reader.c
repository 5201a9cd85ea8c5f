// SPDX-License-Identifier: Apache-2.0
#include "batch/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

// Clients never see a field's name in SQL.
static struct rule fields[] = {
    {.name = {"key", 3}, .outside = {"id", 2}, .type = TYPE_INTEGER, .required = true},
    {.name = {"seen", 4}, .outside = {"at", 2}, .type = TYPE_TIMESTAMP},
    {.name = {"label", 5}, .outside = {"name", 4}, .type = TYPE_TEXT},
};
static const struct endpoint endpoint = {
    .method = HTTP_POST, .fields = fields, .field_count = ARRAY_LEN(fields)};

// What became of a body, and the memory of it.
struct reading {
    struct rows rows;
    struct report report;
    struct err err;
};

static enum err_code read_in_pieces(
    struct reading *reading, enum body_format format, const char *body, size_t len, size_t piece)
{
    struct reader *reader;
    *reading = (struct reading){0};
    rows_init(&reading->rows, endpoint.field_count, NULL);
    const struct reader_options options = {.endpoint = &endpoint,
        .format = format,
        .max_rows = 3,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .rows = &reading->rows,
        .report = &reading->report};
    enum err_code code = reader_new(&options, &reader, &reading->err);
    if (code != ERR_NONE)
        return code;
    for (size_t at = 0; code == ERR_NONE && at < len; at += piece)
        code = reader_feed(reader, (struct span){.at = body + at, .len = len - at < piece ? len - at : piece},
            &reading->err);
    if (code == ERR_NONE)
        code = reader_finish(reader, &reading->err);
    report_finish(&reading->report);
    reader_free(reader);
    return code;
}

static void reading_fini(struct reading *reading)
{
    rows_fini(&reading->rows);
    report_fini(&reading->report);
}

static const struct {
    enum body_format format;
    const char *body;
} same_rows[] = {
    {BODY_JSON, "[{\"id\":1,\"name\":\"a\"},{\"at\":\"2020-01-01T01:00:00+01:00\",\"id\":2}]"},
    {BODY_NDJSON, "{\"id\":1,\"name\":\"a\"}\n{\"at\":\"2020-01-01T01:00:00+01:00\",\"id\":2}"},
    {BODY_CSV, "id,name,at\n1,a,\n2,,2020-01-01T01:00:00+01:00\n"},
};

static void every_format_gives_the_same_rows_however_it_is_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(same_rows); i++) {
        for (size_t piece = 1; piece < 70; piece++) {
            AUTO(reading_fini) struct reading reading;
            const char *body = same_rows[i].body;
            assert_int_equal(
                read_in_pieces(&reading, same_rows[i].format, body, strlen(body), piece), ERR_NONE);
            assert_int_equal(reading.report.total, 0);
            assert_int_equal(reading.rows.count, 2);
            struct rows_cursor cursor;
            struct value values[3];
            int64_t line;
            rows_start(&reading.rows, &cursor);
            assert_true(rows_next(&cursor, &line, values));
            assert_int_equal(line, same_rows[i].format == BODY_CSV ? 2 : 1);
            assert_int_equal(values[0].integer, 1);
            assert_int_equal(values[1].kind, VALUE_NULL);
            assert_true(span_is(values[2].text, "a"));
            assert_true(rows_next(&cursor, &line, values));
            assert_int_equal(values[0].integer, 2);
            assert_true(span_is(values[1].text, "2020-01-01T00:00:00.000Z"));
            assert_int_equal(values[2].kind, VALUE_NULL);
        }
    }
}

static void a_form_is_one_row(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    const char *body = "id=7&name=a+%26b";
    assert_int_equal(read_in_pieces(&reading, BODY_FORM, body, strlen(body), 3), ERR_NONE);
    struct rows_cursor cursor;
    struct value values[3];
    int64_t line;
    rows_start(&reading.rows, &cursor);
    assert_true(rows_next(&cursor, &line, values));
    assert_int_equal(line, 1);
    assert_int_equal(values[0].integer, 7);
    assert_true(span_is(values[2].text, "a &b"));
}

static void a_form_has_a_maximum(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    size_t len = LIMIT_FORM_BYTES + 1;
    char *body = mem_alloc(len);
    assert_non_null(body);
    memset(body, 'x', len);
    assert_int_equal(read_in_pieces(&reading, BODY_FORM, body, len, 65536), ERR_TOO_LARGE);
    assert_string_equal(reading.err.text, "the form is larger than 1048576 bytes");
    mem_free(body);
}

static void one_row_too_many_is_too_large(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    const char *body = "id\n1\n2\n3\n4\n";
    assert_int_equal(read_in_pieces(&reading, BODY_CSV, body, strlen(body), 100), ERR_TOO_LARGE);
    assert_string_equal(reading.err.text, "the batch has more than 3 rows: send it in several requests");
}

static void a_header_alone_has_no_rows(void **state)
{
    (void)state;
    const char *const bodies[] = {"id\n", "id,name\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        AUTO(reading_fini) struct reading reading;
        assert_int_equal(read_in_pieces(&reading, BODY_CSV, bodies[i], strlen(bodies[i]), 100), ERR_NONE);
        assert_int_equal(reading.rows.count, 0);
    }
}

static void assert_first_fault(
    const char *body, enum body_format format, const char *field, const char *detail)
{
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_in_pieces(&reading, format, body, strlen(body), 1000), ERR_NONE);
    assert_int_not_equal(reading.report.total, 0);
    const struct fault *fault = report_fault(&reading.report, 0);
    assert_true(span_is(fault->field, field));
    assert_memory_equal(fault->detail.at, detail, strlen(detail));
    assert_int_equal(fault->detail.len, strlen(detail));
}

static void faults_say_what_is_expected(void **state)
{
    (void)state;
    assert_first_fault("id\nx\n", BODY_CSV, "id", "must be an integer");
    assert_first_fault("id\n\"\"\n", BODY_CSV, "id", "is required");
    assert_first_fault("name\na\n", BODY_CSV, "id", "is missing from the header");
    assert_first_fault("id,id\n1,1\n", BODY_CSV, "id", "is given twice");
    assert_first_fault("1,a\n2,b\n", BODY_CSV, "1",
        "is not a field: the first line is a header with the names of them, but for @csv header absent or @csv "
        "skip: id, at, name");
    assert_first_fault("id;name\n1;1\n", BODY_CSV, "id;name",
        "cells are separated by ';': declare @csv delimiter ';' or send ?csv.delimiter=;");
    assert_first_fault("id,nme\n1,1\n", BODY_CSV, "nme",
        "is not a field, which @csv extra ignore or ?csv.extra=ignore would pass over; the fields are id, at, "
        "name");
    assert_first_fault("{\"id\":1,\"at\":\"now\"}", BODY_JSON, "at", "must be a timestamp, RFC 3339");
    assert_first_fault("{\"id\":1,\"id\":1}", BODY_JSON, "id", "is given twice");
}

static void a_header_in_utf_16_without_a_mark_is_told_once(void **state)
{
    (void)state;
    static const char little[] = "i\0d\0,\0n\0a\0m\0e\0,\0a\0t\0\n\0001\0,\0,\0\n";
    static const struct span bodies[] = {{little, sizeof(little)},
        {little + 1, sizeof(little) - 1}}; // the last one without its first letter is of the other byte order
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        AUTO(reading_fini) struct reading reading;
        assert_int_equal(read_in_pieces(&reading, BODY_CSV, bodies[i].at, bodies[i].len, 1000), ERR_NONE);
        assert_int_equal(reading.report.total, 1);
        assert_true(span_is(report_fault(&reading.report, 0)->detail,
            "the header has NUL bytes, as UTF-16 has: declare @csv encoding UTF-16 or send Content-Type: "
            "text/csv; charset=UTF-16"));
    }
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(same_rows); i++) {
        enum err_code code = ERR_NO_MEMORY;
        for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
            AUTO(reading_fini) struct reading reading;
            mem_fail_after(fail);
            code = read_in_pieces(
                &reading, same_rows[i].format, same_rows[i].body, strlen(same_rows[i].body), 7);
            mem_fail_after(-1);
            assert_true(fail < 1000);
        }
        assert_int_equal(code, ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_the_same_rows_however_it_is_split),
        cmocka_unit_test(a_form_is_one_row),
        cmocka_unit_test(a_form_has_a_maximum),
        cmocka_unit_test(one_row_too_many_is_too_large),
        cmocka_unit_test(a_header_alone_has_no_rows),
        cmocka_unit_test(faults_say_what_is_expected),
        cmocka_unit_test(a_header_in_utf_16_without_a_mark_is_told_once),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
