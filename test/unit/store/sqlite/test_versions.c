// SPDX-License-Identifier: Apache-2.0
// The version of a store in a file: it tells of every commit of every thread and process as soon as that is
// acknowledged, and never stands for two states. The program is the other process, too: see be_writer.
#include "base/limits.h"
#include "store/sqlite/versions.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../store/fixture.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/store.h"
#include "store/versions.h"

enum { COMMITS = 10000 };

static void run_bare(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static void run_past_rules(struct store_conn *conn, const char *sql)
{
    run_bare(sqlite_conn(conn)->db, sql);
}

// A table with no row, and quick commits that start the log anew every now and then.
static void prepare_store(struct fixture *f)
{
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    run_past_rules(f->writer, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=50");
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
}

static int compare(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static void assert_all_known_and_different(uint64_t *numbers, size_t count)
{
    qsort(numbers, count, sizeof(*numbers), compare);
    assert_int_not_equal(numbers[0], 0);
    for (size_t i = 1; i < count; i++)
        assert_int_not_equal(numbers[i], numbers[i - 1]);
}

// --- another process

struct process {
    pid_t pid;
    int go;   // a byte for each commit that it is to make
    int done; // a byte for each commit that has returned
};

// The other process: `writer PATH`, with `go` as its standard input and `done` as its output.
static int be_writer(const char *path)
{
    sqlite3 *db = NULL;
    char byte;
    int result = sqlite3_open(path, &db);
    sqlite3_busy_timeout(db, 10000);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=50", NULL, NULL, NULL);
    while (result == SQLITE_OK && read(0, &byte, 1) == 1) {
        result = sqlite3_exec(db, "INSERT INTO t VALUES (1)", NULL, NULL, NULL);
        if (result == SQLITE_OK && write(1, "d", 1) != 1)
            break;
    }
    if (result != SQLITE_OK)
        fprintf(stderr, "writer: %s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    return result != SQLITE_OK;
}

static struct process start_writer(const struct fixture *f)
{
    struct process process;
    int go[2], done[2];
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(done, O_CLOEXEC), 0);
    process.pid = fork();
    if (process.pid ==
        0) { // SQLite's state is none for a copy of the process: the copy becomes another program
        dup2(go[0], 0);
        dup2(done[1], 1);
        execl("/proc/self/exe", "writer", f->path, (char *)NULL);
        _exit(127);
    }
    close(go[0]);
    close(done[1]);
    process.go = go[1];
    process.done = done[0];
    return process;
}

static void let_commit(const struct process *process)
{
    char byte;
    assert_int_equal(write(process->go, "g", 1), 1);
    assert_int_equal(read(process->done, &byte, 1), 1);
}

static int end_process(struct process *process)
{
    int status = 0;
    close(process->go);
    close(process->done);
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    return status;
}

static void a_commit_of_another_process_is_told_of_before_it_is_acknowledged(void **state)
{
    struct fixture *f = *state;
    static uint64_t numbers[COMMITS + 1];
    prepare_store(f);
    const struct version *version = versions_of(f->store, "t");
    struct process process = start_writer(f);
    numbers[0] = version_now(version);
    for (int i = 1; i <= COMMITS; i++) {
        let_commit(&process);
        numbers[i] = version_now(version);
        assert_int_not_equal(numbers[i], numbers[i - 1]);
    }
    assert_int_equal(end_process(&process), 0);
    assert_all_known_and_different(numbers, COMMITS + 1);
    assert_rows(f->reader, "SELECT count(*) FROM t", "10000\n");
}

static void after_a_process_was_killed_all_goes_on_with_new_numbers(void **state)
{
    enum { ROUNDS = 20, EACH = 30 };
    struct fixture *f = *state;
    static uint64_t numbers[ROUNDS * 2 * EACH];
    size_t count = 0;
    prepare_store(f);
    const struct version *version = versions_of(f->store, "t");
    for (int round = 0; round < ROUNDS; round++) {
        struct process process = start_writer(f);
        for (int i = 0; i < EACH; i++) {
            let_commit(&process);
            numbers[count++] = version_now(version);
        }
        assert_int_equal(write(process.go, "gggggggggg", 10), 10);
        kill(process.pid, SIGKILL);
        end_process(&process);
        for (int i = 0; i < EACH; i++) {
            assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
            numbers[count++] = version_now(version);
        }
    }
    assert_all_known_and_different(numbers, count);
}

// --- other threads

struct writing {
    struct fixture *fixture; // borrowed; its writer is the thread's
    sem_t go, done;          // posted for each commit
};

static void *write_in_turn(void *arg)
{
    struct writing *writing = arg;
    for (int i = 0; i < COMMITS; i++) {
        sem_wait(&writing->go);
        run_past_rules(writing->fixture->writer, "INSERT INTO t VALUES (1)");
        sem_post(&writing->done);
    }
    return NULL;
}

static void a_commit_of_another_thread_is_told_of_before_it_is_acknowledged(void **state)
{
    struct writing writing = {.fixture = *state};
    static uint64_t numbers[COMMITS + 1];
    pthread_t thread;
    prepare_store(writing.fixture);
    sem_init(&writing.go, 0, 0);
    sem_init(&writing.done, 0, 0);
    const struct version *version = versions_of(writing.fixture->store, "t");
    numbers[0] = version_now(version);
    assert_int_equal(pthread_create(&thread, NULL, write_in_turn, &writing), 0);
    for (int i = 1; i <= COMMITS; i++) {
        sem_post(&writing.go);
        sem_wait(&writing.done);
        numbers[i] = version_now(version);
        assert_int_not_equal(numbers[i], numbers[i - 1]);
    }
    pthread_join(thread, NULL);
    assert_all_known_and_different(numbers, COMMITS + 1);
    sem_destroy(&writing.go);
    sem_destroy(&writing.done);
}

struct reading {
    struct fixture *fixture; // borrowed
    atomic_bool end;         // the thread is to end
    uint64_t same;           // pairs of reads at one version
};

// Whatever is read while the version stays the same is the same.
static void *read_at_versions(void *arg)
{
    struct reading *reading = arg;
    const struct version *version = versions_of(reading->fixture->store, "t");
    struct store_conn *conn = NULL;
    struct err err = {0};
    uint64_t last = 0;
    int64_t last_count = -1;
    assert_int_equal(store_connect(reading->fixture->store, STORE_READ, &conn, &err), ERR_NONE);
    struct store_stmt *stmt = prepare(conn, "SELECT count(*) FROM t", NULL, 0);
    while (!atomic_load(&reading->end)) {
        bool row;
        struct value value;
        uint64_t before = version_now(version);
        if (store_bind(stmt, NULL, &err) != ERR_NONE || store_step(stmt, &row, &err) != ERR_NONE ||
            store_column(stmt, 0, &value, &err) != ERR_NONE)
            fail_msg("%s", err.text);
        store_reset(stmt);
        if (before == 0 || before != version_now(version))
            continue;
        if (before == last) {
            assert_int_equal(value.integer, last_count);
            reading->same++;
        }
        last = before;
        last_count = value.integer;
    }
    store_finalize(stmt);
    store_disconnect(conn);
    return NULL;
}

static void what_is_read_at_one_version_is_the_same(void **state)
{
    enum { READERS = 3, WRITES = 5000 };
    struct fixture *f = *state;
    struct reading readings[READERS];
    pthread_t threads[READERS];
    prepare_store(f);
    for (int i = 0; i < READERS; i++) {
        readings[i] = (struct reading){.fixture = f};
        assert_int_equal(pthread_create(&threads[i], NULL, read_at_versions, &readings[i]), 0);
    }
    for (int i = 0; i < WRITES; i++)
        run_past_rules(f->writer,
            i % 10 == 0 ? "BEGIN; INSERT INTO t VALUES (1); ROLLBACK" : "INSERT INTO t VALUES (1)");
    for (int i = 0; i < READERS; i++) {
        atomic_store(&readings[i].end, true);
        pthread_join(threads[i], NULL);
    }
    assert_int_not_equal(readings[0].same, 0);
}

// --- what counts as a commit

static void whatever_changes_the_file_gives_a_new_number(void **state)
{
    struct fixture *f = *state;
    static const char *const changes[] = {"INSERT INTO t VALUES (1)", "UPDATE t SET a = 2", "DELETE FROM t",
        "CREATE INDEX i ON t (a)", "ALTER TABLE t ADD COLUMN b integer", "CREATE TABLE u (a integer)",
        "DROP TABLE u", "INSERT INTO t VALUES (1, 2)", "VACUUM", "PRAGMA user_version=7", "ANALYZE",
        "BEGIN; INSERT INTO t VALUES (1, 2); SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; COMMIT",
        "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (1, 2)",
        "PRAGMA wal_checkpoint(RESTART); INSERT INTO t VALUES (1, 2)",
        "PRAGMA wal_checkpoint(PASSIVE); INSERT INTO t VALUES (1, 2)"};
    uint64_t numbers[1 + 3 * ARRAY_LEN(changes)];
    size_t count = 0;
    sqlite3 *db = NULL;
    prepare_store(f);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK); // a connection without our settings
    numbers[count++] = number_of(f->store, "t");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
            run_bare(db, changes[i]);
            numbers[count++] = number_of(f->store, "no matter which");
        }
        run_bare(db, "DROP INDEX i; DROP TABLE t; CREATE TABLE t (a integer)");
    }
    sqlite3_close(db);
    assert_all_known_and_different(numbers, count);
}

