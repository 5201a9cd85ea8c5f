// SPDX-License-Identifier: Apache-2.0
#include "serve/lease.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "access/key_store.h"
#include "base/mem.h"
#include "serve/own_pages.h"

enum { LOOPS = 4, PUBLISHED = 400, HELD = 8 };

// An edition of one app without endpoints.
static struct edition *make_edition(void)
{
    struct err err = {0};
    struct edition *edition;
    struct app *app = mem_zalloc(1, sizeof(*app));
    if (app == NULL)
        abort();
    atomic_init(&app->references, 1);
    arena_init(&app->arena, 1024);
    app->dir = app->name = "one";
    app->title = span_of("one");
    if (edition_new(own_pages, &app, 1, &edition, &err) != ERR_NONE)
        abort();
    app_unref(app);
    return edition;
}

// Publishes an edition and returns a reference to it, so that the test sees who else holds it.
static struct edition *publish(struct editions *editions)
{
    struct edition *edition = make_edition();
    editions_publish(editions, edition);
    return editions_current(editions);
}

static unsigned references(const struct edition *edition)
{
    return atomic_load(&edition->references);
}

struct fixture {
    struct editions editions; //
    struct leases leases;     // of one loop
};

static int set_up(void **state)
{
    static struct fixture fixture;
    editions_init(&fixture.editions, NULL);
    leases_init(&fixture.leases, &fixture.editions, NULL, NULL);
    *state = &fixture;
    return 0;
}

// The test has given up the leases.
static int tear_down(void **state)
{
    struct fixture *f = *state;
    editions_fini(&f->editions);
    return 0;
}

static void requests_of_a_loop_share_its_lease(void **state)
{
    struct fixture *f = *state;
    struct edition *edition = publish(&f->editions);
    struct lease *first = lease_borrow(&f->leases), *second = lease_borrow(&f->leases);
    assert_ptr_equal(first, second);
    assert_ptr_equal(first->edition, edition);
    assert_int_equal(first->number, 1);
    assert_int_equal(first->holders, 3);
    assert_int_equal(references(edition), 3); // the test's, the one in force, and one for all of the loop
    lease_return(first);
    lease_return(second);
    struct lease *third = lease_borrow(&f->leases);
    assert_ptr_equal(third, first); // it stays while nothing is published
    lease_return(third);
    leases_fini(&f->leases);
    assert_int_equal(references(edition), 2);
    edition_unref(edition);
}

static void a_request_keeps_the_edition_that_it_was_routed_by(void **state)
{
    struct fixture *f = *state;
    struct edition *before = publish(&f->editions);
    struct lease *old = lease_borrow(&f->leases);
    struct edition *after = publish(&f->editions);
    assert_int_equal(references(before), 2); // the test's and the loop's
    struct lease *new = lease_borrow(&f->leases);
    assert_ptr_equal(old->edition, before);
    assert_ptr_equal(new->edition, after);
    assert_int_equal(old->number, 1);
    assert_int_equal(new->number, 2);
    assert_int_equal(references(before), 2);
    lease_return(old);
    assert_int_equal(references(before), 1);
    lease_return(new);
    leases_fini(&f->leases);
    edition_unref(before);
    edition_unref(after);
}

static void a_loop_without_requests_lets_go_with_its_next_one(void **state)
{
    struct fixture *f = *state;
    struct edition *before = publish(&f->editions);
    lease_return(lease_borrow(&f->leases));
    struct edition *after = publish(&f->editions);
    assert_int_equal(references(before), 2);
    lease_return(lease_borrow(&f->leases));
    assert_int_equal(references(before), 1);
    leases_fini(&f->leases);
    edition_unref(before);
    edition_unref(after);
}

static void a_lease_may_outlive_the_leases_of_its_loop(void **state)
{
    struct fixture *f = *state;
    struct edition *edition = publish(&f->editions);
    struct lease *lease = lease_borrow(&f->leases);
    leases_fini(&f->leases);
    assert_int_equal(lease->holders, 1);
    lease_return(lease);
    assert_int_equal(references(edition), 2);
    edition_unref(edition);
}

