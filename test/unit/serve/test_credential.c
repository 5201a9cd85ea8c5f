// SPDX-License-Identifier: Apache-2.0
// Where a head may show a credential, and what of it is hidden.
#include "serve/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

// A head with fields in pairs of name and value, NULL behind the last.
static struct credential read(const char *query, const char *name, const char *const *fields)
{
    struct http_request head = {.query = span_of(query)};
    for (; fields != NULL && *fields != NULL; fields += 2)
        head.fields[head.field_count++] =
            (struct http_field){.name = span_of(fields[0]), .value = span_of(fields[1])};
    return credential_read(&head, span_of(name));
}

static void assert_one(struct credential credential, const char *text, bool is_in_query)
{
    assert_int_equal(credential.count, 1);
    assert_true(span_is(credential.text, text));
    assert_int_equal(credential.is_in_query, is_in_query);
}

static void each_way_of_showing_one_is_read(void **state)
{
    (void)state;
    assert_one(read("", "", (const char *const[]){"Authorization", "Bearer abc", NULL}), "abc", false);
    assert_one(read("", "", (const char *const[]){"authorization", "bEARER  abc ", NULL}), "abc", false);
    assert_one(read("", "", (const char *const[]){"AUTHORIZATION", "Bearer", NULL}), "", false);
    assert_one(read("", "", (const char *const[]){"X-Api-Key", "abc", NULL}), "abc", false);
    assert_one(read("", "", (const char *const[]){"X-API-Key", "", NULL}), "", false);
    assert_one(read("a=1&key=abc", "key", NULL), "abc", true);
    assert_one(read("key=", "key", NULL), "", true);
}

static void what_is_not_ours_is_none(void **state)
{
    (void)state;
    assert_int_equal(read("", "", NULL).count, 0);
    assert_int_equal(read("", "", (const char *const[]){"Authorization", "Basic YTpi", NULL}).count, 0);
    assert_int_equal(read("", "", (const char *const[]){"Authorization", "Bearerabc", NULL}).count, 0);
    assert_int_equal(read("", "", (const char *const[]){"Cookie", "key=abc", NULL}).count, 0);
    assert_int_equal(read("key=abc", "", NULL).count, 0); // where the app does not allow it
    assert_int_equal(read("keys=abc&xkey=b", "key", NULL).count, 0);
}

static void all_of_several_are_counted(void **state)
{
    (void)state;
    const char *const twice[] = {"Authorization", "Bearer a", "Authorization", "Bearer a", NULL};
    const char *const both[] = {"Authorization", "Bearer a", "X-API-Key", "a", NULL};
    const char *const basic[] = {"Authorization", "Basic YTpi", "X-API-Key", "a", NULL};
    assert_int_equal(read("", "", twice).count, 2);
    assert_int_equal(read("", "", both).count, 2);
    assert_int_equal(read("key=b", "key", both).count, 3);
    assert_int_equal(read("key=b&key=c", "key", NULL).count, 2);
    assert_one(read("", "", basic), "a", false);
    assert_int_equal(credential_of_fields(span_of("Bearer a"), span_of("a")).count, 2);
    assert_one(credential_of_fields(span_of("Basic a"), span_of("b")), "b", false);
    assert_int_equal(credential_of_fields((struct span){0}, (struct span){0}).count, 0);
}

static void the_query_goes_on_without_it(void **state)
{
    (void)state;
    static const char *const queries[][2] = {{"key=abc", ""}, {"a=1&key=abc&b=2", "a=1&b=2"},
        {"key=abc&a=1", "a=1"}, {"a=%20&b=c&key=", "a=%20&b=c"}, {"key=x&&a&key=y", "a"}, {"a=1", "a=1"}};
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        struct span cut;
        assert_true(credential_cut(span_of(queries[i][0]), span_of("key"), &arena, &cut));
        assert_true(span_is(cut, queries[i][1]));
    }
    arena_fini(&arena);
}

static void assert_masked(const char *target, const char *name, const char *expected)
{
    char *copy = strdup(target);
    credential_mask(copy, strlen(copy), span_of(name));
    assert_string_equal(copy, expected);
    free(copy);
}

static void a_secret_in_a_target_is_hidden(void **state)
{
    (void)state;
    assert_masked("/rates?a=b_c&day=2", "", "/rates?a=b_c&day=2");
    assert_masked("/rates?x=rckn_Abc0&a=1", "", "/rates?x=rckn_****&a=1");
    assert_masked("/rckn_abc/x", "", "/rckn_***/x");
    assert_masked("/r?rckn_", "", "/r?rckn_");
    assert_masked("ckn_abc", "", "ckn_abc");
    assert_masked("rckn_", "", "rckn_");
    assert_masked("/r?key=ey.ab-c&a=1&key=&key=%20", "key", "/r?key=*******&a=1&key=&key=***");
    assert_masked("/key=abc", "key", "/key=abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_of_showing_one_is_read),
        cmocka_unit_test(what_is_not_ours_is_none),
        cmocka_unit_test(all_of_several_are_counted),
        cmocka_unit_test(the_query_goes_on_without_it),
        cmocka_unit_test(a_secret_in_a_target_is_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
