// SPDX-License-Identifier: Apache-2.0
// What every store does with transactions, savepoints and deadlines.
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"

static const char ENDLESS[] =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
static const uint64_t LONG_AGO = 1; // of the monotonic clock

static void make_table(struct fixture *f)
{
    run_script(f->writer, "CREATE TABLE t (a integer PRIMARY KEY);");
}

static void what_is_committed_is_seen_by_readers_and_nothing_before(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    begin(f->writer);
    assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
    assert_rows(f->writer, "SELECT count(*) FROM t", "1\n");
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    commit(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "1\n");
}

static void what_is_rolled_back_was_never_there(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (1); CREATE TABLE u (a integer);");
    store_rollback(f->writer);
    assert_rows(f->writer, "SELECT count(*) FROM t", "0\n");
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM u").code, ERR_CONFIG);
    store_rollback(f->writer); // of nothing
    begin(f->writer);
    commit(f->writer);
}

static void a_read_transaction_sees_one_state_while_a_writer_commits(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    begin(f->reader);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    store_rollback(f->reader);
    begin(f->reader);
    assert_rows(f->reader, "SELECT count(*) FROM t", "1\n");
    commit(f->reader);
}

static void one_batch_of_a_group_is_taken_back_alone(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_table(f);
    begin(f->writer);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
        const struct store_name params[] = {{.name = span_of("i"), .type = TYPE_INTEGER}};
        const struct value values[] = {integer_of(i)};
        struct store_stmt *insert = prepare(f->writer, "INSERT INTO t VALUES (:i), (:i + 10)", params, 1);
        assert_string_equal(rows_of_stmt(insert, values), "");
        store_finalize(insert);
        if (i == 2)
            assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
        else
            assert_int_equal(store_release(f->writer, &err), ERR_NONE);
    }
    commit(f->writer);
    assert_rows(f->reader, "SELECT a FROM t ORDER BY a", "1\n3\n11\n13\n");
}

static void a_statement_that_fails_is_taken_back_with_all_since_the_savepoint(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_table(f);
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    run_script(f->writer, "INSERT INTO t VALUES (2)");
    assert_int_equal(error_of_run(f->writer, "INSERT INTO t VALUES (5), (6), (1)").code, ERR_CONFLICT);
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "SELECT a FROM t", "1\n");
    commit(f->writer);
    assert_rows(f->reader, "SELECT a FROM t", "1\n");
}

// --- what is only sent

static void what_is_sent_is_in_with_its_transaction(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name params[] = {{.name = span_of("i"), .type = TYPE_INTEGER}};
    make_table(f);
    struct store_stmt *insert = prepare(f->writer, "INSERT INTO t VALUES (:i)", params, 1);
    begin(f->writer);
    for (int i = 1; i <= 600; i++) { // more than may be under way
        const struct value values[] = {integer_of(i)};
        assert_int_equal(store_send(insert, values, &err), ERR_NONE);
    }
    commit(f->writer);
    assert_rows(f->reader, "SELECT count(*), sum(a) FROM t", "600|180300\n");
    store_finalize(insert);
}

