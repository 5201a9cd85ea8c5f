// SPDX-License-Identifier: Apache-2.0
// Prompt connections to a store in a file: what they see, and that they fail in place of waiting.
#include "store/prompt.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../store/fixture.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/store.h"
#include "store/sqlite/vfs.h"
#include "store/versions.h"

enum { COMMITS = 3000 };

static void must(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

static void run_past_rules(struct store_conn *conn, const char *sql)
{
    sqlite3 *db = sqlite_conn(conn)->db;
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

// A connection to a store with a table t (a), which has the row 0; `sql` is prepared there.
static struct store_conn *connect_prompt(struct fixture *f, const char *sql, struct store_stmt **ret_stmt)
{
    struct err err = {0};
    struct store_conn *conn;
    run_script(f->writer, "CREATE TABLE t (a integer, b text); INSERT INTO t VALUES (0, '')");
    must(store_watch(f->store, &err), &err);
    must(prompt_connect(f->store, &conn, &err), &err);
    if (conn == NULL) // the file system of /tmp cannot tell what is in memory
        skip();
    *ret_stmt = prepare(conn, sql, NULL, 0);
    must(prompt_resume(conn, &err), &err);
    return conn;
}

static struct err error_of_begin(struct store_conn *conn)
{
    struct err err = {0};
    enum err_code code = prompt_begin(conn, &err);
    assert_int_equal(code, err.code);
    return err;
}

// Runs the statement; the error of the step that fails, if one does.
static struct err error_of_stmt(struct store_stmt *stmt)
{
    struct err err = {0};
    bool row = true;
    must(store_bind(stmt, NULL, &err), &err);
    while (row && store_step(stmt, &row, &err) == ERR_NONE)
        ;
    store_reset(stmt);
    return err;
}

static const char *read_now(struct store_conn *conn, struct store_stmt *stmt)
{
    struct err err = error_of_begin(conn);
    must(err.code, &err);
    return rows_of_stmt(stmt, NULL);
}

static void a_read_sees_all_that_was_committed(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct store_conn *conn = connect_prompt(f, "SELECT max(a) FROM t", &stmt);
    assert_string_equal(read_now(conn, stmt), "0\n");
    for (int i = 1; i < 100; i++) {
        char sql[64], expected[16];
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, '')", i);
        snprintf(expected, sizeof(expected), "%d\n", i);
        run_script(f->writer, sql);
        assert_string_equal(read_now(conn, stmt), expected);
        assert_string_equal(read_now(conn, stmt), expected);
    }
    store_disconnect(conn);
}

static void a_snapshot_is_kept_while_nothing_is_committed(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct err err = {0};
    struct store_conn *conn = connect_prompt(f, "SELECT max(a) FROM t", &stmt);
    read_now(conn, stmt);
    // The connection is asked for nothing but the statement: a new snapshot would step the schema's number.
    sqlite3_stmt *number = sqlite_conn(conn)->prompt.schema_number;
    int runs = sqlite3_stmt_status(number, SQLITE_STMTSTATUS_RUN, 0);
    for (int i = 0; i < 10; i++)
        assert_string_equal(read_now(conn, stmt), "0\n");
    assert_int_equal(sqlite3_stmt_status(number, SQLITE_STMTSTATUS_RUN, 0), runs);
    uint64_t seen = version_seen(conn, versions_of(f->store, "t"));
    assert_int_not_equal(seen, 0);
    assert_int_equal(seen, number_of(f->store, "t"));
    run_script(f->writer, "INSERT INTO t VALUES (1, '')");
    assert_int_equal(version_seen(conn, versions_of(f->store, "t")), 0);
    assert_string_equal(read_now(conn, stmt), "1\n");
    assert_int_equal(sqlite3_stmt_status(number, SQLITE_STMTSTATUS_RUN, 0), runs + 1);
    store_rollback(conn);
    must(prompt_pause(conn, &err), &err);
    store_disconnect(conn);
}

static void a_snapshot_does_not_keep_the_log_from_beginning_again(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct store_conn *conn = connect_prompt(f, "SELECT max(a) FROM t", &stmt);
    sqlite3 *writer = sqlite_conn(f->writer)->db;
    run_script(f->writer, "INSERT INTO t VALUES (1, '')");
    read_now(conn, stmt);
    sqlite3_int64 before = sqlite_vfs_log_bytes(writer);
    run_past_rules(f->writer, "PRAGMA wal_checkpoint(PASSIVE)"); // which moves all of it
    assert_string_equal(read_now(conn, stmt), "1\n");
    run_script(f->writer, "INSERT INTO t VALUES (2, '')");
    assert_true(sqlite_vfs_log_bytes(writer) < before);
    assert_string_equal(read_now(conn, stmt), "2\n");
    store_disconnect(conn);
}

static void a_page_that_is_not_in_memory_ends_the_read_until_somebody_has_read_it(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct store_conn *conn = connect_prompt(f, "SELECT count(*), total(length(b)) FROM t", &stmt);
    run_script(f->writer, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                          "INSERT INTO t SELECT i, hex(zeroblob(1000)) FROM n");
    run_past_rules(f->writer, "PRAGMA wal_checkpoint(TRUNCATE)");
    int fd = open(f->path, O_RDONLY);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    struct err err = error_of_begin(conn);
    if (err.code == ERR_NONE)
        err = error_of_stmt(stmt);
    assert_error(err, ERR_BUSY, "the store is locked by somebody else: try again");
    store_rollback(conn);
    assert_rows(f->reader, "SELECT count(*), total(length(b)) FROM t", "501|1000000.00000000\n");
    assert_string_equal(read_now(conn, stmt), "501|1000000.00000000\n");
    store_disconnect(conn);
    close(fd); // which takes the process's locks from the file: nobody else uses it
}

static void another_schema_is_told_and_wants_statements_prepared_anew(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct err err = {0};
    struct store_conn *conn = connect_prompt(f, "SELECT max(a) FROM t", &stmt);
    read_now(conn, stmt);
    run_script(f->writer, "CREATE TABLE other (a)");
    assert_error(error_of_begin(conn), ERR_STALE, "the schema has changed: prepare the statements anew");
    assert_error(error_of_begin(conn), ERR_STALE, "the schema has changed: prepare the statements anew");
    must(prompt_pause(conn, &err), &err);
    store_finalize(stmt);
    stmt = prepare(conn, "SELECT min(a) FROM t", NULL, 0);
    run_script(f->writer, "CREATE TABLE another (a)");
    assert_int_equal(prompt_resume(conn, &err), ERR_STALE);
    err = (struct err){0};
    must(prompt_pause(conn, &err), &err);
    store_finalize(stmt);
    stmt = prepare(conn, "SELECT min(a) FROM t", NULL, 0);
    must(prompt_resume(conn, &err), &err);
    assert_string_equal(read_now(conn, stmt), "0\n");
    store_disconnect(conn);
}

static void what_takes_long_in_one_step_is_refused_or_fails(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt, *large, *pattern, *long_one;
    struct err err = {0};
    run_script(f->writer, "CREATE VIRTUAL TABLE words USING fts5 (word);"
                          "CREATE VIRTUAL TABLE places USING rtree (id, x_min, x_max)");
    struct store_conn *conn = connect_prompt(f, "SELECT max(a) FROM t", &stmt);
    must(prompt_pause(conn, &err), &err);
    assert_error(error_of_prepare(conn, "SELECT count(*) FROM words WHERE words MATCH 'a*'"), ERR_CONFIG,
        "a virtual table may take long in one step");
    assert_int_equal(error_of_prepare(conn, "SELECT id FROM places WHERE x_min > 1").code, ERR_NONE);
    assert_int_equal(
        error_of_prepare(conn, "SELECT day FROM calendar('2026-01-01', '2026-01-02')").code, ERR_NONE);
    large = prepare(conn, "SELECT replace(hex(zeroblob(3000)), '0', 'ab')", NULL, 0);
    pattern = prepare(conn, "SELECT 'a' LIKE replace(hex(zeroblob(50)), '00', '%a')", NULL, 0);
    long_one = prepare(conn,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)"
        " SELECT count(*) FROM n",
        NULL, 0);
    must(prompt_resume(conn, &err), &err);
    assert_string_equal(read_now(conn, stmt), "0\n");
    assert_int_equal(error_of_stmt(large).code, ERR_VALUE);
    assert_int_equal(error_of_stmt(pattern).code, ERR_VALUE);
    store_deadline(conn, clock_monotonic_ns() + NS_PER_MS);
    assert_int_equal(error_of_stmt(long_one).code, ERR_TIMEOUT);
    store_deadline(conn, 0);
    assert_string_equal(read_now(conn, stmt), "0\n");
    store_disconnect(conn);
}

