// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// those before cmocka.h
#include <cmocka.h>

#include "access/gcra.h"

#define SECOND 1000000000ll

enum { DAY_S = 86400, MONTH_S = 30 * DAY_S };

static uint64_t seed = 1;

static uint64_t random_below(uint64_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % bound;
}

// What a bucket has lost, in units times the window's nanoseconds: exact, as all are whole numbers.
struct bucket {
    __int128 used;     // 0 to count * window_ns, and more in debt
    int64_t now_ns;    //
    uint64_t count;    //
    int64_t window_ns; //
};

static void bucket_wait(struct bucket *bucket, int64_t now_ns)
{
    __int128 back = (__int128)(now_ns - bucket->now_ns) * (__int128)bucket->count;
    bucket->used = bucket->used > back ? bucket->used - back : 0;
    bucket->now_ns = now_ns;
}

static bool bucket_has(const struct bucket *bucket, uint64_t units)
{
    return bucket->used + (__int128)units * bucket->window_ns <= (__int128)bucket->count * bucket->window_ns;
}

// Asks both a thousand times and compares.
static void compare(uint64_t count, uint32_t window_s, bool is_exact)
{
    struct gcra_rate rate = gcra_rate_of(count, window_s);
    struct bucket bucket = {.count = count, .window_ns = window_s * SECOND, .now_ns = 5 * SECOND};
    int64_t tat_ns = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t units = 1 + random_below(random_below(4) == 0 ? count : count / 8 + 1);
        int64_t now_ns =
            bucket.now_ns + (int64_t)random_below((uint64_t)bucket.window_ns / (1 + random_below(16)));
        bucket_wait(&bucket, now_ns);
        bool is_charge = random_below(8) == 0, has = bucket_has(&bucket, units);
        if (is_charge) {
            tat_ns = gcra_charge(&rate, tat_ns, units, now_ns);
        } else if (gcra_take(&rate, tat_ns, units, now_ns, &tat_ns)) {
            assert_true(has);
        } else {
            assert_true(!is_exact || !has);
            has = false;
        }
        if (is_charge || has)
            bucket.used += (__int128)units * bucket.window_ns;
        __int128 most = 2 * (__int128)count * bucket.window_ns; // what a debt may be
        if (bucket.used > most)
            bucket.used = most;
    }
}

static void it_decides_as_an_exact_bucket_does(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        compare(1, 1, true);
        compare(10, 60, true);
        compare(100, 1, true);
        compare(1000000, DAY_S, true);
        compare(1000, 1, true);
    }
}

static void it_never_lets_more_through_where_a_unit_is_no_whole_number_of_nanoseconds(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        compare(3, 1, false);
        compare(99999, 1, false);
        compare(1000000007, MONTH_S, false);
        compare(1000000000000, MONTH_S, false);
    }
}

// Takes all that it gets, at random moments of `span_ns`.
static uint64_t take_all(const struct gcra_rate *rate, int64_t span_ns)
{
    int64_t tat_ns = 0, now_ns = 1000 * SECOND, end_ns = now_ns + span_ns;
    uint64_t taken = 0;
    for (; now_ns <= end_ns; now_ns += (int64_t)random_below(SECOND / 100)) {
        while (gcra_take(rate, tat_ns, 1, now_ns, &tat_ns))
            taken++;
    }
    return taken;
}

static void all_of_an_allowance_can_be_had_at_once_and_then_evenly(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 3, 7, 100, 999, 65537};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct gcra_rate rate = gcra_rate_of(counts[i], 1);
        assert_int_equal(take_all(&rate, 0), counts[i]);
        uint64_t taken = take_all(&rate, 3 * SECOND);
        assert_true(taken <= 4 * counts[i]);
        assert_true(taken >= 4 * counts[i] - counts[i] / 20 - 1);
    }
}

static void a_trillion_a_month_does_not_overflow(void **state)
{
    (void)state;
    struct gcra_rate rate = gcra_rate_of(1000000000000, MONTH_S);
    int64_t now_ns = 40ll * 365 * DAY_S * SECOND, tat_ns = 0; // forty years after the clock's zero
    assert_true(gcra_take(&rate, 0, 1000000000000, now_ns, &tat_ns));
    assert_int_equal(gcra_left(&rate, tat_ns, now_ns), 0);
    assert_false(gcra_take(&rate, tat_ns, 1, now_ns, &tat_ns));
    int64_t debt_ns = gcra_charge(&rate, tat_ns, UINT64_MAX, now_ns);
    assert_int_equal(debt_ns, now_ns + 2 * rate.limit_ns);
    assert_int_equal(gcra_left(&rate, debt_ns, now_ns), 0);
    assert_int_equal(gcra_left(&rate, debt_ns, now_ns + 2 * rate.limit_ns), 1000000000000);
}

static void what_it_says_of_waiting_is_so(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 3, 100, 99999, 1000000000000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct gcra_rate rate = gcra_rate_of(counts[i], 60);
        int64_t tat_ns = gcra_charge(&rate, 0, counts[i] + counts[i] / 2, SECOND), ignored;
        int64_t wait_ns = gcra_wait_ns(&rate, tat_ns, 1, SECOND);
        assert_false(gcra_take(&rate, tat_ns, 1, SECOND + wait_ns - 1, &ignored));
        assert_true(gcra_take(&rate, tat_ns, 1, SECOND + wait_ns, &ignored));
        assert_int_equal(gcra_wait_ns(&rate, tat_ns, 1, SECOND + wait_ns), 0);
    }
}

static void a_clock_that_goes_back_gives_nothing_and_takes_nothing(void **state)
{
    (void)state;
    struct gcra_rate rate = gcra_rate_of(10, 10);
    int64_t now_ns = 100 * SECOND, tat_ns = 0;
    for (unsigned i = 0; i < 10; i++)
        assert_true(gcra_take(&rate, tat_ns, 1, now_ns, &tat_ns));
    assert_false(gcra_take(&rate, tat_ns, 1, now_ns - 50 * SECOND, &tat_ns));
    assert_int_equal(gcra_left(&rate, tat_ns, now_ns - 50 * SECOND), 0);
    assert_true(gcra_take(&rate, tat_ns, 1, now_ns + SECOND, &tat_ns));
    assert_false(gcra_take(&rate, tat_ns, 1, now_ns + SECOND, &tat_ns));
    // What was written before a clock jumped back by a year shuts nobody out for a year.
    tat_ns = gcra_charge(&rate, now_ns + 365ll * DAY_S * SECOND, 0, now_ns);
    assert_int_equal(gcra_wait_ns(&rate, tat_ns, 1, now_ns), 11 * SECOND);
}

static void what_was_taken_and_not_used_is_there_again(void **state)
{
    (void)state;
    struct gcra_rate rate = gcra_rate_of(5, 1);
    int64_t tat_ns = 0;
    assert_true(gcra_take(&rate, tat_ns, 5, SECOND, &tat_ns));
    tat_ns = gcra_give_back(&rate, tat_ns, 2);
    assert_int_equal(gcra_left(&rate, tat_ns, SECOND), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_decides_as_an_exact_bucket_does),
        cmocka_unit_test(it_never_lets_more_through_where_a_unit_is_no_whole_number_of_nanoseconds),
        cmocka_unit_test(all_of_an_allowance_can_be_had_at_once_and_then_evenly),
        cmocka_unit_test(a_trillion_a_month_does_not_overflow),
        cmocka_unit_test(what_it_says_of_waiting_is_so),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing_and_takes_nothing),
        cmocka_unit_test(what_was_taken_and_not_used_is_there_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