static void what_changes_nothing_keeps_the_number(void **state)
{
    struct fixture *f = *state;
    static const char *const others[] = {"SELECT * FROM t", "BEGIN; INSERT INTO t VALUES (1); ROLLBACK",
        "BEGIN IMMEDIATE; COMMIT", "DELETE FROM t WHERE a = 7", "PRAGMA wal_checkpoint(PASSIVE)",
        "CREATE TEMP TABLE x (a integer); INSERT INTO x VALUES (1)", "PRAGMA schema_version"};
    prepare_store(f);
    run_past_rules(f->writer, "INSERT INTO t VALUES (1)");
    uint64_t number = number_of(f->store, "t");
    assert_int_not_equal(number, 0);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        run_past_rules(f->writer, others[i]);
        assert_int_equal(number_of(f->store, "t"), number);
    }
}

// --- which tables a commit of ours counts for

static const char family[] =
    "CREATE TABLE a (id integer PRIMARY KEY, n integer); CREATE TABLE b (id integer PRIMARY KEY, a integer"
    " REFERENCES a (id) ON DELETE CASCADE ON UPDATE SET NULL); CREATE TABLE c (x text PRIMARY KEY, n integer)"
    " WITHOUT ROWID; CREATE TABLE d (n integer); CREATE TABLE log (n integer);"
    "CREATE TRIGGER d_new AFTER INSERT ON d WHEN new.n > 1 BEGIN INSERT INTO log VALUES (new.n); END;"
    "CREATE VIEW v AS SELECT id FROM a; CREATE TRIGGER v_new INSTEAD OF INSERT ON v BEGIN"
    "  INSERT INTO d VALUES (new.id); END;"
    "CREATE VIRTUAL TABLE words USING fts5(body); CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);";