static void what_fails_though_it_was_only_sent_fails_the_commit(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name params[] = {{.name = span_of("i"), .type = TYPE_INTEGER}};
    const struct value values[] = {integer_of(1)};
    make_table(f);
    struct store_stmt *insert = prepare(f->writer, "INSERT INTO t VALUES (:i)", params, 1);
    begin(f->writer);
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    enum err_code code = ERR_NONE;
    for (int i = 0; i < 2 && code == ERR_NONE; i++)
        code = store_send(insert, values, &err);
    if (code == ERR_NONE)
        code = store_release(f->writer, &err);
    if (code == ERR_NONE)
        code = store_commit(f->writer, &err);
    assert_int_equal(code, ERR_CONFLICT);
    store_rollback(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    store_finalize(insert);
}

static void what_was_sent_and_fails_is_taken_back_with_its_savepoint_when_it_was_waited_for(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name params[] = {{.name = span_of("i"), .type = TYPE_INTEGER}};
    const struct value values[] = {integer_of(2)};
    make_table(f);
    struct store_stmt *insert = prepare(f->writer, "INSERT INTO t VALUES (:i)", params, 1);
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    enum err_code code = ERR_NONE;
    for (int i = 0; i < 2 && code == ERR_NONE; i++)
        code = store_send(insert, values, &err);
    if (code == ERR_NONE)
        code = store_release(f->writer, &err);
    if (code == ERR_NONE)
        code = store_wait_sent(f->writer, &err);
    assert_int_equal(code, ERR_CONFLICT);
    err = (struct err){0};
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    commit(f->writer);
    assert_rows(f->reader, "SELECT a FROM t", "1\n");
    store_finalize(insert);
}

// Else a batch whose record fails would be taken back without being told so.
static void what_was_sent_and_fails_behind_its_savepoint_is_not_taken_back_with_the_next_one(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name params[] = {{.name = span_of("i"), .type = TYPE_INTEGER}};
    const struct value values[] = {integer_of(1)};
    make_table(f);
    struct store_stmt *insert = prepare(f->writer, "INSERT INTO t VALUES (:i)", params, 1);
    struct store_stmt *count = prepare(f->writer, "SELECT count(*) FROM t", NULL, 0);
    begin(f->writer);
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    enum err_code code = store_send(insert, values, &err);
    if (code == ERR_NONE) { // it is told later, here in the savepoint of another one
        assert_int_equal(store_release(f->writer, &err), ERR_NONE);
        assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
        bool row;
        code = store_bind(count, NULL, &err);
        if (code == ERR_NONE)
            code = store_step(count, &row, &err);
        assert_int_equal(code, ERR_CONFLICT);
        store_reset(count);
        err = (struct err){0};
        assert_int_not_equal(store_rollback_to(f->writer, &err), ERR_NONE);
        err = (struct err){0};
        assert_int_not_equal(store_commit(f->writer, &err), ERR_NONE);
    }
    store_rollback(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    store_finalize(count);
    store_finalize(insert);
}

static void a_transaction_in_which_a_statement_failed_commits_nothing_half(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    assert_int_equal(error_of_run(f->writer, "INSERT INTO t VALUES (5), (6), (1)").code, ERR_CONFLICT);
    // A store may go on from here, or have to give the transaction up, and says so then.
    struct err err = {0};
    bool goes_on = store_commit(f->writer, &err) == ERR_NONE;
    if (!goes_on) {
        assert_int_equal(err.code, ERR_BUSY);
        assert_int_equal(error_of_script(f->writer, "INSERT INTO t VALUES (9)").code, ERR_BUSY);
        store_rollback(f->writer);
    }
    assert_rows(f->reader, "SELECT a FROM t", goes_on ? "1\n" : "");
}

static void a_foreign_key_that_is_checked_at_the_end_fails_the_commit(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE p (k integer PRIMARY KEY);"
                          "CREATE TABLE c (x integer REFERENCES p (k) DEFERRABLE INITIALLY DEFERRED);");
    begin(f->writer);
    run_script(f->writer, "INSERT INTO c VALUES (7)");
    assert_int_equal(store_commit(f->writer, &err), ERR_CONSTRAINT);
    assert_non_null(strcasestr(err.hint, "foreign key constraint")); // in the database's words
    store_rollback(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM c", "0\n");
    begin(f->writer);
    run_script(f->writer, "INSERT INTO p VALUES (7); INSERT INTO c VALUES (7)");
    commit(f->writer);
}

static void a_statement_past_its_deadline_ends_with_a_timeout(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt =
        prepare(f->reader, ENDLESS, NULL, 0); // which may take longer than any deadline here
    store_deadline(f->reader, LONG_AGO);
    assert_int_equal(error_of_statement(stmt).code, ERR_TIMEOUT);
    store_deadline(f->reader, 0);
    stmt = prepare(f->reader, ENDLESS, NULL, 0);
    struct err err = {0};
    bool row = false;
    store_deadline(f->reader, clock_monotonic_ns() + 5 * NS_PER_MS);
    enum err_code code = store_bind(stmt, NULL, &err);
    if (code == ERR_NONE)
        code = store_step(stmt, &row, &err);
    assert_int_equal(code, ERR_TIMEOUT);
    store_finalize(stmt);
    store_deadline(f->reader, 0);
    assert_rows(f->reader,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " SELECT count(*) FROM n",
        "20000\n");
}

static void *set_flag(void *flag)
{
    clock_pause(5 * NS_PER_MS); // mostly the statement runs by then; if not, the test shows less
    atomic_store((atomic_bool *)flag, true);
    return NULL;
}

static void a_statement_that_nobody_waits_for_ends(void **state)
{
    struct fixture *f = *state;
    atomic_bool flag = true;
    pthread_t thread;
    struct store_stmt *first = prepare(f->reader, ENDLESS, NULL, 0);
    struct store_stmt *second = prepare(f->reader, ENDLESS, NULL, 0);
    store_deadline(f->reader, clock_monotonic_ns() + 60 * NS_PER_S);
    store_interrupt_when(f->reader, &flag);
    assert_int_equal(error_of_statement(first).code, ERR_TIMEOUT);
    atomic_store(&flag, false);
    assert_int_equal(pthread_create(&thread, NULL, set_flag, &flag), 0);
    assert_int_equal(error_of_statement(second).code, ERR_TIMEOUT);
    pthread_join(thread, NULL);
    store_interrupt_when(f->reader, NULL);
    assert_rows(f->reader, "SELECT 7", "7\n"); // the next one is not ended
    store_deadline(f->reader, 0);
}

static void a_read_transaction_goes_on_after_a_timeout(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    struct store_stmt *stmt = prepare(f->reader, ENDLESS, NULL, 0);
    begin(f->reader);
    store_deadline(f->reader, LONG_AGO);
    assert_int_equal(error_of_statement(stmt).code, ERR_TIMEOUT);
    store_rollback(f->reader);
    store_deadline(f->reader, 0);
    begin(f->reader);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    commit(f->reader);
}

static void a_write_that_times_out_leaves_nothing_and_its_transaction_is_not_half_there(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_table(f);
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    struct store_stmt *endless = prepare(f->writer,
        "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        NULL, 0);
    store_deadline(f->writer, LONG_AGO);
    assert_int_equal(error_of_statement(endless).code, ERR_TIMEOUT);
    store_deadline(f->writer, 0);
    // A store may have to give up the whole transaction then, and says so from then on.
    bool alive = store_rollback_to(f->writer, &err) == ERR_NONE;
    if (alive) {
        commit(f->writer);
    } else {
        assert_int_equal(err.code, ERR_BUSY);
        struct err later = {0};
        assert_int_equal(store_commit(f->writer, &later), ERR_BUSY);
        assert_int_equal(error_of_script(f->writer, "INSERT INTO t VALUES (9)").code, ERR_BUSY);
        assert_int_equal(error_of_run(f->writer, "INSERT INTO t VALUES (9)").code, ERR_BUSY);
        store_rollback(f->writer);
    }
    assert_rows(f->reader, "SELECT a FROM t", alive ? "1\n" : "");
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (3)");
    commit(f->writer);
}

static void a_deadline_never_turns_a_commit_into_a_failure(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    for (int i = 0; i < 1200; i++) { // more often than a look at the clock is due
        begin(f->reader);
        store_deadline(f->reader, LONG_AGO);
        commit(f->reader);
        store_deadline(f->reader, 0);
    }
}

static void a_second_writer_waits_until_its_deadline_and_no_longer(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_conn *other;
    make_table(f);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &other, &err), ERR_NONE);
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    store_deadline(other, clock_monotonic_ns() + 5 * NS_PER_MS);
    enum err_code code = store_begin(other, &err);
    if (code == ERR_NONE) // a store with several writers waits at the row instead
        code = store_exec(other, span_of("INSERT INTO t VALUES (1)"), &err);
    assert_int_equal(code, ERR_BUSY);
    store_rollback(other);
    store_deadline(other, 0);
    commit(f->writer);
    begin(other);
    run_script(other, "INSERT INTO t VALUES (2)");
    commit(other);
    assert_rows(f->writer, "SELECT count(*) FROM t", "2\n");
    store_disconnect(other);
}

static void an_open_transaction_is_rolled_back_with_its_connection(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_conn *other;
    make_table(f);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &other, &err), ERR_NONE);
    begin(other);
    run_script(other, "INSERT INTO t VALUES (1)");
    store_disconnect(other);
    begin(f->writer);
    commit(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
}

