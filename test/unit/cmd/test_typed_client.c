// SPDX-License-Identifier: Apache-2.0
#include "cmd/typed_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .at = (literal), .len = sizeof(literal) - 1                                                          \
    }

static struct rule params[] = {
    {.source = PARAM_CLIENT, .name = TEXT("client"), .outside = TEXT("client")},
    {.source = PARAM_CLAIM, .name = TEXT("tenant"), .outside = TEXT("acme/tenant")},
    {.source = PARAM_CLAIM, .name = TEXT("level"), .outside = TEXT("level")},
    {.source = PARAM_REQUEST, .name = TEXT("day"), .outside = TEXT("day")},
    {.source = PARAM_CLAIM, .name = TEXT("claimed_day"), .outside = TEXT("day")},
};
static const struct endpoint endpoint = {.params = params, .param_count = 5, .is_personal = true};

struct reading {
    struct arena arena;
    struct typed_client typed;
    struct err err;
};

static enum err_code read_of(struct reading *reading, const char *query)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena, 4096);
    return typed_client_read(&endpoint, span_of(query), &reading->arena, &reading->typed, &reading->err);
}

static void assert_error(const char *query, const char *expected)
{
    struct reading reading;
    assert_int_equal(read_of(&reading, query), ERR_INVALID);
    assert_string_equal(reading.err.text, expected);
    arena_fini(&reading.arena);
}

static void what_a_key_would_say_is_taken_and_the_rest_stays_as_it_stood(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(
        read_of(&reading, "day=2026%2D01&client=k%5F1&x&acme%2Ftenant=north+sea&y=&level=7"), ERR_NONE);
    const struct client *client = &reading.typed.client;
    assert_true(reading.typed.is_known);
    assert_true(span_is(client->id, "k_1"));
    assert_int_equal(client->claim_count, 2);
    assert_true(span_is(*client_claim(client, span_of("acme/tenant")), "north sea"));
    assert_true(span_is(*client_claim(client, span_of("level")), "7"));
    assert_true(span_is(reading.typed.rest, "day=2026%2D01&x&y="));
    arena_fini(&reading.arena);
}

static void a_query_that_says_nothing_of_who_asks_is_the_requests_own(void **state)
{
    (void)state;
    static const char *const queries[] = {"", "day=1&tenant=north", "%zz=1", "a=b"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct reading reading;
        assert_int_equal(read_of(&reading, queries[i]), ERR_NONE);
        assert_false(reading.typed.is_known);
        assert_true(span_is(reading.typed.rest, queries[i]));
        arena_fini(&reading.arena);
    }
}

static void an_endpoint_that_sees_claims_alone_may_be_told_the_client(void **state)
{
    (void)state;
    struct endpoint claims_alone = {.params = params + 1, .param_count = 1, .is_personal = true};
    struct endpoint impersonal = {.params = params + 3, .param_count = 1};
    struct typed_client typed;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 4096);
    assert_int_equal(typed_client_read(&claims_alone, span_of("client=a"), &arena, &typed, NULL), ERR_NONE);
    assert_true(span_is(typed.client.id, "a"));
    assert_int_equal(typed_client_read(&impersonal, span_of("client=a"), &arena, &typed, NULL), ERR_NONE);
    assert_false(typed.is_known);
    assert_true(span_is(typed.rest, "client=a"));
}

static void who_asks_is_said_once_and_in_a_text(void **state)
{
    (void)state;
    assert_error("client=a&client=b", "client is given more than once");
    assert_error("level=1&day=2&level=1", "level is given more than once");
    assert_error("level=%zz", "level is badly percent-encoded, or is no UTF-8");
    assert_error("client=%ff", "client is badly percent-encoded, or is no UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_key_would_say_is_taken_and_the_rest_stays_as_it_stood),
        cmocka_unit_test(a_query_that_says_nothing_of_who_asks_is_the_requests_own),
        cmocka_unit_test(an_endpoint_that_sees_claims_alone_may_be_told_the_client),
        cmocka_unit_test(who_asks_is_said_once_and_in_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