static const char *const members[] = {"a", "b", "c", "d", "log", "words", "boxes", "sqlite_schema"};

// The members whose number is another one than before, and notes them all.
static const char *raised(struct fixture *f, uint64_t numbers[ARRAY_LEN(members)])
{
    static char names[100];
    names[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        uint64_t number = number_of(f->store, members[i]);
        assert_int_not_equal(number, 0);
        if (number != numbers[i])
            strcat(strcat(names, names[0] != '\0' ? " " : ""), members[i]);
        numbers[i] = number;
    }
    return names;
}

static void run_in_transaction(struct fixture *f, const char *sql)
{
    begin(f->writer);
    assert_error(error_of_run(f->writer, sql), ERR_NONE, "");
    commit(f->writer);
}

static void a_commit_of_ours_counts_for_the_tables_that_it_may_have_written(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    static const struct {
        const char *sql, *raised;
    } cases[] = {
        {"INSERT INTO a VALUES (1, 1), (2, 2)", "a sqlite_schema"},
        {"INSERT INTO b VALUES (1, 1), (2, 2)", "b sqlite_schema"},
        {"INSERT INTO c VALUES ('x', 1)", "c sqlite_schema"},
        {"INSERT INTO c SELECT id, n FROM a WHERE true ON CONFLICT DO UPDATE SET n = 7", "c sqlite_schema"},
        {"UPDATE A SET n = 3", "a sqlite_schema"},
        {"UPDATE a SET id = 5 WHERE id = 1", "a b sqlite_schema"},
        {"REPLACE INTO a VALUES (2, 9)", "a b sqlite_schema"},
        {"DELETE FROM a WHERE id = 2", "a b sqlite_schema"},
        {"DELETE FROM c", "c sqlite_schema"},
        {"INSERT INTO d VALUES (1)", "d log sqlite_schema"},
        {"INSERT INTO v VALUES (9)", "d log sqlite_schema"},
        {"INSERT INTO words VALUES ('one two')", "words sqlite_schema"},
        {"INSERT INTO words (words) VALUES ('rebuild')", "words sqlite_schema"},
        {"INSERT INTO boxes VALUES (1, 2, 3)", "boxes sqlite_schema"},
        {"DELETE FROM d WHERE n = 1000", ""},
        {"SELECT count(*) FROM a, b", ""},
    };
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    run_script(f->writer, family);
    prepare_store(f);
    store_disconnect(f->writer); // another connection meets the virtual tables in its transactions
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    raised(f, numbers);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run_in_transaction(f, cases[i].sql);
        assert_string_equal(raised(f, numbers), cases[i].raised);
    }
}

