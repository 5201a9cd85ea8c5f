// SPDX-License-Identifier: Apache-2.0
#include "cmd/test_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct reading {
    struct arena arena;
    struct test_keys keys;
    struct err err;
};

static void reading_init(struct reading *reading)
{
    *reading = (struct reading){0};
    arena_init(&reading->arena, 1 << 20);
}

static enum err_code add(struct reading *reading, const char *text)
{
    return test_keys_add(&reading->keys, span_of(text), &reading->arena, &reading->err);
}

static void the_words_of_a_key_are_its_scopes_its_plan_and_its_claims(void **state)
{
    (void)state;
    struct reading reading;
    reading_init(&reading);
    assert_int_equal(add(&reading, "Bearer {{key: scope=reports, tenant = acme & co ,scope=GET /rates/{id},"
                                   " plan=gold, level=a=b}}"),
        ERR_NONE);
    assert_int_equal(reading.keys.count, 1);
    const struct key_row *row = &reading.keys.items[0].row;
    assert_true(span_is(row->id, "k_test000001"));
    assert_int_equal(row->secret, 1);
    assert_true(span_is(row->scopes, "reports\nGET /rates/{id}"));
    assert_true(span_is(row->claims, "tenant=acme & co\nlevel=a=b"));
    assert_true(span_is(row->plan, "gold"));
    assert_true(row->ends_s == CLIENT_NEVER_ENDS);
    arena_fini(&reading.arena);
}

static void the_same_words_mean_the_same_key(void **state)
{
    (void)state;
    struct reading reading;
    reading_init(&reading);
    assert_int_equal(add(&reading, "{{key}}"), ERR_NONE);
    assert_int_equal(add(&reading, "/items?key={{key:a=1}}&other={{key}}"), ERR_NONE);
    assert_int_equal(add(&reading, "{{key: a=1 }}{{key:}}"), ERR_NONE);
    assert_int_equal(add(&reading, "{{key: a=2}}"), ERR_NONE);
    assert_int_equal(reading.keys.count, 3);
    assert_true(span_is(reading.keys.items[2].row.id, "k_test000003"));
    arena_fini(&reading.arena);
}

static void secrets_take_the_places_of_keys_and_no_others(void **state)
{
    (void)state;
    static const char text[] = "{{keys}} a {{key}}{{key: a=1}} b {{keys {{key}} {{ {{other}}";
    struct reading reading;
    reading_init(&reading);
    assert_int_equal(add(&reading, text), ERR_NONE);
    assert_int_equal(reading.keys.count, 2);
    strcpy(reading.keys.items[0].secret, "FIRST");
    strcpy(reading.keys.items[1].secret, "SECOND");
    struct buf out;
    buf_init(&out, 1000);
    test_keys_fill(&reading.keys, span_of(text), &out);
    assert_true(span_is(buf_span(&out), "{{keys}} a FIRSTSECOND b {{keys FIRST {{ {{other}}"));
    buf_clear(&out);
    test_keys_fill(&reading.keys, span_of("plain"), &out);
    assert_true(span_is(buf_span(&out), "plain"));
    buf_fini(&out);
    arena_fini(&reading.arena);
}

static void what_is_badly_written_is_told(void **state)
{
    (void)state;
    static const char forms[] = "a key is written {{key}} or {{key: scope=reports, plan=gold, tenant=acme}}";
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"{{key", forms},
        {"{{key: a=1", forms},
        {"{{key a=1}}", forms},
        {"{{key: a}}",
            "\"a\" says nothing of a key; a key is written {{key}} or {{key: scope=reports, plan=gold, "
            "tenant=acme}}"},
        {"{{key: a=1, =2}}",
            "\"=2\" says nothing of a key; a key is written {{key}} or {{key: scope=reports, plan=gold, "
            "tenant=acme}}"},
        {"{{key: scope=}}",
            "\"scope=\" says nothing of a key; a key is written {{key}} or {{key: scope=reports, plan=gold, "
            "tenant=acme}}"},
        {"{{key: plan=a, plan=b}}", "a second plan of a key"},
        {"{{key: a=1, b=1, a=1}}", "a second a of a key"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading reading;
        reading_init(&reading);
        assert_int_equal(add(&reading, cases[i].text), ERR_INVALID);
        assert_string_equal(reading.err.text, cases[i].expected);
        assert_int_equal(reading.keys.count, 0);
        arena_fini(&reading.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_of_a_key_are_its_scopes_its_plan_and_its_claims),
        cmocka_unit_test(the_same_words_mean_the_same_key),
        cmocka_unit_test(secrets_take_the_places_of_keys_and_no_others),
        cmocka_unit_test(what_is_badly_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
