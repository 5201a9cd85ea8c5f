// SPDX-License-Identifier: Apache-2.0
#include "base/budget.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void no_more_is_taken_than_there_is(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = 10};
    assert_true(budget_take(&budget, 7));
    assert_false(budget_take(&budget, 4));
    assert_true(budget_take(&budget, 3));
    assert_false(budget_take(&budget, 1));
    assert_true(budget_take(&budget, 0));
    budget_give_back(&budget, 4);
    assert_false(budget_take(&budget, SIZE_MAX)); // which would wrap
    assert_true(budget_take(&budget, 4));
    assert_int_equal(atomic_load(&budget.used_bytes), 10);
}

static void no_budget_has_no_end(void **state)
{
    (void)state;
    assert_true(budget_take(NULL, SIZE_MAX));
    budget_give_back(NULL, SIZE_MAX);
}

static struct budget shared = {.max_bytes = 5};

static void *take_and_give(void *arg)
{
    size_t *overdrawn = arg;
    for (int i = 0; i < 100000; i++) {
        bool took = budget_take(&shared, 2);
        *overdrawn += atomic_load(&shared.used_bytes) > shared.max_bytes;
        if (took)
            budget_give_back(&shared, 2);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t overdrawn[4] = {0};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &overdrawn[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(overdrawn[i], 0);
    assert_int_equal(atomic_load(&shared.used_bytes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_taken_than_there_is),
        cmocka_unit_test(no_budget_has_no_end),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