static void a_schema_that_changed_counts_for_all_and_so_do_scripts(void **state)
{
    struct fixture *f = *state;
    static const char all[] = "a b c d log words boxes sqlite_schema";
    static const char *const scripts[] = {"CREATE INDEX d_n ON d (n)", "ALTER TABLE a ADD COLUMN m integer",
        "DROP TABLE b", "INSERT INTO a (id) VALUES (100)", "CREATE TABLE b (id integer, a integer)"};
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    run_script(f->writer, family);
    prepare_store(f);
    raised(f, numbers);
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        begin(f->writer);
        run_script(f->writer, scripts[i]);
        commit(f->writer);
        assert_string_equal(raised(f, numbers), all);
        run_script(f->writer, "UPDATE d SET n = 1; INSERT INTO d VALUES (1)"); // outside of a transaction
        assert_string_equal(raised(f, numbers), all);
    }
}

static void run_again(struct store_stmt *stmt)
{
    bool row;
    struct err err = {0};
    if (store_bind(stmt, NULL, &err) != ERR_NONE || store_step(stmt, &row, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    store_reset(stmt);
}

static void a_statement_that_has_another_trigger_now_writes_its_tables_too(void **state)
{
    struct fixture *f = *state;
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    run_script(f->writer, family);
    prepare_store(f);
    struct store_stmt *stmt = prepare(f->writer, "UPDATE a SET n = 1", NULL, 0);
    run_script(f->writer, "CREATE TRIGGER a_moved AFTER UPDATE ON a BEGIN INSERT INTO d VALUES (0); END;");
    raised(f, numbers);
    begin(f->writer);
    run_again(stmt);
    run_script(f->reader, "SELECT 1");
    assert_string_equal(raised(f, numbers), "");
    assert_rows(f->writer, "INSERT INTO a VALUES (1, 1)", "");
    run_again(stmt);
    commit(f->writer);
    assert_string_equal(raised(f, numbers), "a d log sqlite_schema");
    store_finalize(stmt);
}

static void what_is_rolled_back_counts_for_none_be_it_to_a_savepoint_only(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    run_script(f->writer, family);
    prepare_store(f);
    raised(f, numbers);
    begin(f->writer);
    assert_rows(f->writer, "INSERT INTO a VALUES (1, 1)", "");
    store_rollback(f->writer);
    assert_string_equal(raised(f, numbers), "");
    begin(f->writer);
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "INSERT INTO a VALUES (1, 1)", "");
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "INSERT INTO c VALUES ('x', 1)", "");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "INSERT INTO d VALUES (1)", "");
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    commit(f->writer);
    assert_string_equal(raised(f, numbers), "c sqlite_schema");
    begin(f->writer);
    assert_rows(f->writer, "INSERT INTO words VALUES ('kept')", ""); // which is written at the savepoint
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "INSERT INTO words VALUES ('gone')", "");
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    commit(f->writer);
    assert_string_equal(raised(f, numbers), "words sqlite_schema");
    assert_rows(f->reader, "SELECT body FROM words", "'kept'\n");
}