static void a_torn_index_is_repaired_by_somebody_else(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct store_conn *conn = connect_prompt(f, "SELECT max(a) FROM t", &stmt);
    read_now(conn, stmt);
    volatile uint32_t *header =
        (volatile uint32_t *)(uintptr_t)atomic_load(&sqlite_store(f->store)->versions.header);
    header[2]++; // as a process leaves it that dies while it writes
    assert_error(error_of_begin(conn), ERR_BUSY, "it is not known what is committed: try again");
    assert_rows(f->reader, "SELECT max(a) FROM t", "0\n");
    assert_string_equal(read_now(conn, stmt), "0\n");
    store_disconnect(conn);
}

static void nothing_is_prompt_of_a_store_that_nobody_watches(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_conn *conn = f->reader;
    must(prompt_connect(f->store, &conn, &err), &err);
    assert_null(conn);
}

// --- beside a writer

struct race {
    struct store_conn *writer; // the thread's
    atomic_int acknowledged;   // the largest value that was committed
};

static void *write_on(void *arg)
{
    struct race *race = arg;
    for (int i = 1; i <= COMMITS; i++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "UPDATE t SET a = %d", i);
        run_past_rules(race->writer, sql);
        atomic_store(&race->acknowledged, i);
    }
    return NULL;
}

