// SPDX-License-Identifier: Apache-2.0
// The states of a connection's transaction; without a database.
#include "store/postgresql/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct err failure = {.code = ERR_BUSY, .text = "it was locked"};

static void a_transaction_has_an_end_to_be_sent_once_something_of_it_was(void **state)
{
    (void)state;
    struct pg_conn conn = {0};
    pg_tx_move(&conn, PG_TX_OPEN);
    pg_tx_ended(&conn);
    assert_int_equal(conn.tx, PG_TX_OPEN);
    pg_tx_sent(&conn);
    pg_tx_sent(&conn);
    assert_int_equal(conn.tx, PG_TX_SENT);
    pg_tx_ended(&conn);
    assert_int_equal(conn.tx, PG_TX_ENDED);
    assert_true(pg_tx_is_open(&conn));
    pg_tx_sent(&conn); // more than what was called the last statement
    assert_int_equal(conn.tx, PG_TX_SENT);
}

static void one_that_has_failed_is_dead_where_the_server_has_nothing_of_it_to_be_ended(void **state)
{
    (void)state;
    static const struct {
        enum pg_tx from, to;
    } cases[] = {{PG_TX_OPEN, PG_TX_DEAD}, {PG_TX_SENT, PG_TX_FAILED}, {PG_TX_ENDED, PG_TX_DEAD}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pg_conn conn = {.tx = cases[i].from};
        pg_fail_tx(&conn, &failure);
        assert_int_equal(conn.tx, cases[i].to);
        assert_true(pg_tx_has_failed(&conn));
        assert_string_equal(conn.failure.text, "it was locked");
    }
    struct pg_conn conn = {.tx = PG_TX_FAILED};
    pg_tx_ended(&conn);
    assert_int_equal(conn.tx, PG_TX_DEAD);
    pg_tx_sent(&conn);
    assert_int_equal(conn.tx, PG_TX_FAILED);
}

static void the_first_failure_stays_and_outside_of_a_transaction_there_is_none(void **state)
{
    (void)state;
    static const enum pg_tx closed[] = {PG_TX_NONE, PG_TX_FAILED, PG_TX_DEAD, PG_TX_ASKED};
    for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
        struct pg_conn conn = {.tx = closed[i]};
        pg_fail_tx(&conn, &failure);
        assert_int_equal(conn.tx, closed[i]);
        assert_int_equal(conn.failure.code, ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_has_an_end_to_be_sent_once_something_of_it_was),
        cmocka_unit_test(one_that_has_failed_is_dead_where_the_server_has_nothing_of_it_to_be_ended),
        cmocka_unit_test(the_first_failure_stays_and_outside_of_a_transaction_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
