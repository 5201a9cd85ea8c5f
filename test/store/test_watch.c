// SPDX-License-Identifier: Apache-2.0
// What every store tells of its tables to those who serve it for long.
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"

enum { BOUND_S = 30, THREADS = 4, ASKED = 100, COMMITS = 5 };

static void rest(void)
{
    struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
}

// Waits until the version is known, and another one than `before`.
static uint64_t version_after(struct store *store, uint64_t before)
{
    uint64_t version, end_ns = clock_monotonic_ns() + (uint64_t)BOUND_S * 1000 * NS_PER_MS;
    while ((version = number_of(store, "t")) == 0 || version == before) {
        assert_true(clock_monotonic_ns() < end_ns);
        rest();
    }
    return version;
}

static void watch(struct fixture *f)
{
    struct err err = {0};
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
    assert_string_equal(err.text, "");
}

static void a_store_that_nobody_watches_knows_no_versions_and_is_there(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    assert_int_equal(number_of(f->store, "t"), 0);
    assert_int_equal(store_is_there(f->store, &err), ERR_NONE);
}

static void every_commit_gives_a_new_version_and_nothing_else_does(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    watch(f);
    watch(f); // once more is no more
    uint64_t version = version_after(f->store, 0);
    for (int i = 0; i < 5; i++) {
        begin(f->writer);
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        assert_rows(f->reader, "SELECT count(*) < 5 FROM t", "1\n");
        store_rollback(f->writer);
        assert_int_equal(number_of(f->store, "t"), version);
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        version = version_after(f->store, version);
    }
    assert_int_equal(store_is_there(f->store, &err), ERR_NONE);
}

static void commits_through_another_store_of_the_same_place_count(void **state)
{
    struct fixture *f = *state;
    struct store *other;
    struct store_conn *conn;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    watch(f);
    uint64_t version = version_after(f->store, 0);
    assert_int_equal(store_open(f->url, f->name, &other, &err), ERR_NONE);
    assert_int_equal(store_connect(other, STORE_WRITE, &conn, &err), ERR_NONE);
    assert_rows(conn, "INSERT INTO t VALUES (1)", "");
    version = version_after(f->store, version);
    begin(conn);
    run_script(conn, "ALTER TABLE t ADD COLUMN b integer");
    commit(conn);
    version_after(f->store, version);
    store_disconnect(conn);
    store_close(other);
}

struct asking {
    struct store *store; // borrowed
    atomic_bool end;     // the threads are to end
};

static void *ask(void *arg)
{
    struct asking *asking = arg;
    while (!atomic_load(&asking->end)) {
        for (int i = 0; i < ASKED; i++) {
            struct err err = {0};
            (void)number_of(asking->store, "t");
            (void)!store_is_there(asking->store, &err);
        }
        rest(); // the machine has other tests to run
    }
    return NULL;
}

static void any_thread_may_ask(void **state)
{
    struct fixture *f = *state;
    struct asking asking = {.store = f->store};
    pthread_t threads[THREADS];
    run_script(f->writer, "CREATE TABLE t (a integer)");
    watch(f);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking), 0);
    uint64_t version = 0;
    for (int i = 0; i < COMMITS; i++) {
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        version = version_after(f->store, version);
    }
    atomic_store(&asking.end, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_store_that_nobody_watches_knows_no_versions_and_is_there),
        STORE_TEST(every_commit_gives_a_new_version_and_nothing_else_does),
        STORE_TEST(commits_through_another_store_of_the_same_place_count),
        STORE_TEST(any_thread_may_ask),
    };
    return fixture_run(tests);
}