static void a_batch_table_of_other_fields_counts_for_none(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    static const struct store_name fields[] = {
        {.name = {"x", 1}, .type = TYPE_TEXT}, {.name = {"n", 1}, .type = TYPE_INTEGER}};
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    run_script(f->writer, family);
    prepare_store(f);
    assert_int_equal(store_batch_open(f->writer, fields, 2, &err), ERR_NONE);
    struct store_stmt *stmt = prepare(f->writer, "INSERT INTO c SELECT x, n FROM batch", NULL, 0);
    raised(f, numbers);
    for (int i = 0; i < 4; i++) {
        const struct value values[] = {text_of(i % 2 == 0 ? "even" : "odd"), integer_of(i)};
        begin(f->writer);
        assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
        assert_int_equal(store_batch_open(f->writer, fields, 2, &err), ERR_NONE);
        assert_int_equal(store_batch_add(f->writer, values, 1, &err), ERR_NONE);
        run_again(stmt);
        assert_rows(f->writer, "DELETE FROM c", "");
        commit(f->writer);
        assert_string_equal(raised(f, numbers), "c sqlite_schema");
    }
    store_finalize(stmt);
}

// The log begins again with the first commit after it was moved into the database.
static void the_log_that_begins_again_counts_for_none(void **state)
{
    struct fixture *f = *state;
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    run_script(f->writer, family);
    prepare_store(f);
    raised(f, numbers);
    for (int i = 0; i < 5; i++) {
        run_past_rules(f->writer, "PRAGMA wal_checkpoint(RESTART)");
        assert_string_equal(raised(f, numbers), "");
        run_in_transaction(f, "INSERT INTO d VALUES (1)");
        assert_string_equal(raised(f, numbers), "d log sqlite_schema");
    }
    run_past_rules(f->writer, "PRAGMA cache_size=10");
    run_past_rules(f->writer, "PRAGMA wal_checkpoint(RESTART)");
    begin(f->writer); // more than its cache holds goes to the log before the commit
    assert_rows(f->writer,
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999)"
        " INSERT INTO d SELECT n FROM n",
        "");
    assert_string_equal(raised(f, numbers), "");
    store_rollback(f->writer);
    assert_string_equal(raised(f, numbers), "");
}

static void a_commit_of_others_counts_for_all(void **state)
{
    struct fixture *f = *state;
    static const char all[] = "a b c d log words boxes sqlite_schema";
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    sqlite3 *db = NULL;
    run_script(f->writer, family);
    prepare_store(f);
    raised(f, numbers);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    run_bare(db, "INSERT INTO c VALUES ('x', 1)");
    assert_string_equal(raised(f, numbers), all);
    run_bare(db, "INSERT INTO c VALUES ('y', 1)"); // seen first by the transaction of ours
    run_in_transaction(f, "INSERT INTO a VALUES (1, 1)");
    assert_string_equal(raised(f, numbers), all);
    run_in_transaction(f, "INSERT INTO a VALUES (2, 1)");
    assert_string_equal(raised(f, numbers), "a sqlite_schema");
    sqlite3_close(db);
}

static void more_tables_than_a_transaction_notes_count_for_all(void **state)
{
    struct fixture *f = *state;
    uint64_t numbers[ARRAY_LEN(members)] = {0};
    char sql[100];
    run_script(f->writer, family);
    prepare_store(f);
    for (int i = 0; i <= SQLITE_WRITES_TABLES; i++) {
        snprintf(sql, sizeof(sql), "CREATE TABLE x%d (n integer)", i);
        run_script(f->writer, sql);
    }
    raised(f, numbers);
    begin(f->writer);
    for (int i = 0; i <= SQLITE_WRITES_TABLES; i++) {
        snprintf(sql, sizeof(sql), "INSERT INTO x%d VALUES (1)", i);
        assert_rows(f->writer, sql, "");
    }
    commit(f->writer);
    assert_string_equal(raised(f, numbers), "a b c d log words boxes sqlite_schema");
}

