// SPDX-License-Identifier: Apache-2.0
#include "access/meter.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum { LOOPS = 3, ROUNDS = 20000 };

static struct meter *new_meter(void)
{
    struct err err = {0};
    struct meter *meter;
    assert_int_equal(meter_new(LOOPS, &meter, &err), ERR_NONE);
    return meter;
}

static void count(struct meter *meter, size_t loop, unsigned client)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", client);
    const struct usage_key key = {.client = span_of(text), .method = HTTP_GET, .path = span_of("/x")};
    const struct usage_counts one = {.requests = 1};
    meter_count(meter, loop, &key, &one);
}

// The requests in all tables that are there.
static uint64_t take(struct meter *meter, size_t *ret_tables)
{
    uint64_t requests = 0;
    bool is_all;
    struct usage_table *taken = meter_take(meter, &is_all);
    *ret_tables = 0;
    for (struct usage_table *next; taken != NULL; taken = next) {
        next = taken->next;
        for (size_t i = 0; i < taken->count; i++)
            requests += taken->entries[i]->counts.requests;
        meter_drop(taken);
        ++*ret_tables;
    }
    return requests;
}

static void what_each_loop_has_counted_is_taken_once(void **state)
{
    (void)state;
    struct meter *meter = new_meter();
    size_t tables;
    assert_int_equal(take(meter, &tables), 0);
    count(meter, 0, 1);
    count(meter, 0, 1);
    count(meter, 2, 1);
    assert_int_equal(take(meter, &tables), 3);
    assert_int_equal(tables, 2);
    assert_int_equal(take(meter, &tables), 0);
    count(meter, 1, 1);
    meter_free(meter); // with what was not taken
}

static void a_table_that_is_full_is_followed_by_another_one(void **state)
{
    (void)state;
    struct meter *meter = new_meter();
    size_t tables;
    for (unsigned i = 0; i < 2 * LIMIT_USAGE_ENTRIES + 1; i++)
        count(meter, 0, i);
    meter_wait_full(meter, UINT64_MAX); // there is one, so it does not wait
    assert_int_equal(take(meter, &tables), 2 * LIMIT_USAGE_ENTRIES + 1);
    assert_int_equal(tables, 3);
    assert_int_equal(meter_lost(meter), 0);
    meter_free(meter);
}

static void what_finds_no_room_is_told(void **state)
{
    (void)state;
    struct meter *meter = new_meter();
    size_t tables;
    unsigned most = (LIMIT_USAGE_TABLES + 1) * LIMIT_USAGE_ENTRIES;
    for (unsigned i = 0; i < most + 5; i++)
        count(meter, 0, i);
    assert_int_equal(meter_lost(meter), 5);
    assert_int_equal(meter_lost(meter), 0);
    assert_int_equal(take(meter, &tables), most);
    count(meter, 0, 0);
    assert_int_equal(meter_lost(meter), 0);
    assert_int_equal(take(meter, &tables), 1);
    meter_free(meter);
}

static void what_finds_no_memory_is_told(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct meter *meter = new_meter();
        size_t tables;
        mem_fail_after(n);
        for (unsigned i = 0; i < 5; i++)
            count(meter, 0, i);
        mem_fail_after(-1);
        uint64_t lost = meter_lost(meter);
        assert_int_equal(take(meter, &tables), 5 - lost);
        meter_free(meter);
        if (lost == 0)
            break;
    }
}

// --- with threads

struct counting {
    struct meter *meter;
    size_t loop;
    atomic_uint *running;
};

static void *run(void *arg)
{
    struct counting *counting = arg;
    for (unsigned i = 0; i < ROUNDS; i++)
        count(counting->meter, counting->loop, i % 7);
    atomic_fetch_sub(counting->running, 1);
    meter_wake(counting->meter);
    return NULL;
}

static void nothing_is_lost_or_counted_twice_while_loops_go_on(void **state)
{
    (void)state;
    struct meter *meter = new_meter();
    atomic_uint running = LOOPS;
    struct counting countings[LOOPS];
    pthread_t threads[LOOPS];
    for (size_t i = 0; i < LOOPS; i++) {
        countings[i] = (struct counting){.meter = meter, .loop = i, .running = &running};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &countings[i]), 0);
    }
    uint64_t requests = 0;
    size_t tables;
    while (atomic_load(&running) > 0) {
        meter_wait(meter);
        requests += take(meter, &tables);
    }
    for (size_t i = 0; i < LOOPS; i++)
        pthread_join(threads[i], NULL);
    requests += take(meter, &tables);
    assert_int_equal(meter_lost(meter), 0);
    assert_int_equal(requests, LOOPS * ROUNDS);
    meter_free(meter);
}

static void a_wait_ends_when_something_was_counted_or_when_it_is_woken(void **state)
{
    (void)state;
    struct meter *meter = new_meter();
    size_t tables;
    count(meter, 0, 1);
    meter_wait(meter);
    assert_int_equal(take(meter, &tables), 1);
    meter_wake(meter);
    meter_wait(meter);
    meter_wake(meter);
    meter_wait_full(meter, UINT64_MAX);
    meter_wait_full(meter, clock_monotonic_ns()); // its time is up
    meter_free(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_loop_has_counted_is_taken_once),
        cmocka_unit_test(a_table_that_is_full_is_followed_by_another_one),
        cmocka_unit_test(what_finds_no_room_is_told),
        cmocka_unit_test(what_finds_no_memory_is_told),
        cmocka_unit_test(nothing_is_lost_or_counted_twice_while_loops_go_on),
        cmocka_unit_test(a_wait_ends_when_something_was_counted_or_when_it_is_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
