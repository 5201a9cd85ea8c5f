// SPDX-License-Identifier: Apache-2.0
// What the PostgreSQL driver does with several statements at once, and when the link breaks under them. Tests
// with a database are skipped where TEST_POSTGRESQL names none.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../../../store/fixture.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proxy.h"
#include "store/postgresql/breaker.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/store.h"

// --- several statements at once

static void more_statements_than_fit_on_a_connection_leave_it_in_step(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    static struct store_stmt *stmts[PG_QUEUE + 1];
    enum err_code code = ERR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(stmts); i++)
        stmts[i] = prepare(f->reader, "SELECT 7", NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(stmts) && code == ERR_NONE; i++)
        code = store_bind(stmts[i], NULL, &err);
    assert_int_equal(
        code, f->is_pooled ? ERR_NONE : ERR_STORE); // a pooler has each behind a BEGIN, which makes room
    for (size_t i = 0; i < ARRAY_LEN(stmts); i++)
        store_reset(stmts[i]);
    assert_rows(f->reader, "SELECT 8", "8\n");
}

static void rows_that_have_no_room_lose_the_connection_and_not_themselves(void **state)
{
    struct fixture *f = *state;
    bool row;
    struct store_stmt *rows = prepare(f->reader, "SELECT n FROM generate_series(1, 100) n", NULL, 0);
    enum err_code code = ERR_NO_MEMORY;
    for (long count = 0; code != ERR_NONE; count++) {
        struct store_stmt *other = NULL;
        struct err err = {0};
        begin(f->reader);
        assert_int_equal(store_bind(rows, NULL, &err), ERR_NONE);
        mem_fail_after(count);
        code = store_prepare(f->reader, span_of("SELECT 7 AS seven"), NULL, 0, &other, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        int taken = 0;
        enum err_code more;
        err = (struct err){0};
        while ((more = store_step(rows, &row, &err)) == ERR_NONE && row)
            taken++;
        assert_true(more != ERR_NONE || taken == 100);
        store_reset(rows);
        store_finalize(other);
        store_rollback(f->reader);
    }
}

static void statements_that_are_bound_together_are_answered_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmts[3];
    struct err err = {0};
    bool row;
    for (int i = 0; i < 3; i++)
        stmts[i] = prepare(f->reader, "SELECT n FROM generate_series(1, 40) n", NULL, 0);
    begin(f->reader);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_bind(stmts[i], NULL, &err), ERR_NONE);
    for (int n = 1; n <= 40; n++) {
        for (int i = 2; i >= 0; i--) {
            struct value value;
            assert_int_equal(store_step(stmts[i], &row, &err), ERR_NONE);
            assert_true(row);
            assert_int_equal(store_column(stmts[i], 0, &value, &err), ERR_NONE);
            assert_int_equal(value.integer, n);
        }
    }
    store_reset(stmts[1]);
    assert_int_equal(store_step(stmts[0], &row, &err), ERR_NONE);
    assert_false(row);
    store_rollback(f->reader);
    store_reset(stmts[0]);
    store_reset(stmts[2]);
    assert_rows(f->reader, "SELECT 1", "1\n");
}

static void an_answer_that_nobody_wants_any_more_is_ended(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    bool row;
    struct store_stmt *check = prepare(f->reader, "SELECT 1", NULL, 0);
    struct store_stmt *endless = prepare(f->reader,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", NULL, 0);
    begin(f->reader);
    assert_int_equal(store_bind(check, NULL, &err), ERR_NONE);
    store_last(f->reader);
    assert_int_equal(store_bind(endless, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(check, &row, &err), ERR_NONE);
    assert_true(row);
    store_reset(check);
    store_reset(endless);
    store_rollback(f->reader);
    begin(f->reader);
    assert_rows(f->reader, "SELECT 2", "2\n");
    commit(f->reader);
}

// The process that answers the connection; 0 where it is none of this machine, which is not to be touched.
static pid_t local_backend(const struct store_conn *conn)
{
    char path[40], name[16] = "";
    pid_t pid = PQbackendPID(((const struct pg_conn *)conn)->link);
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    FILE *file = fopen(path, "r");
    bool is_one = file != NULL && fgets(name, sizeof(name), file) != NULL && strcmp(name, "postgres\n") == 0;
    if (file != NULL)
        fclose(file);
    return is_one && kill(pid, 0) == 0 ? pid : 0;
}

// Whether a SIGINT, which a cancel request becomes, waits for the process to go on.
static bool has_cancel_waiting(pid_t pid)
{
    char path[40], line[200];
    unsigned long long pending = 0, one;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "SigPnd: %llx", &one) == 1 || sscanf(line, "ShdPnd: %llx", &one) == 1)
            pending |= one;
    }
    if (file != NULL)
        fclose(file);
    return (pending >> (SIGINT - 1) & 1) != 0;
}

