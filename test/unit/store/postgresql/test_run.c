// SPDX-License-Identifier: Apache-2.0
// What is kept for a run; without a database.
#include "store/postgresql/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static PGresult *a_result(void)
{
    return PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
}

static void results_are_taken_in_the_order_in_which_they_were_parked(void **state)
{
    (void)state;
    enum { COUNT = 40 }; // more than there is room for at first
    PGresult *results[COUNT];
    struct pg_run run = {0};
    for (int i = 0; i < COUNT; i++) {
        results[i] = a_result();
        assert_int_equal(pg_run_park(&run, results[i], NULL), ERR_NONE);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(pg_run_take(&run), results[i]);
        PQclear(results[i]);
    }
    assert_null(pg_run_take(&run));
    pg_run_fini(&run);
}

static void a_reset_throws_away_what_was_not_taken(void **state)
{
    (void)state;
    struct pg_run run = {0};
    pg_run_move(&run, PG_RUN_SENT);
    assert_int_equal(pg_run_park(&run, a_result(), NULL), ERR_NONE);
    assert_int_equal(pg_run_park(&run, a_result(), NULL), ERR_NONE);
    PQclear(pg_run_take(&run));
    pg_run_move(&run, PG_RUN_CUT);
    pg_run_reset(&run);
    assert_int_equal(run.state, PG_RUN_IDLE);
    assert_null(pg_run_take(&run));
    PGresult *next = a_result();
    assert_int_equal(pg_run_park(&run, next, NULL), ERR_NONE);
    assert_ptr_equal(pg_run_take(&run), next);
    PQclear(next);
    pg_run_fini(&run);
}

static void every_state_leads_back_to_idle(void **state)
{
    (void)state;
    static const enum pg_run_state ways[][3] = {{PG_RUN_IDLE}, {PG_RUN_SENT}, {PG_RUN_SENT, PG_RUN_COME},
        {PG_RUN_SENT, PG_RUN_CUT}, {PG_RUN_SENT, PG_RUN_COME, PG_RUN_CUT},
        {PG_RUN_SENT, PG_RUN_COME, PG_RUN_TAKEN}};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct pg_run run = {0};
        for (size_t k = 0; k < 3 && ways[i][k] != PG_RUN_IDLE; k++)
            pg_run_move(&run, ways[i][k]);
        pg_run_reset(&run);
        assert_int_equal(run.state, PG_RUN_IDLE);
        pg_run_fini(&run);
    }
}

static void a_result_that_there_is_no_memory_for_is_cleared_all_the_same(void **state)
{
    (void)state;
    struct pg_run run = {0};
    struct err err = {0};
    mem_fail_after(0);
    assert_int_equal(pg_run_park(&run, a_result(), &err), ERR_NO_MEMORY);
    mem_fail_after(-1);
    assert_int_equal(err.code, ERR_NO_MEMORY);
    assert_null(pg_run_take(&run));
    pg_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_taken_in_the_order_in_which_they_were_parked),
        cmocka_unit_test(a_reset_throws_away_what_was_not_taken),
        cmocka_unit_test(every_state_leads_back_to_idle),
        cmocka_unit_test(a_result_that_there_is_no_memory_for_is_cleared_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
