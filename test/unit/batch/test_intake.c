// SPDX-License-Identifier: Apache-2.0
// What is the formats' own is in test_reader.c; here is what an intake adds.
#include "batch/intake.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "batch/run.h"
#include "fixture.h"
#include "text/pattern.h"

static struct rule fields[] = {
    {.name = {"id", 2}, .outside = {"id", 2}, .type = TYPE_INTEGER, .required = true},
    {.name = {"name", 4}, .outside = {"name", 4}, .type = TYPE_TEXT},
};
static struct store_name field_names[] = {
    {.name = {"id", 2}, .type = TYPE_INTEGER}, {.name = {"name", 4}, .type = TYPE_TEXT}};
static const struct endpoint endpoint = {
    .method = HTTP_POST, .fields = fields, .field_names = field_names, .field_count = ARRAY_LEN(fields)};

// An intake with all that it borrows.
struct taking {
    struct budget budget;
    struct report report;
    struct arena arena;
    struct intake intake;
    struct err err;
};

static void taking_fini(struct taking *taking)
{
    intake_fini(&taking->intake);
    report_fini(&taking->report);
    arena_fini(&taking->arena);
    assert_int_equal(atomic_load(&taking->budget.used_bytes), 0);
}

static enum err_code start_all(struct taking *taking, enum body_format format, enum coding coding,
    const char *boundary, const char *query, size_t budget_bytes)
{
    *taking = (struct taking){.budget = {.max_bytes = budget_bytes}};
    arena_init(&taking->arena, 100000);
    struct intake_options options = {.endpoint = &endpoint,
        .coding = coding,
        .max_bytes = 1000000,
        .format = format,
        .boundary = span_of(boundary),
        .query = span_of(query),
        .arena = &taking->arena,
        .max_rows = 100000,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .budget = &taking->budget,
        .report = &taking->report};
    return intake_start(&taking->intake, &options, &taking->err);
}

static enum err_code start_in(
    struct taking *taking, enum body_format format, enum coding coding, size_t budget_bytes)
{
    return start_all(taking, format, coding, "", "", budget_bytes);
}

static void start_form(struct taking *taking, const char *query)
{
    assert_int_equal(start_all(taking, BODY_FILE_FORM, CODING_IDENTITY, "bb", query, 10000), ERR_NONE);
}

static enum err_code start(struct taking *taking, enum body_format format, size_t budget_bytes)
{
    return start_in(taking, format, CODING_IDENTITY, budget_bytes);
}

static void start_coded(
    struct taking *taking, enum body_format format, enum coding coding, size_t budget_bytes)
{
    assert_int_equal(start_in(taking, format, coding, budget_bytes), ERR_NONE);
}

static enum err_code feed(struct taking *taking, const char *text, size_t len)
{
    return intake_feed(&taking->intake, (struct span){.at = text, .len = len}, &taking->err);
}

static const struct {
    enum body_format format;
    const char *body;
} bodies[] = {
    {BODY_JSON, "[{\"id\":1,\"name\":\"a\"}, {\"id\":2}, {\"id\":\"x\"}]"},
    {BODY_NDJSON, "{\"id\":1,\"name\":\"a\"}\n{\"id\":2}\n{\"id\":\"x\"}\n"},
    {BODY_CSV, "id,name\n1,a\n2,\nx,b\n"},
};

static void any_split_in_two_gives_the_same_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const char *body = bodies[i].body;
        for (size_t first = 0; first <= strlen(body); first++) {
            AUTO(taking_fini) struct taking taking;
            assert_int_equal(start(&taking, bodies[i].format, 10000), ERR_NONE);
            assert_int_equal(feed(&taking, body, first), ERR_NONE);
            assert_int_equal(feed(&taking, body + first, strlen(body) - first), ERR_NONE);
            assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_NONE);
            assert_int_equal(taking.report.total, 1);
            AUTO(rows_fini) struct rows rows;
            intake_take_rows(&taking.intake, &rows);
            assert_int_equal(rows.count, 2);
            assert_int_equal(atomic_load(&taking.budget.used_bytes), rows.packed.cap);
            struct rows_cursor cursor;
            struct value values[2];
            int64_t line;
            rows_start(&rows, &cursor);
            assert_true(rows_next(&cursor, &line, values) && values[0].integer == 1);
            assert_true(span_is(values[1].text, "a"));
            assert_true(rows_next(&cursor, &line, values) && values[0].integer == 2);
            assert_int_equal(values[1].kind, VALUE_NULL);
        }
    }
}

