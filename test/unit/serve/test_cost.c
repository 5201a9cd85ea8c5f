// SPDX-License-Identifier: Apache-2.0
// What an endpoint's reads are taken to cost.
#include "serve/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/limits.h"

enum { CHEAP_NS = LIMIT_CHEAP_US * 1000 / 4, DEAR_NS = LIMIT_CHEAP_US * 1000 * 100 };

static void learn(struct cost *cost, uint64_t ns, int times)
{
    for (int i = 0; i < times; i++)
        cost_learn(cost, ns);
}

static void a_new_endpoint_is_cheap_after_some_cheap_runs(void **state)
{
    (void)state;
    struct cost cost = {0};
    assert_false(cost_is_low(&cost));
    cost_learn(&cost, 1);
    assert_false(cost_is_low(&cost));
    learn(&cost, 1, 20);
    assert_true(cost_is_low(&cost));
}

static void one_slow_run_makes_no_endpoint_dear_and_two_in_a_row_do(void **state)
{
    (void)state;
    struct cost cost = {0};
    learn(&cost, CHEAP_NS, 100);
    assert_true(cost_is_low(&cost));
    cost_learn(&cost, UINT64_MAX);
    assert_true(cost_is_low(&cost));
    cost_learn(&cost, DEAR_NS);
    assert_false(cost_is_low(&cost));
    learn(&cost, CHEAP_NS, 20);
    assert_true(cost_is_low(&cost));
}

static void an_endpoint_that_has_become_dear_stays_so_while_it_is(void **state)
{
    (void)state;
    struct cost cost = {0};
    learn(&cost, CHEAP_NS, 100);
    learn(&cost, DEAR_NS, 10);
    for (int i = 0; i < 100; i++) {
        assert_false(cost_is_low(&cost));
        cost_learn(&cost, DEAR_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_endpoint_is_cheap_after_some_cheap_runs),
        cmocka_unit_test(one_slow_run_makes_no_endpoint_dear_and_two_in_a_row_do),
        cmocka_unit_test(an_endpoint_that_has_become_dear_stays_so_while_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
