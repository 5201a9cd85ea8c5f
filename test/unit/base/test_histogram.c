// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void a_bound_belongs_to_its_bucket(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket(0), 0);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        assert_int_equal(histogram_bucket(histogram_bounds_ns[i]), i);
        assert_int_equal(histogram_bucket(histogram_bounds_ns[i] + 1), i + 1);
    }
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void bounds_go_from_100_us_to_10_s(void **state)
{
    (void)state;
    assert_int_equal(histogram_bounds_ns[0], 100 * NS_PER_US);
    assert_int_equal(histogram_bounds_ns[HISTOGRAM_BUCKETS - 2], 10 * NS_PER_S);
    for (size_t i = 1; i < HISTOGRAM_BUCKETS - 1; i++)
        assert_true(histogram_bounds_ns[i] > histogram_bounds_ns[i - 1]);
}

static void histograms_add_up(void **state)
{
    (void)state;
    struct histogram one = {0}, other = {0};
    histogram_count(&one, 50 * NS_PER_US);
    histogram_count(&one, 20 * NS_PER_S);
    histogram_count_shared(&other, 60 * NS_PER_US);
    struct histogram_view view = {0};
    histogram_read(&one, &view);
    histogram_read(&other, &view);
    assert_int_equal(view.counts[0], 2);
    assert_int_equal(view.counts[HISTOGRAM_BUCKETS - 1], 1);
    assert_int_equal(histogram_total(&view), 3);
    assert_int_equal(view.sum_ns, 110 * NS_PER_US + 20 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_belongs_to_its_bucket),
        cmocka_unit_test(bounds_go_from_100_us_to_10_s),
        cmocka_unit_test(histograms_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