static void a_compressed_body_gives_the_same_rows_and_its_memory_is_charged(void **state)
{
    (void)state;
    const char *body = bodies[2].body;
    for (int i = 0; i < 2; i++) {
        AUTO(buf_fini) struct buf coded;
        enum coding coding = i == 0 ? CODING_GZIP : CODING_ZSTD;
        struct compressor *compressor = compressor_new();
        buf_init(&coded, 10000);
        assert_int_equal(compressor_begin(compressor, coding, strlen(body)), ERR_NONE);
        assert_int_equal(compressor_add(compressor, span_of(body), true, &coded), ERR_NONE);
        compressor_free(compressor);
        for (size_t len = 0; len <= coded.len; len++) {
            AUTO(taking_fini) struct taking taking;
            start_coded(&taking, BODY_CSV, coding, 10000000);
            assert_int_equal(feed(&taking, coded.data, len), ERR_NONE);
            assert_true(atomic_load(&taking.budget.used_bytes) > 65536);
            if (len % 7 == 6) { // cut off
                enum err_code code = len < coded.len ? ERR_MALFORMED : ERR_NONE;
                assert_int_equal(intake_finish(&taking.intake, &taking.err), code);
                continue;
            }
            assert_int_equal(feed(&taking, coded.data + len, coded.len - len), ERR_NONE);
            assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_NONE);
            assert_int_equal(taking.intake.rows.count, 2);
            assert_int_equal(taking.report.total, 1);
        }
        AUTO(taking_fini) struct taking small;
        start_coded(&small, BODY_CSV, coding, 50000);
        assert_int_equal(feed(&small, coded.data, coded.len), ERR_BUSY);
    }
}

static void the_file_of_a_form_gives_the_same_rows(void **state)
{
    (void)state;
    static const struct {
        const char *head; // of the file's part
        int body;         // of `bodies`
    } forms[] = {
        {"filename=a.csv", 2},
        {"filename=A.CSV\r\nContent-Type: application/octet-stream", 2},
        {"filename=\"a.json\"\r\nContent-Type: application/json", 0},
        {"filename=a.txt\r\nContent-Type: application/x-ndjson", 1},
        {"filename=a.csv\r\nContent-Type: application/vnd.ms-excel", 2},
        {"filename=a.csv\r\nContent-Type: application/x-www-form-urlencoded", 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        char form[500];
        int len = snprintf(form, sizeof(form),
            "--bb\r\nContent-Disposition: form-data; name=f; %s\r\n\r\n%s\r\n--bb--\r\n", forms[i].head,
            bodies[forms[i].body].body);
        for (int first = 0; first <= len; first++) {
            AUTO(taking_fini) struct taking taking;
            start_form(&taking, "");
            assert_int_equal(feed(&taking, form, (size_t)first), ERR_NONE);
            assert_int_equal(feed(&taking, form + first, (size_t)(len - first)), ERR_NONE);
            assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_NONE);
            assert_int_equal(taking.intake.rows.count, 2);
            assert_int_equal(taking.report.total, 1);
        }
    }
}

// The texts of the form are gone when the rows are read.
static void the_file_of_a_form_is_of_the_dialect_that_its_type_and_the_query_say(void **state)
{
    (void)state;
    static const struct {
        const char *head, *query, *body;
    } forms[] = {
        {"a.csv\r\nContent-Type: text/csv; charset=windows-1252", "", "id,name\n1,\xe4\n"},
        {"a.csv\r\nContent-Type: text/csv; header=absent", "", "1,\xc3\xa4\n"},
        {"a.txt\r\nContent-Type: text/tab-separated-values", "", "id\tname\n1\t\xc3\xa4\n"},
        {"a.csv\r\nContent-Type: text/csv; charset=utf-8", "csv.encoding=windows-1252", "id,name\n1,\xe4\n"},
        {"a.tsv\r\nContent-Type: text/csv; charset=windows-1252", "csv.header=absent", "1\t\xe4\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        char form[500];
        int len = snprintf(form, sizeof(form),
            "--bb\r\nContent-Disposition: form-data; name=f; filename=%s\r\n\r\n%s\r\n--bb--\r\n",
            forms[i].head, forms[i].body);
        AUTO(taking_fini) struct taking taking;
        start_form(&taking, forms[i].query);
        for (int at = 0; at < len; at++)
            assert_int_equal(feed(&taking, form + at, 1), ERR_NONE);
        assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_NONE);
        AUTO(rows_fini) struct rows rows;
        intake_take_rows(&taking.intake, &rows);
        struct rows_cursor cursor;
        struct value values[2];
        int64_t line;
        rows_start(&rows, &cursor);
        assert_true(rows_next(&cursor, &line, values) && values[0].integer == 1);
        assert_true(span_is(values[1].text, "\xc3\xa4"));
    }
}