static void what_was_committed_is_there_when_the_store_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_table(f);
    run_script(f->writer, "INSERT INTO t VALUES (1)");
    store_disconnect(f->writer); // before the reader: order must not matter
    store_disconnect(f->reader);
    store_close(f->store);
    assert_int_equal(store_open(f->url, f->name, &f->store, &err), ERR_NONE);
    assert_int_equal(store_connect(f->store, STORE_READ, &f->reader, &err), ERR_NONE);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT a FROM t", "1\n");
}

static void a_lack_of_memory_at_any_point_is_an_error_and_leaks_nothing(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    const struct store_name params[] = {{.name = span_of("a"), .type = TYPE_INTEGER}};
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        struct store *store = NULL;
        struct store_conn *conn = NULL;
        struct store_stmt *stmt = NULL;
        struct err err = {0};
        bool row;
        mem_fail_after(n);
        code = store_open(f->url, f->name, &store, &err);
        if (code == ERR_NONE)
            code = store_connect(store, STORE_WRITE, &conn, &err);
        if (code == ERR_NONE)
            code = store_begin(conn, &err);
        if (code == ERR_NONE)
            code = store_batch_open(conn, params, 1, &err);
        if (code == ERR_NONE)
            code = store_prepare(conn,
                span_of("SELECT day, a, :a AS b FROM calendar('2020-01-01', '2020-01-02'), batch"), params, 1,
                &stmt, &err);
        const struct value values[] = {integer_of(1)};
        if (code == ERR_NONE)
            code = store_bind(stmt, values, &err);
        if (code == ERR_NONE)
            code = store_step(stmt, &row, &err);
        if (code == ERR_NONE)
            code = store_exec(conn, span_of("CREATE TABLE IF NOT EXISTS t (a integer)"), &err);
        mem_fail_after(-1);
        store_disconnect(conn);
        store_close(store);
        if (code != ERR_NONE)
            assert_error(err, ERR_NO_MEMORY, "out of memory");
        assert_true(n < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_is_committed_is_seen_by_readers_and_nothing_before),
        STORE_TEST(what_is_rolled_back_was_never_there),
        STORE_TEST(a_read_transaction_sees_one_state_while_a_writer_commits),
        STORE_TEST(one_batch_of_a_group_is_taken_back_alone),
        STORE_TEST(a_statement_that_fails_is_taken_back_with_all_since_the_savepoint),
        STORE_TEST(what_is_sent_is_in_with_its_transaction),
        STORE_TEST(what_fails_though_it_was_only_sent_fails_the_commit),
        STORE_TEST(what_was_sent_and_fails_is_taken_back_with_its_savepoint_when_it_was_waited_for),
        STORE_TEST(what_was_sent_and_fails_behind_its_savepoint_is_not_taken_back_with_the_next_one),
        STORE_TEST(a_transaction_in_which_a_statement_failed_commits_nothing_half),
        STORE_TEST(a_foreign_key_that_is_checked_at_the_end_fails_the_commit),
        STORE_TEST(a_statement_past_its_deadline_ends_with_a_timeout),
        STORE_TEST(a_statement_that_nobody_waits_for_ends),
        STORE_TEST(a_read_transaction_goes_on_after_a_timeout),
        STORE_TEST(a_write_that_times_out_leaves_nothing_and_its_transaction_is_not_half_there),
        STORE_TEST(a_deadline_never_turns_a_commit_into_a_failure),
        STORE_TEST(a_second_writer_waits_until_its_deadline_and_no_longer),
        STORE_TEST(an_open_transaction_is_rolled_back_with_its_connection),
        STORE_TEST(what_was_committed_is_there_when_the_store_is_opened_again),
        STORE_TEST(a_lack_of_memory_at_any_point_is_an_error_and_leaks_nothing),
    };
    return fixture_run(tests);
}