// Lets the process go on when a cancel request has come, or after ten seconds.
static void *go_on_when_cancelled(void *arg)
{
    pid_t pid = *(const pid_t *)arg;
    for (int i = 0; i < 10000 && !has_cancel_waiting(pid); i++)
        clock_pause(NS_PER_MS);
    kill(pid, SIGCONT);
    return NULL;
}

static void a_cancel_request_that_comes_before_its_statement_has_begun_is_repeated(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    pthread_t thread;
    pid_t pid = local_backend(f->reader);
    if (f->is_pooled || pid == 0)
        skip();
    struct store_stmt *endless = prepare(f->reader,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", NULL, 0);
    begin(f->reader);
    assert_int_equal(store_bind(endless, NULL, &err), ERR_NONE);
    store_reset(endless);
    kill(pid, SIGSTOP);
    store_rollback(f->reader); // which sends the statement, to a server that has not begun it
    assert_int_equal(pthread_create(&thread, NULL, go_on_when_cancelled, &pid), 0);
    begin(f->reader);
    assert_rows(f->reader, "SELECT 2", "2\n");
    commit(f->reader);
    pthread_join(thread, NULL);
    assert_int_equal(local_backend(f->reader), pid); // by the same connection
}

// --- losing the link

static void only_one_connection_at_a_time_finds_out_that_the_server_is_away(void **state)
{
    (void)state;
    struct pg_breaker breaker = {0};
    struct err err = {0};
    bool is_trying = false, is_other_trying = true;
    pg_breaker_init(&breaker);
    assert_int_equal(pg_breaker_enter(&breaker, &is_trying, &err), ERR_NONE);
    assert_true(is_trying);
    pg_breaker_leave(&breaker, is_trying, false);
    breaker.retry_ns = UINT64_MAX; // the pause is not over
    assert_int_equal(pg_breaker_enter(&breaker, &is_trying, &err), ERR_BUSY);
    assert_string_equal(err.text, "the store cannot be reached at the moment: try again");
    breaker.retry_ns = 0; // now it is
    assert_int_equal(pg_breaker_enter(&breaker, &is_trying, NULL), ERR_NONE);
    assert_true(is_trying);
    assert_int_equal(pg_breaker_enter(&breaker, &is_other_trying, NULL), ERR_BUSY);
    pg_breaker_leave(&breaker, is_trying, true);
    for (int i = 0; i < 3; i++) { // all together
        breaker.reached_ns = clock_monotonic_ns();
        assert_int_equal(pg_breaker_enter(&breaker, &is_other_trying, NULL), ERR_NONE);
        assert_false(is_other_trying);
    }
    pg_breaker_leave(&breaker, is_other_trying, false); // it is gone again
    breaker.retry_ns = UINT64_MAX;
    assert_int_equal(pg_breaker_enter(&breaker, &is_trying, NULL), ERR_BUSY);
    pg_breaker_fini(&breaker);
}

static void the_pause_after_a_failure_grows_up_to_what_retry_after_says(void **state)
{
    (void)state;
    struct pg_breaker breaker = {0};
    bool is_trying;
    const uint64_t pauses_ms[] = {100, 200, 400, 800, 1000, 1000};
    pg_breaker_init(&breaker);
    for (size_t i = 0; i < ARRAY_LEN(pauses_ms); i++) {
        breaker.retry_ns = 0;
        assert_int_equal(pg_breaker_enter(&breaker, &is_trying, NULL), ERR_NONE);
        pg_breaker_leave(&breaker, is_trying, false);
        assert_int_equal(breaker.pause_ms, pauses_ms[i]);
    }
    pg_breaker_fini(&breaker);
}

static void kill_backend(struct fixture *f, struct store_conn *conn)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(pg_conn(conn)->link));
    assert_rows(conn == f->writer ? f->reader : f->writer, sql, "1\n");
}