static void a_form_whose_file_is_of_no_format_is_refused(void **state)
{
    (void)state;
    const char *form =
        "--bb\r\nContent-Disposition: form-data; name=f; filename=a.xlsx\r\n\r\nPK\r\n--bb--\r\n";
    AUTO(taking_fini) struct taking taking;
    start_form(&taking, "");
    assert_int_equal(feed(&taking, form, strlen(form)), ERR_MEDIA_TYPE);
    assert_string_equal(taking.err.text, "the file \"a.xlsx\" has to end in .csv, .tsv, .json or .ndjson");
}

static void a_failure_gives_all_back_at_once(void **state)
{
    (void)state;
    AUTO(taking_fini) struct taking taking;
    const char *good = "id,name\n1,a\n2,b\n", *bad = "3,\"c";
    assert_int_equal(start(&taking, BODY_CSV, 10000), ERR_NONE);
    assert_int_equal(feed(&taking, good, strlen(good)), ERR_NONE);
    assert_true(atomic_load(&taking.budget.used_bytes) > 0);
    assert_int_equal(feed(&taking, bad, strlen(bad)), ERR_NONE);
    assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_MALFORMED);
    assert_int_equal(taking.err.line, 4);
    assert_int_equal(atomic_load(&taking.budget.used_bytes), 0);
}

static void one_that_is_cut_short_gives_all_back_at_its_end(void **state)
{
    (void)state;
    AUTO(taking_fini) struct taking taking;
    const char *cut = "[{\"id\":1},{\"id\":2";
    assert_int_equal(start(&taking, BODY_JSON, 10000), ERR_NONE);
    assert_int_equal(feed(&taking, cut, strlen(cut)), ERR_NONE);
    assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_MALFORMED);
    assert_int_equal(atomic_load(&taking.budget.used_bytes), 0);
}

static void a_budget_that_is_spent_is_busy(void **state)
{
    (void)state;
    AUTO(taking_fini) struct taking taking;
    assert_int_equal(start(&taking, BODY_CSV, 2000), ERR_NONE);
    const char *row = "1,abcdefghij\n";
    enum err_code code = feed(&taking, "id,name\n", 8);
    for (int i = 0; code == ERR_NONE && i < 1000; i++)
        code = feed(&taking, row, strlen(row));
    assert_int_equal(code, ERR_BUSY);
    assert_string_equal(taking.err.text, "too many batches are waiting: send this one again later");
    assert_int_equal(atomic_load(&taking.budget.used_bytes), 0);
}

static void a_row_that_does_not_end_is_charged(void **state)
{
    (void)state;
    static const char *const starts[] = {"[{\"id\":1,\"name\":\"", "{\"id\":1,\"name\":\"", "id,name\n1,\""};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        AUTO(taking_fini) struct taking taking;
        char text[100];
        memset(text, 'x', sizeof(text));
        assert_int_equal(start(&taking, bodies[i].format, 5000), ERR_NONE);
        assert_int_equal(feed(&taking, starts[i], strlen(starts[i])), ERR_NONE);
        enum err_code code = ERR_NONE;
        size_t fed = 0;
        for (; code == ERR_NONE && fed < 10000; fed += sizeof(text))
            code = feed(&taking, text, sizeof(text));
        assert_int_equal(code, ERR_BUSY);
        assert_in_range(fed, 4900, 5100);
        assert_int_equal(atomic_load(&taking.budget.used_bytes), 0);
    }
}

static void flushed_rows_are_in_the_table_batch_and_memory_stays_small(void **state)
{
    struct fixture *f = *state;
    AUTO(taking_fini) struct taking taking;
    struct err err = {0};
    char row[32];
    assert_int_equal(start(&taking, BODY_CSV, 10000), ERR_NONE);
    must_be_fine(store_begin(f->conn, &err), &err);
    must_be_fine(store_batch_open(f->conn, field_names, ARRAY_LEN(field_names), &err), &err);
    run_script(f->conn, "CREATE TEMP TABLE t(ok CHECK (ok))");
    assert_int_equal(feed(&taking, "id,name\n", 8), ERR_NONE);
    for (int i = 0; i < 5000; i++) {
        int len = snprintf(row, sizeof(row), "%d,some text\n", i);
        assert_int_equal(feed(&taking, row, (size_t)len), ERR_NONE);
        if (i % 100 == 99)
            must_be_fine(intake_flush(&taking.intake, f->conn, &err), &err);
    }
    assert_int_equal(intake_finish(&taking.intake, &taking.err), ERR_NONE);
    assert_int_equal(taking.intake.rows.count, 0);
    run_script(f->conn, "INSERT INTO t SELECT count(*) = 5000 AND max(line) = 5001 FROM batch");
    store_rollback(f->conn);
}