static void without_memory_a_loop_stays_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct edition *before = publish(&f->editions);
    lease_return(lease_borrow(&f->leases));
    struct edition *after = publish(&f->editions);
    mem_fail_after(0);
    assert_null(lease_borrow(&f->leases));
    mem_fail_after(-1);
    assert_int_equal(f->leases.newest->holders, 1);
    assert_ptr_equal(f->leases.newest->edition, before);
    struct lease *lease = lease_borrow(&f->leases);
    assert_ptr_equal(lease->edition, after);
    lease_return(lease);
    leases_fini(&f->leases);
    edition_unref(before);
    edition_unref(after);
}

// The loop's next request has the ring that is in force, and those that run keep theirs.
static void another_key_ring_is_another_lease(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct edition *edition = publish(&f->editions);
    struct store *store;
    struct store_conn *conn;
    struct key_rings *rings;
    struct leases leases;
    assert_int_equal(store_open("sqlite::memory:", "one", &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &conn, &err), ERR_NONE);
    assert_int_equal(key_store_make(conn, &err), ERR_NONE);
    assert_int_equal(key_rings_new(1, NULL, NULL, &rings, &err), ERR_NONE);
    leases_init(&leases, &f->editions, rings, NULL);
    struct lease *old = lease_borrow(&leases);
    assert_null(key_ring_table(old->keys, 0));
    assert_ptr_equal(lease_newest(&leases), old);
    assert_int_equal(key_rings_ask(rings, 0, conn, &err), ERR_NONE);
    struct lease *new = lease_newest(&leases);
    assert_ptr_not_equal(new, old);
    assert_non_null(key_ring_table(new->keys, 0));
    assert_null(key_ring_table(old->keys, 0));
    assert_ptr_equal(new->edition, edition);
    lease_return(old);
    leases_fini(&leases);
    key_rings_free(rings);
    store_disconnect(conn);
    store_close(store);
    edition_unref(edition);
}

// --- several loops, and a publisher

struct town {
    struct editions editions;     //
    atomic_uint_fast64_t newest;  // the highest number that a loop has answered with
    atomic_bool is_over;          //
    atomic_uint_fast64_t too_old; // leases older than an answer that was known before
};

static void raise_to(atomic_uint_fast64_t *highest, uint64_t number)
{
    uint_fast64_t before = atomic_load_explicit(highest, memory_order_relaxed);
    while (before < number && !atomic_compare_exchange_weak(highest, &before, number))
        ;
}

static void *run_loop(void *arg)
{
    struct town *town = arg;
    struct leases leases;
    struct lease *held[HELD] = {NULL};
    leases_init(&leases, &town->editions, NULL, NULL);
    for (size_t i = 0; !atomic_load(&town->is_over); i++) {
        uint64_t answered = atomic_load(&town->newest);
        struct lease *lease = lease_borrow(&leases);
        if (lease == NULL || lease->edition->number != lease->number)
            abort();
        if (lease->number < answered)
            atomic_fetch_add(&town->too_old, 1);
        raise_to(&town->newest, lease->number);
        lease_return(held[i % HELD]);
        held[i % HELD] = lease;
    }
    for (size_t i = 0; i < HELD; i++)
        lease_return(held[i]);
    leases_fini(&leases);
    return NULL;
}

static void an_edition_that_answered_once_routes_on_every_loop(void **state)
{
    (void)state;
    struct town town = {0};
    pthread_t threads[LOOPS];
    editions_init(&town.editions, NULL);
    editions_publish(&town.editions, make_edition());
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &town), 0);
    for (uint64_t number = 2; number <= PUBLISHED; number++) {
        editions_publish(&town.editions, make_edition());
        raise_to(&town.newest, number); // as the reloader tells those that wait
        struct edition *current = editions_current(&town.editions);
        assert_int_equal(current->number, number);
        edition_unref(current);
    }
    atomic_store(&town.is_over, true);
    for (size_t i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(town.too_old, 0);
    assert_int_equal(editions_number(&town.editions), PUBLISHED);
    editions_fini(&town.editions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_of_a_loop_share_its_lease, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_keeps_the_edition_that_it_was_routed_by, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_loop_without_requests_lets_go_with_its_next_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lease_may_outlive_the_leases_of_its_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_a_loop_stays_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_key_ring_is_another_lease, set_up, tear_down),
        cmocka_unit_test(an_edition_that_answered_once_routes_on_every_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
