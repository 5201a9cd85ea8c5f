// SPDX-License-Identifier: Apache-2.0
#include "app/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

static void add(struct report *report, int64_t line, const char *code)
{
    struct fault fault = {.line = line, .code = span_of(code), .detail = span_of("is wrong")};
    assert_int_equal(report_add(report, &fault), ERR_NONE);
}

static void faults_come_out_by_line_and_then_as_they_were_found(void **state)
{
    (void)state;
    AUTO(report_fini) struct report report = {0};
    add(&report, 5, "first");
    add(&report, 2, "second");
    add(&report, 5, "third");
    report_finish(&report);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    report_write(&report, &out);
    assert_int_equal(buf_append_byte(&out, '\0'), ERR_NONE);
    assert_string_equal(out.data, "[{\"line\":2,\"code\":\"second\",\"detail\":\"is wrong\"},"
                                  "{\"line\":5,\"code\":\"first\",\"detail\":\"is wrong\"},"
                                  "{\"line\":5,\"code\":\"third\",\"detail\":\"is wrong\"}]");
}

static void every_member_that_is_there_is_written(void **state)
{
    (void)state;
    AUTO(report_fini) struct report report = {0};
    struct fault fault = {.field = span_of("f"),
        .parameter = span_of("p"),
        .value = span_of(""),
        .code = span_of("c"),
        .detail = span_of("\"d\"")};
    assert_int_equal(report_add(&report, &fault), ERR_NONE);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    report_write(&report, &out);
    assert_true(span_is(buf_span(&out),
        "[{\"field\":\"f\",\"parameter\":\"p\",\"value\":\"\",\"code\":\"c\",\"detail\":\"\\\"d\\\"\"}]"));
}

static void a_copy_goes_on_from_where_the_report_was(void **state)
{
    (void)state;
    AUTO(report_fini) struct report report = {0}, copy = {0};
    for (int i = 0; i < LIMIT_ROW_REPORTS + 1; i++)
        add(&report, 5, i == 0 ? "first" : "more");
    report_finish(&report);
    report.status = 409;
    assert_int_equal(report_copy(&report, &copy), ERR_NONE);
    add(&copy, 5, "last");
    add(&copy, 4, "earlier");
    report_finish(&copy);
    assert_int_equal(copy.status, 409);
    assert_int_equal(copy.total, LIMIT_ROW_REPORTS + 3);
    assert_int_equal(copy.kept_count, LIMIT_ROW_REPORTS);
    assert_true(span_is(report_fault(&copy, 0)->code, "earlier"));
    assert_true(span_is(report_fault(&copy, 1)->code, "first"));
    assert_true(span_is(report_fault(&copy, LIMIT_ROW_REPORTS - 1)->code, "more"));
    assert_int_equal(report.total, LIMIT_ROW_REPORTS + 1);
    for (long n = 0; n < 3; n++) {
        struct report none = {0};
        mem_fail_after(n);
        assert_int_equal(report_copy(&report, &none), ERR_NO_MEMORY);
        mem_fail_after(-1);
        assert_null(none.kept);
    }
}

static void the_first_lines_are_kept_whatever_order_they_come_in(void **state)
{
    (void)state;
    const int64_t count = 10 * LIMIT_ROW_REPORTS;
    AUTO(report_fini) struct report report = {0};
    for (int64_t i = 0; i < count; i++)
        add(&report, 1 + (i * 7919) % count, "c"); // 7919 is prime: every line once
    report_finish(&report);
    assert_int_equal(report.total, count);
    assert_int_equal(report.kept_count, LIMIT_ROW_REPORTS);
    for (size_t i = 0; i < report.kept_count; i++)
        assert_int_equal(report_fault(&report, i)->line, i + 1);
}

static void a_long_value_is_cut_between_characters(void **state)
{
    (void)state;
    char value[LIMIT_REPORT_VALUE_BYTES + 10];
    memset(value, 'a', sizeof(value));
    memcpy(value + LIMIT_REPORT_VALUE_BYTES - 1, "\xc3\xa9", 2); // would be cut in its middle
    AUTO(report_fini) struct report report = {0};
    struct fault fault = {
        .value = {.at = value, .len = sizeof(value)}, .code = span_of("c"), .detail = span_of("d")};
    assert_int_equal(report_add(&report, &fault), ERR_NONE);
    assert_int_equal(report_fault(&report, 0)->value.len, LIMIT_REPORT_VALUE_BYTES - 1);
}

static void missing_memory_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    for (long fail = 0; fail < 2; fail++) {
        AUTO(report_fini) struct report report = {0};
        struct fault fault = {.code = span_of("c"), .detail = span_of("d")};
        mem_fail_after(fail);
        assert_int_equal(report_add(&report, &fault), ERR_NO_MEMORY);
        mem_fail_after(-1);
        assert_int_equal(report.total, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_come_out_by_line_and_then_as_they_were_found),
        cmocka_unit_test(every_member_that_is_there_is_written),
        cmocka_unit_test(a_copy_goes_on_from_where_the_report_was),
        cmocka_unit_test(the_first_lines_are_kept_whatever_order_they_come_in),
        cmocka_unit_test(a_long_value_is_cut_between_characters),
        cmocka_unit_test(missing_memory_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
