// SPDX-License-Identifier: Apache-2.0
// The lease of a store that is a file, of which the lock is held apart from any transaction.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/lease_keeper.h"

struct fixture {
    char dir[40];
    struct store *store;
    struct runner_tally tally;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char url[80];
    struct err err = {0};
    strcpy(f->dir, "/tmp/test_lease_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(url, sizeof(url), "sqlite:%s/store.db", f->dir);
    assert_int_equal(store_open(url, "test", &f->store, &err), ERR_NONE);
    runner_tally_init(&f->tally);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[60];
    runner_tally_fini(&f->tally);
    store_close(f->store);
    snprintf(command, sizeof(command), "rm -rf %s", f->dir);
    free(f);
    return system(command);
}

static bool take(struct lease_keeper *keeper)
{
    struct err err = {0};
    bool is_ours = false;
    assert_int_equal(lease_keeper_take(keeper, NULL, 1000, &is_ours, &err), ERR_NONE);
    return is_ours;
}

static void a_lock_is_let_go_of_though_the_transaction_that_took_it_has_failed(void **state)
{
    struct fixture *f = *state;
    struct lease_keeper keeper, other;
    struct err err = {0};
    assert_int_equal(lease_keeper_init(&keeper, f->store, NULL, &f->tally, &err), ERR_NONE);
    assert_int_equal(lease_keeper_init(&other, f->store, NULL, &f->tally, &err), ERR_NONE);
    assert_true(take(&keeper));
    lease_keeper_note_failure(&keeper);
    assert_false(take(&other));
    assert_false(lease_keeper_drop(&keeper)); // no row is left to be let go of
    assert_true(take(&other));
    lease_keeper_note(&other, true);
    assert_false(take(&keeper));
    lease_keeper_fini(&other);
    lease_keeper_fini(&keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_lock_is_let_go_of_though_the_transaction_that_took_it_has_failed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
