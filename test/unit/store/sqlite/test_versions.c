// SPDX-License-Identifier: Apache-2.0
// The version of a store in a file: it tells of every commit of every thread and process as soon as that is
// acknowledged, and never stands for two states. The program is the other process, too: see be_writer.
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

// --- what is not known

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
    volatile uint32_t *header = (volatile uint32_t *)(uintptr_t)sqlite_store(f->store)->version.header;
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
        STORE_TEST(a_store_in_memory_knows_no_version),
        STORE_TEST(a_header_that_is_half_written_is_not_known_until_it_is_whole),
    };
    if (argc == 2 && strcmp(argv[0], "writer") == 0)
        return be_writer(argv[1]);
    return fixture_run_of("sqlite", tests);
}
