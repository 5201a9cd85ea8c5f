// SPDX-License-Identifier: Apache-2.0
// Clients that a loop knows: by what they show, and in the ring that they were found in.
#include "access/regulars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "access/key_store.h"

enum { MANY = 10000 };

static struct regulars *make(void)
{
    struct err err = {0};
    struct regulars *regulars = NULL;
    assert_int_equal(regulars_new(&regulars, &err), ERR_NONE);
    return regulars;
}

// Rings of one store, of which a new one is in force with each call of renew.
struct rings {
    struct store *store;
    struct store_conn *conn;
    struct key_rings *rings;
    unsigned changes;
};

static struct key_ring *renew(struct rings *r)
{
    char sql[128];
    struct err err = {0};
    snprintf(sql, sizeof(sql), "INSERT INTO reckoner_audit VALUES (%u, 0, 'a', 'b', 'c', 'd')", ++r->changes);
    assert_int_equal(store_exec(r->conn, span_of(sql), &err), ERR_NONE);
    assert_int_equal(key_rings_ask(r->rings, 0, r->conn, &err), ERR_NONE);
    return key_rings_current(r->rings);
}

static int set_up(void **state)
{
    static struct rings r;
    struct err err = {0};
    r = (struct rings){0};
    assert_int_equal(store_open("sqlite::memory:", "one", &r.store, &err), ERR_NONE);
    assert_int_equal(store_connect(r.store, STORE_WRITE, &r.conn, &err), ERR_NONE);
    assert_int_equal(key_store_make(r.conn, &err), ERR_NONE);
    assert_int_equal(key_rings_new(1, NULL, NULL, &r.rings, &err), ERR_NONE);
    *state = &r;
    return 0;
}

static int tear_down(void **state)
{
    struct rings *r = *state;
    key_rings_free(r->rings);
    store_disconnect(r->conn);
    store_close(r->store);
    return 0;
}

static void who_was_noted_is_found_by_the_same_text(void **state)
{
    struct regulars *regulars = make();
    struct key_ring *ring = renew(*state);
    struct client client = {0};
    struct regular_mark mark = regulars_mark(regulars, span_of("abc"));
    struct regular_mark again = regulars_mark(regulars, span_of("abc"));
    struct regular_mark other = regulars_mark(regulars, span_of("abd"));
    assert_null(regulars_find(regulars, &mark, ring, 0));
    regulars_note(regulars, &mark, ring, 0, &client);
    assert_ptr_equal(regulars_find(regulars, &again, ring, 0), &client);
    assert_null(regulars_find(regulars, &other, ring, 0));
    assert_null(regulars_find(regulars, &mark, ring, 1)); // another app's keys are others
    key_ring_unref(ring);
    regulars_free(regulars);
}

// A client of a ring that is gone may be gone with it.
static void nobody_is_found_in_another_ring(void **state)
{
    struct regulars *regulars = make();
    struct key_ring *before = renew(*state), *after = renew(*state);
    struct client client = {0};
    struct regular_mark mark = regulars_mark(regulars, span_of("abc"));
    regulars_note(regulars, &mark, before, 0, &client);
    assert_null(regulars_find(regulars, &mark, after, 0));
    assert_ptr_equal(regulars_find(regulars, &mark, before, 0), &client);
    key_ring_unref(before);
    key_ring_unref(after);
    regulars_free(regulars);
}

// Of very many that share the places, one that is found is the right one.
static void none_of_many_is_taken_for_another(void **state)
{
    struct regulars *regulars = make();
    struct key_ring *ring = renew(*state);
    static struct client clients[MANY];
    char text[16];
    size_t found = 0;
    for (size_t i = 0; i < MANY; i++) {
        int len = snprintf(text, sizeof(text), "%zu", i);
        struct regular_mark mark = regulars_mark(regulars, (struct span){text, (size_t)len});
        assert_null(regulars_find(regulars, &mark, ring, 0));
        regulars_note(regulars, &mark, ring, 0, &clients[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        int len = snprintf(text, sizeof(text), "%zu", i);
        struct regular_mark mark = regulars_mark(regulars, (struct span){text, (size_t)len});
        const struct client *client = regulars_find(regulars, &mark, ring, 0);
        assert_true(client == NULL || client == &clients[i]);
        found += client != NULL;
    }
    assert_true(found > 0);
    key_ring_unref(ring);
    regulars_free(regulars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_was_noted_is_found_by_the_same_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_is_found_in_another_ring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(none_of_many_is_taken_for_another, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
