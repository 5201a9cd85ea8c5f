// SPDX-License-Identifier: Apache-2.0
#include "serve/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct endpoint rows = {.shape = SHAPE_ROWS};
static const struct endpoint warned = {.shape = SHAPE_ROWS, .warns = true};
static const struct endpoint text = {.shape = SHAPE_TEXT};

static int accepted(const struct endpoint *endpoint, const char *accept)
{
    struct http_request request = {.field_count = 1};
    request.fields[0] = (struct http_field){.name = span_of("Accept"), .value = span_of(accept)};
    enum answer_format format;
    return format_accepted(endpoint, &request, &format) ? (int)format : -1;
}

static void the_best_liked_format_is_given(void **state)
{
    (void)state;
    assert_int_equal(accepted(&rows, "*/*"), FORMAT_JSON);
    assert_int_equal(accepted(&rows, "text/csv"), FORMAT_CSV);
    assert_int_equal(accepted(&rows, "text/*"), FORMAT_CSV);
    assert_int_equal(accepted(&rows, "application/x-ndjson, application/json;q=0.9"), FORMAT_NDJSON);
    assert_int_equal(accepted(&rows, "text/csv, */*"), FORMAT_JSON); // equals: ours is the first
    assert_int_equal(accepted(&rows, "text/csv, */*;q=0.1"), FORMAT_CSV);
    assert_int_equal(accepted(&rows, "application/json;q=0, */*;q=0.1"), FORMAT_NDJSON);
    assert_int_equal(accepted(&rows, "text/html,application/xhtml+xml,*/*;q=0.8"), FORMAT_JSON);
    assert_int_equal(accepted(&rows, "text/plain"), -1);
    assert_int_equal(accepted(&rows, "*/*;q=0"), -1);
}

static void an_endpoint_gives_what_it_can(void **state)
{
    (void)state;
    enum answer_format format = FORMAT_TEXT;
    assert_int_equal(accepted(&warned, "text/csv"), -1);
    assert_int_equal(accepted(&warned, "text/csv, application/json;q=0.1"), FORMAT_JSON);
    assert_int_equal(accepted(&text, "*/*"), FORMAT_TEXT);
    assert_int_equal(accepted(&text, "application/json"), -1);
    assert_true(format_from_name(&rows, span_of("csv"), &format));
    assert_int_equal(format, FORMAT_CSV);
    assert_true(format_from_name(&rows, span_of("ndjson"), &format));
    assert_int_equal(format, FORMAT_NDJSON);
    assert_false(format_from_name(&rows, span_of("text"), &format));
    assert_false(format_from_name(&rows, span_of("CSV"), &format));
    assert_false(format_from_name(&rows, span_of(""), &format));
    assert_false(format_from_name(&warned, span_of("csv"), &format));
    assert_false(format_from_name(&text, span_of("json"), &format));
}

static void lists_say_what_there_is(void **state)
{
    (void)state;
    char list[FORMAT_LIST_CHARS];
    format_names(&rows, list);
    assert_string_equal(list, "one of json, ndjson, csv");
    format_names(&warned, list);
    assert_string_equal(list, "json");
    format_types(&rows, list);
    assert_string_equal(list, "application/json, application/x-ndjson or text/csv");
    format_types(&text, list);
    assert_string_equal(list, "text/plain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_liked_format_is_given),
        cmocka_unit_test(an_endpoint_gives_what_it_can),
        cmocka_unit_test(lists_say_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