static void an_idle_connection_that_was_closed_is_made_anew(void **state)
{
    struct fixture *f = *state;
    if (f->is_pooled) // whose connections they are
        skip();
    struct store_stmt *stmt = prepare(f->reader, "SELECT 7", NULL, 0);
    kill_backend(f, f->reader);
    begin(f->reader);
    assert_string_equal(rows_of_stmt(stmt, NULL), "7\n");
    commit(f->reader);
    kill_backend(f, f->reader);
    assert_string_equal(rows_of_stmt(stmt, NULL), "7\n");
}

static void rows_that_were_lost_with_the_connection_are_not_counted_on(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name field = {.name = span_of("n"), .type = TYPE_INTEGER};
    const struct value one = {.kind = VALUE_INTEGER, .integer = 1};
    if (f->is_pooled)
        return; // where rows need a transaction
    assert_int_equal(store_batch_open(f->writer, &field, 1, &err), ERR_NONE);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(store_batch_add(f->writer, &one, i, &err), ERR_NONE);
    kill_backend(f, f->writer);
    begin(f->writer);
    assert_int_equal(store_batch_open(f->writer, &field, 1, &err), ERR_NONE);
    assert_int_equal(store_batch_add(f->writer, &one, 1, &err), ERR_NONE);
    assert_rows(f->writer, "SELECT count(*) FROM batch", "1\n");
    store_rollback(f->writer);
}

