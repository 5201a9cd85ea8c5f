// SPDX-License-Identifier: Apache-2.0
// Who reads, who waits, and who is taken out.
#include "cache/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>

static struct flight flight_for(const char *key, uint64_t hash)
{
    return (struct flight){.key = {.bytes = key, .len = 1, .hash = hash}};
}

static struct flights *new_flights(void)
{
    struct flights *flights = NULL;
    assert_int_equal(flights_new(&flights, NULL), ERR_NONE);
    return flights;
}

static void one_leads_for_each_key_and_the_others_wait(void **state)
{
    (void)state;
    struct flights *flights = new_flights();
    struct flight a = flight_for("a", 1), a2 = a, a3 = a, b = flight_for("b", 1);
    assert_true(flights_board(flights, &a));
    assert_false(flights_board(flights, &a2));
    assert_true(flights_board(flights, &b)); // of the same hash
    assert_false(flights_board(flights, &a3));
    struct flight *waited = flights_land(flights, &a);
    assert_ptr_equal(waited, &a3);
    assert_ptr_equal(waited->next, &a2);
    assert_null(waited->next->next);
    assert_int_equal(a.role, FLIGHT_NONE);
    assert_int_equal(a2.role, FLIGHT_NONE);
    assert_true(flights_board(flights, &a2)); // it begins anew
    assert_null(flights_land(flights, &b));
    assert_null(flights_land(flights, &a2));
    flights_free(flights);
}

static void who_leaves_is_not_told(void **state)
{
    (void)state;
    struct flights *flights = new_flights();
    struct flight lead = flight_for("a", 1), first = lead, second = lead, third = lead,
                  other = flight_for("b", 2);
    assert_true(flights_board(flights, &lead));
    assert_false(flights_board(flights, &first));
    assert_false(flights_board(flights, &second));
    assert_false(flights_board(flights, &third));
    assert_true(flights_leave(flights, &second));
    assert_false(flights_leave(flights, &second));
    assert_false(flights_leave(flights, &lead)); // it is read for the others, too
    assert_false(flights_leave(flights, &other));
    struct flight *waited = flights_land(flights, &lead);
    assert_ptr_equal(waited, &third);
    assert_ptr_equal(waited->next, &first);
    assert_null(waited->next->next);
    assert_false(flights_leave(flights, &first)); // it is told already
    flights_free(flights);
}

enum { ROUNDS = 20000 };

struct crowd {
    struct flights *flights;
    atomic_uint reading; // leaders at a time
    atomic_uint told;
};

static void *board_and_land(void *ctx)
{
    struct crowd *crowd = ctx;
    struct flight flights[4];
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        for (unsigned j = 0; j < 4; j++) {
            flights[j] = flight_for("a", 1);
            if (!flights_board(crowd->flights, &flights[j])) {
                if (j % 2 == 0 && flights_leave(crowd->flights, &flights[j]))
                    atomic_fetch_add(&crowd->told, 1);
                else
                    while (atomic_load((_Atomic int *)&flights[j].came_ns) == 0) // told by another thread
                        sched_yield();
                continue;
            }
            assert_int_equal(atomic_fetch_add(&crowd->reading, 1), 0);
            atomic_fetch_sub(&crowd->reading, 1);
            struct flight *waited = flights_land(crowd->flights, &flights[j]);
            atomic_fetch_add(&crowd->told, 1);
            while (waited != NULL) {
                struct flight *next = waited->next;
                atomic_fetch_add(&crowd->told, 1);
                atomic_store((_Atomic int *)&waited->came_ns, 1);
                waited = next;
            }
        }
    }
    return NULL;
}

static void threads_lose_nobody(void **state)
{
    (void)state;
    struct crowd crowd = {.flights = new_flights()};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, board_and_land, &crowd), 0);
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.told), 3 * ROUNDS);
    flights_free(crowd.flights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_leads_for_each_key_and_the_others_wait),
        cmocka_unit_test(who_leaves_is_not_told),
        cmocka_unit_test(threads_lose_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
