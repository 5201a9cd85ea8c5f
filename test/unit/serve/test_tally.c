// SPDX-License-Identifier: Apache-2.0
#include "serve/tally.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

enum { LOOPS = 2 };

static int setup(void **state)
{
    struct tally *tally;
    struct err err = {0};
    if (tally_new(LOOPS, &tally, &err) != ERR_NONE)
        return -1;
    *state = tally;
    return 0;
}

static int teardown(void **state)
{
    tally_free(*state);
    return 0;
}

static uint32_t series_of(struct tally *tally, const char *route)
{
    return tally_series(tally, span_of("rates"), "GET", span_of(route));
}

static void a_series_keeps_its_number(void **state)
{
    uint32_t rates = series_of(*state, "/rates"), ports = series_of(*state, "/ports");
    assert_true(rates >= TALLY_FIRST);
    assert_int_not_equal(rates, ports);
    assert_int_equal(series_of(*state, "/rates"), rates);
    assert_int_not_equal(tally_series(*state, span_of("rates"), "POST", span_of("/rates")), rates);
    assert_int_not_equal(tally_series(*state, span_of("other"), "GET", span_of("/rates")), rates);
    struct tally_names names = tally_names(*state, rates);
    assert_string_equal(names.app, "rates");
    assert_string_equal(names.method, "GET");
    assert_string_equal(names.route, "/rates");
}

static void what_finds_no_number_counts_as_other(void **state)
{
    char route[32];
    for (int i = 0; i < LIMIT_SERIES - TALLY_FIRST; i++) {
        snprintf(route, sizeof(route), "/%d", i);
        assert_int_equal(series_of(*state, route), TALLY_FIRST + i);
    }
    assert_int_equal(tally_series_count(*state), LIMIT_SERIES);
    assert_int_equal(series_of(*state, "/more"), TALLY_OTHER);
    assert_int_equal(series_of(*state, "/0"), TALLY_FIRST);
}

static struct tally_sum *read_all(struct tally *tally, size_t *ret_count)
{
    struct tally_sum *sums;
    assert_true(tally_read(tally, &sums, ret_count));
    return sums;
}

static void loops_add_up(void **state)
{
    uint32_t rates = series_of(*state, "/rates");
    struct tally_count count = {
        .series = rates, .status = 200, .ns = 1000, .sent_bytes = 10, .received_bytes = 3};
    tally_count(*state, 0, &count);
    tally_count(*state, 1, &count);
    count.status = 404;
    tally_count(*state, 1, &count);
    count.status = 0;
    tally_count(*state, 0, &count);
    assert_int_equal(tally_total(*state), 4);
    size_t len;
    struct tally_sum *sums = read_all(*state, &len);
    assert_int_equal(len, 3);
    const int statuses[] = {200, 404, 499};
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(sums[i].series, rates);
        assert_int_equal(sums[i].status, statuses[i]);
        assert_int_equal(histogram_total(&sums[i].seconds), i == 0 ? 2 : 1);
        assert_int_equal(sums[i].sent_bytes, i == 0 ? 20 : 10);
        assert_int_equal(sums[i].received_bytes, i == 0 ? 6 : 3);
    }
    mem_free(sums);
}

static void statuses_beyond_the_bound_count_as_one(void **state)
{
    for (int status = 200; status < 200 + LIMIT_SERIES_STATUSES + 8; status++)
        tally_count(*state, 0, &(struct tally_count){.series = TALLY_NO_ROUTE, .status = status});
    size_t len;
    struct tally_sum *sums = read_all(*state, &len);
    assert_int_equal(len, LIMIT_SERIES_STATUSES + 1);
    assert_int_equal(sums[0].status, 0);
    assert_int_equal(histogram_total(&sums[0].seconds), 8);
    mem_free(sums);
}

static void sources_of_answers_add_up(void **state)
{
    struct tally_count count = {.series = TALLY_FIRST, .status = 200, .cache = TALLY_CACHE_NEAR};
    assert_int_equal(series_of(*state, "/rates"), TALLY_FIRST);
    tally_count(*state, 0, &count);
    tally_count(*state, 1, &count);
    count.cache = TALLY_CACHE_MISS;
    tally_count(*state, 1, &count);
    assert_int_equal(tally_cache_count(*state, TALLY_FIRST, TALLY_CACHE_NEAR), 2);
    assert_int_equal(tally_cache_count(*state, TALLY_FIRST, TALLY_CACHE_MISS), 1);
    assert_int_equal(tally_cache_count(*state, TALLY_FIRST, TALLY_CACHE_KEPT), 0);
    assert_int_equal(tally_cache_count(*state, TALLY_NO_ROUTE, TALLY_CACHE_NEAR), 0);
}

// --- readers beside writers

enum { ROUNDS = 20000, ROUTES = 16 };

struct loop_thread {
    struct tally *tally;
    size_t loop;
    pthread_t thread;
};

static void *count_much(void *arg)
{
    const struct loop_thread *self = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct tally_count count = {
            .series = i % ROUTES, .status = 200 + (int)(i / ROUTES % 4), .ns = i, .sent_bytes = 1};
        tally_count(self->tally, self->loop, &count);
    }
    return NULL;
}

static void a_reader_sees_counters_grow_and_none_gets_lost(void **state)
{
    struct loop_thread threads[LOOPS];
    uint64_t before = 0, total = 0;
    for (int i = 0; i < ROUTES; i++) {
        char route[32];
        snprintf(route, sizeof(route), "/%d", i);
        (void)series_of(*state, route);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        threads[i] = (struct loop_thread){.tally = *state, .loop = i};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, count_much, &threads[i]), 0);
    }
    for (bool are_over = false; !are_over;) {
        size_t len;
        are_over = before == LOOPS * ROUNDS;
        struct tally_sum *sums = read_all(*state, &len);
        total = 0;
        for (size_t i = 0; i < len; i++)
            total += histogram_total(&sums[i].seconds);
        mem_free(sums);
        assert_true(total >= before && total <= LOOPS * ROUNDS);
        before = total;
    }
    for (size_t i = 0; i < LOOPS; i++)
        pthread_join(threads[i].thread, NULL);
    assert_int_equal(total, LOOPS * ROUNDS);
    assert_int_equal(tally_lost(*state), 0);
    assert_int_equal(tally_total(*state), LOOPS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_series_keeps_its_number, setup, teardown),
        cmocka_unit_test_setup_teardown(what_finds_no_number_counts_as_other, setup, teardown),
        cmocka_unit_test_setup_teardown(loops_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(statuses_beyond_the_bound_count_as_one, setup, teardown),
        cmocka_unit_test_setup_teardown(sources_of_answers_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_sees_counters_grow_and_none_gets_lost, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
