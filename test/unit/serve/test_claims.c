// SPDX-License-Identifier: Apache-2.0
#include "serve/claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .at = (literal), .len = sizeof(literal) - 1                                                          \
    }

enum { CLIENT, TENANT, LEVEL, DAY, COUNT };

static struct rule params[] = {
    [CLIENT] = {.source = PARAM_CLIENT, .name = TEXT("client"), .outside = TEXT("client"), .type = TYPE_TEXT},
    [TENANT] = {.source = PARAM_CLAIM,
        .name = TEXT("tenant"),
        .outside = TEXT("acme/tenant"),
        .type = TYPE_TEXT,
        .required = true},
    [LEVEL] = {.source = PARAM_CLAIM,
        .name = TEXT("level"),
        .outside = TEXT("level"),
        .type = TYPE_INTEGER,
        .has_default = true,
        .default_value = {.kind = VALUE_INTEGER, .integer = 1}},
    [DAY] = {.name = TEXT("day"), .outside = TEXT("day"), .type = TYPE_DATE, .required = true},
};
static const struct endpoint endpoint = {
    .method = HTTP_GET, .params = params, .param_count = COUNT, .is_personal = true};

struct reading {
    struct arena arena;
    struct value values[COUNT];
    struct report report;
    struct err err;
};

static enum err_code read_of(struct reading *reading, const struct client *client)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena, 4096);
    reading->values[DAY] = (struct value){.kind = VALUE_INTEGER, .integer = 99};
    return claims_read(&endpoint, client, &reading->arena, reading->values, &reading->report, &reading->err);
}

static void reading_fini(struct reading *reading)
{
    arena_fini(&reading->arena);
    report_fini(&reading->report);
}

static void the_client_and_its_claims_are_values_and_nothing_else_is_touched(void **state)
{
    (void)state;
    struct claim_value claims[] = {{TEXT("level"), TEXT("7")}, {TEXT("acme/tenant"), TEXT("north")}};
    struct client client = {.id = TEXT("k_a"), .claims = claims, .claim_count = 2};
    struct reading reading;
    assert_int_equal(read_of(&reading, &client), ERR_NONE);
    assert_true(span_is(reading.values[CLIENT].text, "k_a"));
    assert_true(span_is(reading.values[TENANT].text, "north"));
    assert_int_equal(reading.values[LEVEL].integer, 7);
    assert_int_equal(reading.values[DAY].integer, 99);
    reading_fini(&reading);
}

static void a_claim_that_is_missing_or_wrong_is_403(void **state)
{
    (void)state;
    struct claim_value claims[] = {{TEXT("level"), TEXT("seven")}, {TEXT("tenant"), TEXT("north")}};
    struct client client = {.id = TEXT("k_a"), .claims = claims, .claim_count = 2};
    struct reading reading;
    assert_int_equal(read_of(&reading, &client), ERR_INVALID);
    assert_int_equal(reading.report.status, 403);
    assert_int_equal(reading.report.total, 2);
    const struct fault *missing = report_fault(&reading.report, 0), *wrong = report_fault(&reading.report, 1);
    assert_true(span_is(missing->parameter, "acme/tenant"));
    assert_true(span_is(missing->code, "required"));
    assert_true(span_is(missing->detail, "is not among the claims of the key or token, and is needed here"));
    assert_true(span_is(wrong->parameter, "level"));
    assert_true(span_is(wrong->detail, "as the key or token claims it, is not an integer"));
    reading_fini(&reading);
}

static void without_a_client_it_is_null_and_what_is_required_is_missing(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(read_of(&reading, NULL), ERR_INVALID);
    assert_int_equal(reading.values[CLIENT].kind, VALUE_NULL);
    assert_int_equal(reading.values[LEVEL].integer, 1);
    assert_int_equal(reading.report.total, 1);
    reading_fini(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_and_its_claims_are_values_and_nothing_else_is_touched),
        cmocka_unit_test(a_claim_that_is_missing_or_wrong_is_403),
        cmocka_unit_test(without_a_client_it_is_null_and_what_is_required_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
