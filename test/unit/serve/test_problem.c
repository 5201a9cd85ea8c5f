// SPDX-License-Identifier: Apache-2.0
#include "serve/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"

static void a_problem_document_has_the_members_that_are_known(void **state)
{
    (void)state;
    AUTO(report_fini) struct report report = {0};
    struct fault fault = {
        .line = 2, .field = span_of("day"), .code = span_of("required"), .detail = span_of("is required")};
    assert_int_equal(report_add(&report, &fault), ERR_NONE);
    report_finish(&report);
    struct problem problem = {
        .status = 422, .detail = "a \"row\"", .line = 4, .column = 5, .report = &report};
    struct blob *blob = problem_blob(&problem);
    assert_non_null(blob);
    assert_true(span_is((struct span){.at = blob->data, .len = blob->len},
        "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"a \\\"row\\\"\","
        "\"line\":4,\"column\":5,\"errors\":[{\"line\":2,\"field\":\"day\",\"code\":\"required\","
        "\"detail\":\"is required\"}],\"errors_total\":1}\n"));
    blob_unref(blob);
}

static void a_bare_problem_is_title_and_status(void **state)
{
    (void)state;
    struct blob *blob = problem_blob(&(struct problem){.status = 404});
    assert_non_null(blob);
    assert_true(span_is((struct span){.at = blob->data, .len = blob->len},
        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n"));
    blob_unref(blob);
}

static bool is_text(const struct blob *blob, const char *text)
{
    return span_is((struct span){.at = blob->data, .len = blob->len}, text);
}

static void a_trace_stands_last_and_is_another_ones_for_another_request(void **state)
{
    (void)state;
    static const char WITHOUT[] = "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n";
    static const char A[] =
        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"trace_id\":\"aa\"}\n";
    static const char B[] =
        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"trace_id\":\"b\"}\n";
    struct blob *of_a = problem_blob(&(struct problem){.status = 404, .trace_id = "aa"});
    struct blob *of_none = problem_retraced(of_a, "aa", ""), *of_b = problem_retraced(of_none, "", "b");
    struct blob *same = problem_retraced(of_a, "aa", "aa");
    assert_true(is_text(of_a, A) && is_text(of_none, WITHOUT) && is_text(of_b, B));
    assert_ptr_equal(same, of_a);
    assert_null(problem_retraced(NULL, "aa", "b"));
    blob_unref(same);
    blob_unref(of_a);
    blob_unref(of_none);
    blob_unref(of_b);
}

static void a_problem_of_a_type_of_its_own_says_so(void **state)
{
    (void)state;
    struct blob *blob = problem_blob(&(struct problem){
        .status = 429, .type = "https://a.b/c#d", .title = "Too much", .violated = span_of("[\"x\"]")});
    assert_non_null(blob);
    assert_true(span_is((struct span){.at = blob->data, .len = blob->len},
        "{\"type\":\"https://a.b/c#d\",\"title\":\"Too much\",\"status\":429,"
        "\"violated-policies\":[\"x\"]}\n"));
    blob_unref(blob);
}

static void every_error_code_has_a_status_that_is_an_error(void **state)
{
    (void)state;
    for (int code = ERR_NONE; code <= ERR_STORE; code++) {
        const struct problem_class *class = problem_class((enum err_code)code);
        assert_true(class->status >= 400 && class->status <= 599);
        assert_true(class->read_status == class->status || code == ERR_INVALID ||
                    (class->status < 500 && class->read_status == 400));
    }
    assert_int_equal(problem_class(ERR_INVALID)->status, 422);
    assert_int_equal(problem_class(ERR_INVALID)->read_status, 400);
    assert_int_equal(problem_class(ERR_CONFLICT)->status, 409);
    assert_int_equal(problem_class(ERR_TIMEOUT)->status, 504);
    assert_int_equal(problem_class(ERR_DISK_FULL)->status, 507);
}

static void the_log_has_what_is_the_servers_fault(void **state)
{
    (void)state;
    for (int code = ERR_NONE; code <= ERR_STORE; code++) {
        const struct problem_class *class = problem_class((enum err_code)code);
        assert_int_equal(class->log != LOG_NOTHING, class->status >= 500);
        assert_int_equal(class->log == LOG_FAILURE, class->status == 500);
        assert_int_equal(class->may_work_soon, class->status == 503);
    }
}

static void without_memory_there_is_no_document(void **state)
{
    (void)state;
    for (long fail = 0; fail < 2; fail++) {
        mem_fail_after(fail);
        assert_null(problem_blob(&(struct problem){.status = 404}));
        mem_fail_after(-1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_document_has_the_members_that_are_known),
        cmocka_unit_test(a_bare_problem_is_title_and_status),
        cmocka_unit_test(a_trace_stands_last_and_is_another_ones_for_another_request),
        cmocka_unit_test(a_problem_of_a_type_of_its_own_says_so),
        cmocka_unit_test(every_error_code_has_a_status_that_is_an_error),
        cmocka_unit_test(the_log_has_what_is_the_servers_fault),
        cmocka_unit_test(without_memory_there_is_no_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
