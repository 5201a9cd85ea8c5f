// SPDX-License-Identifier: Apache-2.0
#include "serve/coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static enum coding accepted(const char *first, const char *second)
{
    struct http_request request = {.field_count = second != NULL ? 2 : 1};
    request.fields[0] = (struct http_field){.name = span_of("accept-EncodinG"), .value = span_of(first)};
    if (second != NULL)
        request.fields[1] = (struct http_field){.name = span_of("Accept-Encoding"), .value = span_of(second)};
    return coding_accepted(&request);
}

static void the_coding_with_the_most_weight_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        enum coding coding;
    } cases[] = {
        {"gzip", CODING_GZIP},
        {"GZip", CODING_GZIP},
        {"x-gzip", CODING_GZIP},
        {"zstd", CODING_ZSTD},
        {"gzip, zstd", CODING_ZSTD},
        {"zstd;q=0.9, gzip", CODING_GZIP},
        {"gzip ; q=0.2 , zstd;q=0.1", CODING_GZIP},
        {"gzip, deflate, br, zstd", CODING_ZSTD},
        {"deflate, br", CODING_IDENTITY},
        {"", CODING_IDENTITY},
        {",, ,", CODING_IDENTITY},
        {"identity", CODING_IDENTITY},
        {"identity, gzip", CODING_GZIP},
        {"identity, gzip;q=0.5", CODING_IDENTITY},
        {"identity;q=0.5, gzip;q=0.4", CODING_IDENTITY},
        {"gzip;q=0.001", CODING_GZIP},
        {"gzip;q=0", CODING_IDENTITY},
        {"gzip;q=0.000, zstd;Q=0.0", CODING_IDENTITY},
        {"*", CODING_ZSTD},
        {"*, zstd;q=0", CODING_GZIP},
        {"*;q=0.5, gzip", CODING_GZIP},
        {"*;q=0.5, identity", CODING_IDENTITY},
        {"*;q=0", CODING_IDENTITY}, // which leaves out all that there is
        {"gzip, *;q=0", CODING_GZIP},
        {"identity;q=0", CODING_IDENTITY},
        {"identity;q=0, *", CODING_ZSTD},
        {"gzip;q=0, gzip", CODING_GZIP}, // the last word
        {"gzip;q=x", CODING_GZIP},
        {"gzipped, zst", CODING_IDENTITY},
        {";q=1, =, \"", CODING_IDENTITY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (accepted(cases[i].field, NULL) != cases[i].coding)
            fail_msg("%s: %d in place of %d", cases[i].field, (int)accepted(cases[i].field, NULL),
                (int)cases[i].coding);
    }
}

static void several_fields_are_one_list(void **state)
{
    (void)state;
    assert_int_equal(accepted("br", "gzip"), CODING_GZIP);
    assert_int_equal(accepted("gzip", "zstd;q=0.5"), CODING_GZIP);
    assert_int_equal(coding_accepted(&(struct http_request){0}), CODING_IDENTITY);
}

static void the_lines_tell_what_was_chosen(void **state)
{
    (void)state;
    assert_string_equal(coding_lines(CODING_IDENTITY, false), "Vary: Accept-Encoding\r\n");
    assert_string_equal(
        coding_lines(CODING_GZIP, true), "Vary: Accept, Accept-Encoding\r\nContent-Encoding: gzip\r\n");
    assert_string_equal(
        coding_lines(CODING_ZSTD, false), "Vary: Accept-Encoding\r\nContent-Encoding: zstd\r\n");
}

static void a_body_is_in_one_coding_at_most(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        bool is_known;
        enum coding coding;
    } cases[] = {
        {"gzip", true, CODING_GZIP},
        {"X-GZip", true, CODING_GZIP},
        {"zstd", true, CODING_ZSTD},
        {"identity", true, CODING_IDENTITY},
        {"", true, CODING_IDENTITY},
        {"identity, gzip ,", true, CODING_GZIP},
        {"gzip, gzip", false, CODING_IDENTITY},
        {"gzip, zstd", false, CODING_IDENTITY},
        {"br", false, CODING_IDENTITY},
        {"deflate, gzip", false, CODING_IDENTITY},
        {"*", false, CODING_IDENTITY},
        {"gzip;q=1", false, CODING_IDENTITY},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = {.field_count = 1};
        enum coding coding = CODING_IDENTITY;
        request.fields[0] =
            (struct http_field){.name = span_of("content-EncodinG"), .value = span_of(cases[i].field)};
        assert_int_equal(coding_of_body(&request, &coding), cases[i].is_known);
        assert_int_equal(coding, cases[i].coding);
    }
    enum coding coding = CODING_GZIP;
    assert_true(coding_of_body(&(struct http_request){0}, &coding));
    assert_int_equal(coding, CODING_IDENTITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_in_one_coding_at_most),
        cmocka_unit_test(the_coding_with_the_most_weight_is_chosen),
        cmocka_unit_test(several_fields_are_one_list),
        cmocka_unit_test(the_lines_tell_what_was_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
