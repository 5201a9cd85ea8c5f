// SPDX-License-Identifier: Apache-2.0
// The log has a bound although reads overlap without a gap.
#include "store/sqlite/log_bound.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../../../store/fixture.h"
#include "base/limits.h"
#include "store/stats.h"

enum { BATCH_BYTES = 4000000, BATCHES = 3 * LIMIT_WAL_BYTES / BATCH_BYTES, TRIES = 10 };

struct reading {
    struct fixture *f;
    struct store_conn *other; // a reader beside the fixture's
    atomic_bool ends;         //
    atomic_bool has_begun;    //
};

static void read_snapshot(struct store_conn *conn)
{
    begin(conn);
    assert_rows(conn, "SELECT max(id) > 0 FROM t", "1\n");
}

// One of the two is in a read transaction at any time.
static void *overlap(void *ctx)
{
    struct reading *reading = ctx;
    read_snapshot(reading->f->reader);
    while (!atomic_load(&reading->ends)) {
        atomic_store(&reading->has_begun, true);
        read_snapshot(reading->other);
        store_rollback(reading->f->reader);
        read_snapshot(reading->f->reader);
        store_rollback(reading->other);
    }
    store_rollback(reading->f->reader);
    return NULL;
}

static off_t log_bytes(const struct fixture *f)
{
    char path[120];
    struct stat there;
    snprintf(path, sizeof(path), "%s-wal", f->path);
    assert_int_equal(stat(path, &there), 0);
    return there.st_size;
}

static void reads_that_overlap_do_not_let_the_log_grow(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct reading reading = {.f = f};
    pthread_t thread;
    run_script(
        f->writer, "CREATE TABLE t (id integer PRIMARY KEY, fill blob); INSERT INTO t VALUES (1, NULL)");
    assert_int_equal(store_connect(f->store, STORE_READ, &reading.other, &err), ERR_NONE);
    assert_int_equal(pthread_create(&thread, NULL, overlap, &reading), 0);
    while (!atomic_load(&reading.has_begun))
        ;
    off_t largest = 0;
    // On a busy machine the reader may not get to run while a batch ends; then the log begins again early.
    for (int i = 0; i < BATCHES || (largest < LIMIT_WAL_BYTES / 2 && i < TRIES * BATCHES); i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "REPLACE INTO t VALUES (2, zeroblob(%d))", BATCH_BYTES);
        begin(f->writer);
        run_script(f->writer, sql);
        commit(f->writer);
        off_t now = log_bytes(f);
        largest = now > largest ? now : largest;
    }
    atomic_store(&reading.ends, true);
    pthread_join(thread, NULL);
    store_disconnect(reading.other);
    assert_in_range((uintmax_t)largest, LIMIT_WAL_BYTES / 2, LIMIT_WAL_BYTES + 2 * BATCH_BYTES);
}

static void write_bytes(struct fixture *f, int id, int bytes)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "REPLACE INTO t VALUES (%d, zeroblob(%d))", id, bytes);
    begin(f->writer);
    run_script(f->writer, sql);
    commit(f->writer);
}

static void sizes_and_checkpoints_are_told(void **state)
{
    enum { SMALL = 100000, LARGE_ONES = 5 };
    struct fixture *f = *state;
    struct err err = {0};
    struct store_stats stats;
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY, fill blob)");
    write_bytes(f, 1, SMALL);
    store_stats(f->store, &stats);
    assert_true(stats.has_log && !stats.has_connections);
    assert_int_equal(stats.log_bytes, log_bytes(f)); // it has not begun again yet
    assert_in_range(stats.database_bytes, SMALL, 10 * SMALL);
    assert_int_equal(stats.log_moved_bytes, 0);
    assert_int_equal(histogram_total(&stats.checkpoints), 0);
    for (int i = 0; i < LARGE_ONES; i++)
        write_bytes(f, 2 + i, BATCH_BYTES);
    store_stats(f->store, &stats);
    assert_in_range(stats.database_bytes, LARGE_ONES * BATCH_BYTES, 2 * LARGE_ONES * BATCH_BYTES);
    assert_true(histogram_total(&stats.checkpoints) > 0 && stats.checkpoints.sum_ns > 0);
    assert_in_range(stats.checkpoint_pages, 4000, 2 * LARGE_ONES * BATCH_BYTES / 4096);
    assert_true(stats.log_moved_bytes > 0 && stats.log_moved_bytes <= stats.log_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(reads_that_overlap_do_not_let_the_log_grow),
        STORE_TEST(sizes_and_checkpoints_are_told),
    };
    return fixture_run_of("sqlite", tests);
}
