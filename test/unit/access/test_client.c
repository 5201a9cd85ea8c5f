// SPDX-License-Identifier: Apache-2.0
// What a client may, and what is said of it.
#include "access/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/attr.h"

static bool may(
    const struct span *scopes, size_t count, enum http_method method, const char *path, const char *scope)
{
    struct span copies[4];
    memcpy(copies, scopes, count * sizeof(*scopes));
    const struct client client = {.scopes = copies, .scope_count = count};
    return client_may(&client, method, span_of(path), span_of(scope));
}

static void without_scopes_it_may_ask_what_only_wants_a_key(void **state)
{
    (void)state;
    const struct span none[1] = {{0}};
    assert_true(may(none, 0, HTTP_GET, "/rates", ""));
    assert_true(may(none, 0, HTTP_POST, "/prices", ""));
    assert_false(may(none, 0, HTTP_POST, "/prices", "prices.write"));
}

static void a_name_opens_what_wants_it_and_narrows_nothing(void **state)
{
    (void)state;
    const struct span scopes[] = {span_of("rates.read"), span_of("prices.write")};
    assert_true(may(scopes, 2, HTTP_POST, "/prices", "prices.write"));
    assert_true(may(scopes, 2, HTTP_GET, "/rates", ""));
    assert_false(may(scopes, 2, HTTP_GET, "/rates", "prices"));
    assert_false(may(scopes, 2, HTTP_GET, "/rates", "prices.write2"));
    assert_false(may(scopes, 2, HTTP_GET, "/rates", "PRICES.WRITE"));
}

static void an_endpoint_narrows_to_itself_whatever_it_wants(void **state)
{
    (void)state;
    const struct span scopes[] = {span_of("GET /rates"), span_of("POST /prices")};
    assert_true(may(scopes, 2, HTTP_GET, "/rates", ""));
    assert_true(may(scopes, 2, HTTP_POST, "/prices", "prices.write"));
    assert_false(may(scopes, 2, HTTP_POST, "/rates", ""));
    assert_false(may(scopes, 2, HTTP_GET, "/rates/{id}", ""));
    assert_false(may(scopes, 2, HTTP_GET, "/rate", ""));
    assert_false(may(scopes, 2, HTTP_GET, "/other", "rates"));
}

static void names_and_endpoints_add_up(void **state)
{
    (void)state;
    const struct span scopes[] = {span_of("GET /rates"), span_of("admin")};
    assert_true(may(scopes, 2, HTTP_GET, "/rates", ""));
    assert_true(may(scopes, 2, HTTP_POST, "/prices", "admin"));
    assert_false(may(scopes, 2, HTTP_POST, "/prices", ""));
}

static void a_claim_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct claim_value claims[] = {
        {span_of("tenant"), span_of("acme")},
        {span_of("tenants"), span_of("")},
    };
    const struct client client = {.claims = claims, .claim_count = ARRAY_LEN(claims)};
    assert_true(span_is(*client_claim(&client, span_of("tenant")), "acme"));
    assert_true(span_is(*client_claim(&client, span_of("tenants")), ""));
    assert_null(client_claim(&client, span_of("tenan")));
}

static void a_use_is_noted(void **state)
{
    (void)state;
    struct client client = {0};
    client_use(&client, 17);
    client_use(&client, 17);
    assert_int_equal(client.used_s, 17);
    client_use(&client, 16); // the clock was set back
    assert_int_equal(client.used_s, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_scopes_it_may_ask_what_only_wants_a_key),
        cmocka_unit_test(a_name_opens_what_wants_it_and_narrows_nothing),
        cmocka_unit_test(an_endpoint_narrows_to_itself_whatever_it_wants),
        cmocka_unit_test(names_and_endpoints_add_up),
        cmocka_unit_test(a_claim_is_found_by_its_whole_name),
        cmocka_unit_test(a_use_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