static void missing_memory_is_told_and_leaves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        enum err_code code = ERR_NO_MEMORY;
        for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
            AUTO(taking_fini) struct taking taking;
            mem_fail_after(fail);
            code = start(&taking, bodies[i].format, 10000);
            if (code == ERR_NONE)
                code = feed(&taking, bodies[i].body, strlen(bodies[i].body));
            if (code == ERR_NONE)
                code = intake_finish(&taking.intake, &taking.err);
            mem_fail_after(-1);
            assert_true(fail < 1000);
        }
        assert_int_equal(code, ERR_NONE);
    }
}

// A batch of `rows` rows whose one text makes the pattern try in vain; returns its report's faults.
static size_t take_hard_texts(enum body_format format, int rows, struct taking *taking)
{
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf body;
    struct pattern_error error;
    const struct pattern *pattern;
    arena_init(&arena, 65536);
    buf_init(&body, 1024 * 1024);
    assert_int_equal(pattern_compile(span_of("(a+)+[bc]d*"), &arena, &pattern, &error), ERR_NONE);
    struct rule rule = {.name = {"a", 1}, .outside = {"a", 1}, .type = TYPE_TEXT, .pattern = pattern};
    struct store_name name = {.name = {"a", 1}, .type = TYPE_TEXT};
    struct endpoint hard = {.method = HTTP_POST, .fields = &rule, .field_names = &name, .field_count = 1};
    *taking = (struct taking){.budget = {.max_bytes = 1024 * 1024}};
    struct intake_options options = {.endpoint = &hard,
        .format = format,
        .max_rows = 100000,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .budget = &taking->budget,
        .report = &taking->report};
    assert_int_equal(intake_start(&taking->intake, &options, &taking->err), ERR_NONE);
    buf_append_str(&body, format == BODY_CSV ? "a\n" : format == BODY_JSON ? "[" : "");
    for (int i = 0; i < rows; i++) {
        const char *text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaace";
        if (format == BODY_CSV)
            buf_printf(&body, "%s\n", text);
        else
            buf_printf(&body, "%s{\"a\":\"%s\"}\n", format == BODY_JSON && i > 0 ? "," : "", text);
    }
    buf_append_str(&body, format == BODY_JSON ? "]" : "");
    assert_int_equal(feed(taking, body.data, body.len), ERR_NONE);
    assert_int_equal(intake_finish(&taking->intake, &taking->err), ERR_NONE);
    return taking->report.total;
}

static void patterns_that_take_too_long_end_the_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        AUTO(taking_fini) struct taking few, many;
        assert_int_equal(take_hard_texts(bodies[i].format, 3, &few), 3);
        const struct fault *fault = report_fault(&few.report, 2);
        assert_true(span_is(fault->code, "pattern"));
        assert_true(
            span_is(fault->detail, "takes too long to match its pattern: send a shorter or simpler text"));
        size_t total = take_hard_texts(bodies[i].format, 3000, &many);
        assert_in_range(total, 400, 600);
        fault = report_fault(&many.report, total - 1);
        assert_true(span_is(fault->code, "pattern"));
        assert_true(span_is(
            fault->detail, "the patterns of this body take too long to match: what follows was not read"));
        assert_int_equal(many.intake.rows.count, 0);
        assert_true(many.report.is_cut && !few.report.is_cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_in_two_gives_the_same_rows),
        cmocka_unit_test(a_compressed_body_gives_the_same_rows_and_its_memory_is_charged),
        cmocka_unit_test(the_file_of_a_form_gives_the_same_rows),
        cmocka_unit_test(the_file_of_a_form_is_of_the_dialect_that_its_type_and_the_query_say),
        cmocka_unit_test(a_form_whose_file_is_of_no_format_is_refused),
        cmocka_unit_test(a_failure_gives_all_back_at_once),
        cmocka_unit_test(one_that_is_cut_short_gives_all_back_at_its_end),
        cmocka_unit_test(a_budget_that_is_spent_is_busy),
        cmocka_unit_test(a_row_that_does_not_end_is_charged),
        BATCH_TEST(flushed_rows_are_in_the_table_batch_and_memory_stays_small),
        cmocka_unit_test(missing_memory_is_told_and_leaves_nothing),
        cmocka_unit_test(patterns_that_take_too_long_end_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
