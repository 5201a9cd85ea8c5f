// SPDX-License-Identifier: Apache-2.0
#include "text/value_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"

static bool add(struct value_set *set, int number)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", number);
    return value_set_add(set, span_of(text));
}

static void a_text_is_new_once(void **state)
{
    (void)state;
    AUTO(value_set_fini) struct value_set set;
    value_set_init(&set, 100000);
    for (int i = 0; i < 20000; i++)
        assert_true(add(&set, i));
    for (int i = 0; i < 20000; i++)
        assert_false(add(&set, i));
    assert_int_equal(set.count, 20000);
    assert_true(value_set_add(&set, span_of("")));
    assert_false(value_set_add(&set, span_of("")));
}

static void past_its_bound_it_knows_nothing(void **state)
{
    (void)state;
    AUTO(value_set_fini) struct value_set set;
    value_set_init(&set, 3);
    assert_true(add(&set, 1));
    assert_true(add(&set, 2));
    assert_true(add(&set, 3));
    assert_false(add(&set, 3));
    assert_false(set.is_lost);
    assert_true(add(&set, 4));
    assert_true(set.is_lost);
    assert_true(add(&set, 1));
}

static void without_memory_it_knows_nothing(void **state)
{
    (void)state;
    AUTO(value_set_fini) struct value_set set;
    value_set_init(&set, 1000);
    mem_fail_after(0);
    assert_true(add(&set, 1));
    mem_fail_after(-1);
    assert_true(set.is_lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_new_once),
        cmocka_unit_test(past_its_bound_it_knows_nothing),
        cmocka_unit_test(without_memory_it_knows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