static void a_statement_behind_one_that_failed_is_prepared_the_next_time(void **state)
{
    struct fixture *f = *state;
    if (f->is_pooled) // whose connections they are
        skip();
    struct err err = {0};
    bool row;
    struct store_stmt *wrong = prepare(f->reader, "SELECT 1 / count(*) FROM pg_class WHERE false", NULL, 0);
    struct store_stmt *behind = prepare(f->reader, "SELECT 7", NULL, 0);
    struct store_stmt *gone = prepare(f->reader, "SELECT 8", NULL, 0);
    kill_backend(f, f->reader);
    begin(f->reader);
    assert_int_equal(store_bind(wrong, NULL, &err), ERR_NONE);
    assert_int_equal(store_bind(behind, NULL, &err), ERR_NONE);
    assert_int_equal(store_bind(gone, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(wrong, &row, &err), ERR_VALUE);
    store_finalize(gone); // before it is known what became of it
    store_reset(wrong);
    store_reset(behind);
    store_rollback(f->reader);
    begin(f->reader);
    assert_string_equal(rows_of_stmt(behind, NULL), "7\n");
    commit(f->reader);
}

static void a_transaction_whose_connection_is_lost_fails_until_its_end(void **state)
{
    struct fixture *f = *state;
    if (f->is_pooled) // whose connections they are
        skip();
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    struct store_stmt *insert = prepare(f->writer, "INSERT INTO t VALUES (1)", NULL, 0);
    begin(f->writer);
    assert_string_equal(rows_of_stmt(insert, NULL), "");
    kill_backend(f, f->writer);
    bool row;
    enum err_code code = store_bind(insert, NULL, &err);
    if (code == ERR_NONE)
        code = store_step(insert, &row, &err);
    assert_int_equal(code, ERR_BUSY);
    store_reset(insert);
    err = (struct err){0};
    assert_int_equal(store_commit(f->writer, &err), ERR_BUSY);
    assert_int_equal(store_rollback_to(f->writer, NULL), ERR_BUSY);
    store_rollback(f->writer);
    begin(f->writer);
    assert_string_equal(rows_of_stmt(insert, NULL), "");
    commit(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "1\n");
}

static void rows_that_are_cut_off_with_the_connection_are_not_all(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    bool row;
    struct store_stmt *rows =
        prepare(f->reader, "SELECT repeat('x', 1000) FROM generate_series(1, 10000)", NULL, 0);
    struct store_stmt *other = prepare(f->reader, "SELECT 7", NULL, 0);
    assert_int_equal(store_bind(rows, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(rows, &row, &err), ERR_NONE);
    pg_lose(pg_conn(f->reader));
    assert_string_equal(rows_of_stmt(other, NULL), "7\n"); // by a new one
    enum err_code code;
    while ((code = store_step(rows, &row, &err)) == ERR_NONE && row)
        ;
    assert_int_equal(code, ERR_BUSY);
}

// How many rows of a thousand bytes there were; the code of their end.
static enum err_code read_rows(struct store_stmt *stmt, int64_t count, int64_t *ret_rows)
{
    struct err err = {0};
    const struct value values[] = {{.kind = VALUE_INTEGER, .integer = count}};
    bool row = true;
    enum err_code code = store_bind(stmt, values, &err);
    for (*ret_rows = -1; code == ERR_NONE && row; ++*ret_rows)
        code = store_step(stmt, &row, &err);
    store_reset(stmt);
    return code;
}

static void an_answer_up_to_the_bound_is_taken_as_a_whole(void **state)
{
    struct fixture *f = *state;
    const struct store_name params[] = {{.name = span_of("n"), .type = TYPE_INTEGER}};
    int64_t rows;
    struct store_stmt *stmt =
        prepare(f->reader, "SELECT repeat('x', 1000) FROM generate_series(1, :n)", params, 1);
    assert_int_equal(read_rows(stmt, 1, &rows), ERR_NONE); // so that the next is expected to be small
    unsigned session = pg_conn(f->reader)->session;
    assert_int_equal(read_rows(stmt, PG_WHOLE_BYTES / 1000 * 3 / 4, &rows), ERR_NONE);
    assert_int_equal(rows, PG_WHOLE_BYTES / 1000 * 3 / 4);
    assert_int_equal(read_rows(stmt, 1, &rows), ERR_NONE);
    assert_int_equal(pg_conn(f->reader)->session, session);
    assert_int_equal(read_rows(stmt, 10 * PG_WHOLE_BYTES / 1000, &rows), ERR_ABORTED);
    assert_int_equal(read_rows(stmt, 10 * PG_WHOLE_BYTES / 1000, &rows), ERR_NONE);
    assert_int_equal(rows, 10 * PG_WHOLE_BYTES / 1000);
}

// A statement outside of a transaction is committed by the sync behind it.
static void a_constraint_that_waits_for_the_commit_fails_a_single_statement(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE p (k integer PRIMARY KEY);"
                          "CREATE TABLE c (k integer REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    struct err err = error_of_run(f->writer, "INSERT INTO c VALUES (5)");
    assert_int_equal(err.code, ERR_CONSTRAINT);
    assert_rows(f->writer, "SELECT count(*) FROM c", "0\n");
    begin(f->writer);
    assert_rows(f->writer, "SELECT 7", "7\n");
    commit(f->writer);
}

// Writes a row through the proxy; the code of its commit.
static enum err_code write_through(
    struct fixture *f, struct proxy *proxy, enum proxy_cut cut, const char *sql, struct err *err)
{
    char url[600];
    struct store *store;
    struct store_conn *conn;
    snprintf(url, sizeof(url), "%s%chost=127.0.0.1&port=%u", f->url, strchr(f->url, '?') != NULL ? '&' : '?',
        proxy_port(proxy));
    assert_int_equal(store_open(url, f->name, &store, err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &conn, err), ERR_NONE);
    begin(conn);
    rows_of(conn, sql);
    proxy_cut_next(proxy, cut);
    enum err_code code = store_commit(conn, err);
    store_rollback(conn);
    begin(conn); // and goes on
    assert_rows(conn, "INSERT INTO t VALUES (2)", "");
    commit(conn);
    store_disconnect(conn);
    store_close(store);
    return code;
}

static void a_commit_whose_answer_is_lost_is_told_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct proxy *proxy = proxy_new(proxy_port_in(f->url));
    run_script(f->writer, "CREATE TABLE t (a integer)");
    assert_int_equal(write_through(f, proxy, PROXY_CUT_AFTER, "INSERT INTO t VALUES (1)", &err), ERR_NONE);
    assert_rows(f->reader, "SELECT a FROM t ORDER BY a", "1\n2\n");
    run_script(f->writer, "DELETE FROM t");
    assert_int_equal(write_through(f, proxy, PROXY_CUT_BEFORE, "INSERT INTO t VALUES (1)", &err), ERR_BUSY);
    assert_string_equal(err.text, "the store was lost before it wrote: try again");
    assert_rows(f->reader, "SELECT a FROM t ORDER BY a", "2\n");
    run_script(f->writer, "DELETE FROM t");
    err = (struct err){0}; // what was asked before is not taken for the commit itself
    assert_int_equal(write_through(f, proxy, PROXY_CUT_TWICE, "INSERT INTO t VALUES (1)", &err), ERR_BUSY);
    assert_rows(f->reader, "SELECT a FROM t ORDER BY a", "2\n");
    run_script(f->writer, "DELETE FROM t; CREATE FUNCTION add_one() RETURNS integer LANGUAGE sql"
                          " AS 'INSERT INTO t VALUES (1) RETURNING a'");
    assert_int_equal(write_through(f, proxy, PROXY_CUT_AFTER, "SELECT add_one()", &err), ERR_NONE);
    assert_rows(f->reader, "SELECT a FROM t ORDER BY a", "1\n2\n");
    proxy_free(proxy);
}

static void rows_that_the_server_does_not_take_are_given_up_at_the_deadline(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name fields[] = {{.name = span_of("a"), .type = TYPE_TEXT}};
    const struct value value =
        text_of("a text of some length, so that what the machine holds back is soon full");
    pid_t pid = local_backend(f->writer);
    if (f->is_pooled || pid == 0)
        skip();
    begin(f->writer);
    assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
    for (int64_t line = 1; line <= 2000; line++) // COPY is under way
        assert_int_equal(store_batch_add(f->writer, &value, line, &err), ERR_NONE);
    kill(pid, SIGSTOP);
    store_deadline(f->writer, clock_monotonic_ns() + 300 * NS_PER_MS);
    enum err_code code = ERR_NONE;
    for (int64_t line = 1; line <= 1000000 && code == ERR_NONE; line++)
        code = store_batch_add(f->writer, &value, line, &err);
    kill(pid, SIGCONT);
    assert_int_equal(code, ERR_TIMEOUT);
    store_rollback(f->writer);
    store_deadline(f->writer, 0);
    begin(f->writer); // by a new connection
    assert_rows(f->writer, "SELECT 7", "7\n");
    commit(f->writer);
}

static void the_host_that_was_met_last_is_asked_first(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char url[600];
    struct store *store;
    struct store_conn *conn;
    snprintf(url, sizeof(url), "%s%chost=127.0.0.1,127.0.0.1,127.0.0.1&port=1,%u,2", f->url,
        strchr(f->url, '?') != NULL ? '&' : '?', proxy_port_in(f->url));
    assert_int_equal(store_open(url, f->name, &store, &err), ERR_NONE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_connect(store, STORE_READ, &conn, &err), ERR_NONE);
        assert_int_equal(pg_store(store)->first_host, 1);
        assert_rows(conn, "SELECT 7", "7\n");
        store_disconnect(conn);
    }
    store_close(store);
}