// --- the number of a snapshot

static void a_read_tells_the_numbers_of_its_snapshot(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, family);
    prepare_store(f);
    const struct version *a = versions_of(f->store, "a"), *c = versions_of(f->store, "c");
    assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT count(*) FROM a, c", "0\n");
    assert_int_equal(version_seen(f->reader, a), version_now(a));
    run_in_transaction(f, "INSERT INTO c VALUES ('x', 1)");
    assert_int_equal(version_seen(f->reader, a), version_now(a));
    assert_int_equal(version_seen(f->reader, c), 0); // another one than the snapshot's
    assert_int_not_equal(version_now(a), 0);
    assert_int_not_equal(version_now(c), 0);
    store_rollback(f->reader);
}

struct checking {
    struct fixture *fixture; // borrowed
    atomic_bool end;         // the thread is to end
    uint64_t kept;           // reads whose numbers were known
    uint64_t current;        // of those that were, when they were looked at later
};

static int64_t count_of(struct store_stmt *stmt)
{
    struct err err = {0};
    struct value value = {0};
    bool row;
    if (store_bind(stmt, NULL, &err) != ERR_NONE || store_step(stmt, &row, &err) != ERR_NONE ||
        store_column(stmt, 0, &value, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    store_reset(stmt);
    return value.integer;
}

// Keeps what was read with its number, and reads again: what is current then must not be older.
static void *check_what_was_kept(void *arg)
{
    struct checking *checking = arg;
    struct store_conn *conn = NULL;
    struct err err = {0};
    const char *const tables[] = {"a", "c"};
    assert_int_equal(store_connect(checking->fixture->store, STORE_READ, &conn, &err), ERR_NONE);
    struct store_stmt *stmts[] = {prepare(conn, "SELECT coalesce(max(n), 0) FROM a", NULL, 0),
        prepare(conn, "SELECT coalesce(max(n), 0) FROM c", NULL, 0)};
    for (unsigned i = 0; !atomic_load(&checking->end); i++) {
        const struct version *version = versions_of(checking->fixture->store, tables[i % 2]);
        assert_int_equal(store_begin_seen(conn, &err), ERR_NONE);
        int64_t kept = count_of(stmts[i % 2]);
        uint64_t seen = version_seen(conn, version);
        store_rollback(conn);
        checking->kept += seen != 0;
        int64_t later = count_of(stmts[i % 2]); // of what was committed before version_now is asked
        if (seen != 0 && version_now(version) == seen) {
            checking->current++;
            assert_int_equal(later, kept);
        }
    }
    for (int i = 0; i < 2; i++)
        store_finalize(stmts[i]);
    store_disconnect(conn);
    return NULL;
}

static void what_was_kept_with_its_number_is_current_while_the_number_is(void **state)
{
    enum { READERS = 3, WRITES = 4000 };
    struct fixture *f = *state;
    struct checking checkings[READERS];
    pthread_t threads[READERS];
    sqlite3 *db = NULL;
    run_script(f->writer, family);
    prepare_store(f);
    run_script(f->writer, "INSERT INTO a VALUES (1, 0); INSERT INTO c VALUES ('x', 0)");
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    run_bare(db, "PRAGMA synchronous=OFF");
    for (int i = 0; i < READERS; i++) {
        checkings[i] = (struct checking){.fixture = f};
        assert_int_equal(pthread_create(&threads[i], NULL, check_what_was_kept, &checkings[i]), 0);
    }
    struct store_stmt *a = prepare(f->writer, "UPDATE a SET n = n + 1", NULL, 0);
    struct store_stmt *c = prepare(f->writer, "UPDATE c SET n = n + 1", NULL, 0);
    for (int i = 0; i < WRITES; i++) {
        if (i % 50 == 0)
            run_bare(db, i % 100 == 0 ? "UPDATE a SET n = n + 1" : "UPDATE c SET n = n + 1");
        begin(f->writer);
        run_again(i % 7 == 0 ? a : c);
        commit(f->writer);
    }
    uint64_t kept = 0, current = 0;
    for (int i = 0; i < READERS; i++) {
        atomic_store(&checkings[i].end, true);
        pthread_join(threads[i], NULL);
        kept += checkings[i].kept;
        current += checkings[i].current;
    }
    assert_true(kept > 0 && current > 0);
    store_finalize(a);
    store_finalize(c);
    sqlite3_close(db);
}

// --- what is not known

static void past_the_most_names_no_version_is_known(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char name[32];
    const struct version *last = NULL;
    run_script(f->writer, family);
    prepare_store(f);
    for (int i = 0; i <= LIMIT_VERSIONS; i++) {
        snprintf(name, sizeof(name), "other_%d", i);
        last = versions_of(f->store, name);
    }
    assert_int_equal(version_now(last), 0);
    assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT count(*) FROM a", "0\n");
    assert_int_equal(version_seen(f->reader, last), 0);
    store_rollback(f->reader);
}

static void a_store_in_memory_knows_no_version(void **state)
{
    struct store *store = NULL;
    struct store_conn *conn = NULL;
    struct err err = {0};
    (void)state;
    assert_int_equal(store_open("sqlite::memory:", "", &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &conn, &err), ERR_NONE);
    assert_int_equal(store_watch(store, &err), ERR_NONE);
    run_script(conn, "CREATE TABLE t (a integer)");
    assert_int_equal(number_of(store, "t"), 0);
    store_disconnect(conn);
    store_close(store);
}

static void a_header_that_is_half_written_is_not_known_until_it_is_whole(void **state)
{
    struct fixture *f = *state;
    uint64_t numbers[30];
    size_t count = 0;
    prepare_store(f);
    volatile uint32_t *header = (volatile uint32_t *)(uintptr_t)sqlite_store(f->store)->versions.header;
    for (size_t word = 0; word < 10; word++) {
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        numbers[count++] = number_of(f->store, "t");
        header[word] ^= 0x10; // as of a process that died there
        assert_int_equal(number_of(f->store, "t"), 0);
        assert_rows(f->reader, "SELECT count(*) > 0 FROM t", "1\n"); // SQLite makes the index anew
        numbers[count++] = number_of(f->store, "t");
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        numbers[count++] = number_of(f->store, "t");
    }
    assert_all_known_and_different(numbers, count);
    assert_rows(f->reader, "SELECT count(*) FROM t", "20\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_commit_of_another_process_is_told_of_before_it_is_acknowledged),
        STORE_TEST(after_a_process_was_killed_all_goes_on_with_new_numbers),
        STORE_TEST(a_commit_of_another_thread_is_told_of_before_it_is_acknowledged),
        STORE_TEST(what_is_read_at_one_version_is_the_same),
        STORE_TEST(whatever_changes_the_file_gives_a_new_number),
        STORE_TEST(what_changes_nothing_keeps_the_number),
        STORE_TEST(a_commit_of_ours_counts_for_the_tables_that_it_may_have_written),
        STORE_TEST(a_schema_that_changed_counts_for_all_and_so_do_scripts),
        STORE_TEST(a_statement_that_has_another_trigger_now_writes_its_tables_too),
        STORE_TEST(what_is_rolled_back_counts_for_none_be_it_to_a_savepoint_only),
        STORE_TEST(a_batch_table_of_other_fields_counts_for_none),
        STORE_TEST(the_log_that_begins_again_counts_for_none),
        STORE_TEST(a_commit_of_others_counts_for_all),
        STORE_TEST(more_tables_than_a_transaction_notes_count_for_all),
        STORE_TEST(a_read_tells_the_numbers_of_its_snapshot),
        STORE_TEST(what_was_kept_with_its_number_is_current_while_the_number_is),
        STORE_TEST(past_the_most_names_no_version_is_known),
        STORE_TEST(a_store_in_memory_knows_no_version),
        STORE_TEST(a_header_that_is_half_written_is_not_known_until_it_is_whole),
    };
    if (argc == 2 && strcmp(argv[0], "writer") == 0)
        return be_writer(argv[1]);
    return fixture_run_of("sqlite", tests);
}