static int number_in(const char *rows)
{
    int number;
    assert_int_equal(sscanf(rows, "%d", &number), 1);
    return number;
}

static void no_read_is_older_than_what_was_acknowledged_before_it(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmt;
    struct store_conn *conn = connect_prompt(f, "SELECT a FROM t", &stmt);
    struct race race = {.writer = f->writer};
    pthread_t thread;
    run_past_rules(f->writer, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=50");
    assert_int_equal(pthread_create(&thread, NULL, write_on, &race), 0);
    for (int last = 0; last < COMMITS;) {
        int acknowledged = atomic_load(&race.acknowledged);
        struct err err = error_of_begin(conn);
        if (err.code == ERR_BUSY)
            continue;
        must(err.code, &err);
        last = number_in(rows_of_stmt(stmt, NULL));
        if (last < acknowledged)
            fail_msg("%d was committed, and %d is read", acknowledged, last);
    }
    pthread_join(thread, NULL);
    assert_string_equal(read_now(conn, stmt), "3000\n");
    store_disconnect(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_read_sees_all_that_was_committed),
        STORE_TEST(a_snapshot_is_kept_while_nothing_is_committed),
        STORE_TEST(a_snapshot_does_not_keep_the_log_from_beginning_again),
        STORE_TEST(a_page_that_is_not_in_memory_ends_the_read_until_somebody_has_read_it),
        STORE_TEST(another_schema_is_told_and_wants_statements_prepared_anew),
        STORE_TEST(what_takes_long_in_one_step_is_refused_or_fails),
        STORE_TEST(a_torn_index_is_repaired_by_somebody_else),
        STORE_TEST(nothing_is_prompt_of_a_store_that_nobody_watches),
        STORE_TEST(no_read_is_older_than_what_was_acknowledged_before_it),
    };
    return fixture_run_of("sqlite", tests);
}