static void records_of_commits_do_not_pile_up(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer)");
    for (int i = 0; i < 10; i++) {
        begin(f->writer);
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        commit(f->writer);
    }
    assert_rows(f->reader, "SELECT count(*) FROM reckoner_commits", "1\n");
}

int main(void)
{
    const struct CMUnitTest pure[] = {
        cmocka_unit_test(only_one_connection_at_a_time_finds_out_that_the_server_is_away),
        cmocka_unit_test(the_pause_after_a_failure_grows_up_to_what_retry_after_says),
    };
    const struct CMUnitTest live[] = {
        STORE_TEST(statements_that_are_bound_together_are_answered_in_any_order),
        STORE_TEST(more_statements_than_fit_on_a_connection_leave_it_in_step),
        STORE_TEST(rows_that_have_no_room_lose_the_connection_and_not_themselves),
        STORE_TEST(an_answer_that_nobody_wants_any_more_is_ended),
        STORE_TEST(a_cancel_request_that_comes_before_its_statement_has_begun_is_repeated),
        STORE_TEST(an_idle_connection_that_was_closed_is_made_anew),
        STORE_TEST(rows_that_were_lost_with_the_connection_are_not_counted_on),
        STORE_TEST(a_statement_behind_one_that_failed_is_prepared_the_next_time),
        STORE_TEST(a_transaction_whose_connection_is_lost_fails_until_its_end),
        STORE_TEST(rows_that_are_cut_off_with_the_connection_are_not_all),
        STORE_TEST(an_answer_up_to_the_bound_is_taken_as_a_whole),
        STORE_TEST(a_constraint_that_waits_for_the_commit_fails_a_single_statement),
        STORE_TEST(a_commit_whose_answer_is_lost_is_told_as_it_was),
        STORE_TEST(rows_that_the_server_does_not_take_are_given_up_at_the_deadline),
        STORE_TEST(the_host_that_was_met_last_is_asked_first),
        STORE_TEST(records_of_commits_do_not_pile_up),
    };
    return cmocka_run_group_tests(pure, NULL, NULL) + fixture_run_of("postgresql", live);
}
