// SPDX-License-Identifier: Apache-2.0
// The formats of bodies and of data files.
#include "app/body_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void a_media_type_is_read_with_its_parameters(void **state)
{
    (void)state;
    enum body_format format;
    assert_true(body_format_of_type(span_of("text/csv"), &format) && format == BODY_CSV);
    assert_true(body_format_of_type(span_of("Text/CSV ; header=present; charset=UTF-8"), &format));
    assert_true(
        body_format_of_type(span_of("application/json;charset=\"utf-8\""), &format) && format == BODY_JSON);
    assert_true(body_format_of_type(span_of("application/x-ndjson"), &format) && format == BODY_NDJSON);
    assert_true(
        body_format_of_type(span_of("application/x-www-form-urlencoded"), &format) && format == BODY_FORM);
    assert_true(body_format_of_type(span_of("text/tab-separated-values"), &format) && format == BODY_CSV);
    assert_true(body_format_of_type(span_of("text/csv; charset=windows-1252"), &format));
    assert_false(body_format_of_type(span_of("application/json; charset=latin1"), &format));
    assert_false(body_format_of_type(span_of("text/plain"), &format));
    assert_false(body_format_of_type(span_of(""), &format));
}

static void a_file_is_known_by_its_ending(void **state)
{
    (void)state;
    enum body_format format;
    assert_true(body_format_of_file(span_of("ports.csv"), &format) && format == BODY_CSV);
    assert_true(body_format_of_file(span_of("old/ports.json"), &format) && format == BODY_JSON);
    assert_true(body_format_of_file(span_of("ports.v2.ndjson"), &format) && format == BODY_NDJSON);
    assert_true(body_format_of_file(span_of("PORTS.CSV"), &format) && format == BODY_CSV);
    assert_true(body_format_of_file(span_of("ports.csv.gz"), &format) && format == BODY_CSV);
    assert_true(body_format_of_file(span_of("ports.JSON.ZST"), &format) && format == BODY_JSON);
    assert_int_equal(body_coding_of_file(span_of("ports.csv.gz")), CODING_GZIP);
    assert_int_equal(body_coding_of_file(span_of("ports.JSON.ZST")), CODING_ZSTD);
    assert_int_equal(body_coding_of_file(span_of("ports.csv")), CODING_IDENTITY);
    assert_false(body_format_of_file(span_of("ports.gz"), &format));
    assert_false(body_format_of_file(span_of(".csv.gz"), &format));
    assert_false(body_format_of_file(span_of("ports.csv.gz.gz"), &format));
    assert_true(body_format_of_file(span_of("ports.tsv"), &format) && format == BODY_CSV);
    assert_false(body_format_of_file(span_of("portscsv"), &format));
    assert_false(body_format_of_file(span_of(".csv"), &format));
    assert_false(body_format_of_file(span_of(""), &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_media_type_is_read_with_its_parameters),
        cmocka_unit_test(a_file_is_known_by_its_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
