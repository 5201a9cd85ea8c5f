// SPDX-License-Identifier: Apache-2.0
// Writes and syncs that fail, one after another: what was committed is there after a crash, and what was
// refused is not. The calls below stand in for those of libc, for SQLite, too. A crash is a copy of the
// files, which has what the kernel would have had.
#include "store/sqlite/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../store/fixture.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/store.h"

// --- calls that fail

enum call {
    CALL_SYNC,
    CALL_WRITE,
    CALL_GROW, // a write of one byte, with which SQLite makes the log's index larger
    CALL_TRUNCATE,
    CALL_LOOK, // whether the kernel has dropped pages of a temporary file
    CALL_COUNT,
};

static struct {
    int left[CALL_COUNT];     // calls until the one that fails; -1: none does
    bool goes_on[CALL_COUNT]; // all after it fail, too
    int cause;                // errno then
    unsigned failed;          // calls that have failed
} fault = {.left = {-1, -1, -1, -1, -1}};

static void calls_succeed(void)
{
    for (size_t i = 0; i < CALL_COUNT; i++) {
        fault.left[i] = -1;
        fault.goes_on[i] = false;
    }
    fault.failed = 0;
}

static void call_fails(enum call call, int nth, bool goes_on, int cause)
{
    fault.left[call] = nth;
    fault.goes_on[call] = goes_on;
    fault.cause = cause;
}

static bool fails(enum call call)
{
    if (fault.left[call] < 0 || fault.left[call]-- > 0)
        return false;
    if (fault.goes_on[call])
        fault.left[call] = 0;
    fault.failed++;
    errno = fault.cause;
    return true;
}

int fdatasync(int fd)
{
    return fails(CALL_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return fails(count == 1 ? CALL_GROW : CALL_WRITE)
               ? -1
               : (ssize_t)syscall(SYS_pwrite64, fd, bytes, count, offset);
}

int ftruncate64(int fd, off64_t size)
{
    return fails(CALL_TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags)
{
    return fails(CALL_LOOK) ? -1 : (int)syscall(SYS_sync_file_range, fd, offset, bytes, flags);
}

// --- crashes

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    ssize_t count;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    while ((count = read(in, bytes, sizeof(bytes))) > 0)
        assert_int_equal(write(out, bytes, (size_t)count), count);
    assert_int_equal(count, 0);
    close(in);
    close(out);
}

// The numbers that a start after a crash would find.
static const char *rows_after_crash(const struct fixture *f)
{
    char to[200], from_log[200], to_log[210], url[220];
    static char rows[2000];
    struct err err = {0};
    struct store *store;
    struct store_conn *reader;
    snprintf(to, sizeof(to), "%s/crashed.db", f->dir);
    snprintf(from_log, sizeof(from_log), "%s-wal", f->path);
    snprintf(to_log, sizeof(to_log), "%s-wal", to);
    snprintf(url, sizeof(url), "sqlite:%s", to);
    copy_file(f->path, to);
    copy_file(from_log, to_log);
    assert_int_equal(store_open(url, "", &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_READ, &reader, &err), ERR_NONE);
    snprintf(rows, sizeof(rows), "%s", rows_of(reader, "SELECT id FROM t ORDER BY id"));
    store_disconnect(reader);
    store_close(store);
    unlink(to);
    return rows;
}

// --- what is committed meanwhile

static void set_up(struct fixture *f, int pages_of_checkpoint)
{
    char sql[80];
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY, fill blob)");
    run_script(f->writer, "INSERT INTO t VALUES (1, zeroblob(6000))");
    snprintf(sql, sizeof(sql), "PRAGMA wal_autocheckpoint=%d", pages_of_checkpoint);
    assert_int_equal(sqlite3_exec(sqlite_conn(f->writer)->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static enum err_code insert(struct fixture *f, const char *sql, struct err *err)
{
    enum err_code code = store_begin(f->writer, err);
    if (code == ERR_NONE)
        code = store_exec(f->writer, span_of(sql), err);
    if (code == ERR_NONE)
        code = store_commit(f->writer, err);
    if (code != ERR_NONE)
        store_rollback(f->writer);
    return code;
}

// Lets each call in turn fail, once, while a row is inserted.
static void walk(struct fixture *f, enum call call, int cause, enum err_code expected, const char *text)
{
    unsigned refused = 0;
    for (int nth = 0, id = 2;; nth++, id++) {
        char sql[80], before[2000], with[2020];
        struct err err = {0};
        snprintf(before, sizeof(before), "%s", rows_of(f->reader, "SELECT id FROM t ORDER BY id"));
        snprintf(with, sizeof(with), "%s%d\n", before, id);
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, zeroblob(6000))", id);
        call_fails(call, nth, false, cause);
        enum err_code code = insert(f, sql, &err);
        bool has_failed = fault.failed > 0;
        calls_succeed();
        if (code != ERR_NONE)
            assert_error(err, expected, text);
        assert_string_equal(rows_after_crash(f), code == ERR_NONE ? with : before);
        assert_rows(f->reader, "SELECT id FROM t ORDER BY id", code == ERR_NONE ? with : before);
        refused += code != ERR_NONE;
        if (!has_failed)
            break;
    }
    assert_true(refused > 0);
    assert_int_equal(
        sqlite3_exec(sqlite_conn(f->writer)->db, "PRAGMA quick_check", NULL, NULL, NULL), SQLITE_OK);
}

static void a_sync_that_fails_leaves_nothing_of_the_transaction(void **state)
{
    struct fixture *f = *state;
    set_up(f, 0);
    walk(f, CALL_SYNC, EIO, ERR_STORE, "the store's file failed: disk I/O error: Input/output error");
}

static void a_sync_without_room_is_a_full_disk(void **state)
{
    struct fixture *f = *state;
    static const int causes[] = {ENOSPC, EDQUOT, EFBIG};
    set_up(f, 0);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        run_script(f->writer, "DELETE FROM t WHERE id > 1");
        walk(f, CALL_SYNC, causes[i], ERR_DISK_FULL, "the store has no room left");
    }
}

static void a_write_that_fails_leaves_nothing_of_the_transaction(void **state)
{
    struct fixture *f = *state;
    set_up(f, 0);
    walk(f, CALL_WRITE, EIO, ERR_STORE, "the store's file failed: disk I/O error: Input/output error");
    run_script(f->writer, "DELETE FROM t WHERE id > 1");
    walk(f, CALL_WRITE, EDQUOT, ERR_DISK_FULL, "the store has no room left");
    run_script(f->writer, "DELETE FROM t WHERE id > 1");
    walk(f, CALL_WRITE, EFBIG, ERR_DISK_FULL, "the store has no room left");
}

// A checkpoint that fails fails no commit; its pages are written again by the next one.
static void a_checkpoint_that_fails_is_done_again(void **state)
{
    struct fixture *f = *state;
    set_up(f, 1);
    walk(f, CALL_SYNC, EIO, ERR_STORE, "the store's file failed: disk I/O error: Input/output error");
    run_script(f->writer, "DELETE FROM t WHERE id > 1");
    walk(f, CALL_WRITE, ENOSPC, ERR_DISK_FULL, "the store has no room left");
}

// The index of the log grows after the sync; when it cannot, the commit is refused and on the disk.
static void an_index_that_cannot_grow_leaves_nothing_of_the_transaction(void **state)
{
    struct fixture *f = *state;
    unsigned refused = 0;
    set_up(f, 0);
    for (int nth = 0;; nth++) {
        struct err err = {0};
        call_fails(CALL_GROW, nth, false, ENOSPC);
        enum err_code code = insert(f, "INSERT INTO t VALUES (2, zeroblob(20000000))", &err);
        calls_succeed();
        if (code == ERR_NONE)
            break;
        refused++;
        assert_error(err, ERR_DISK_FULL, "the store has no room left");
        assert_string_equal(rows_after_crash(f), "1\n");
    }
    assert_true(refused > 0);
    assert_string_equal(rows_after_crash(f), "1\n2\n");
}

static void a_commit_that_cannot_be_taken_back_is_not_known(void **state)
{
    struct fixture *f = *state;
    static const enum call cuts[] = {CALL_SYNC, CALL_TRUNCATE};
    set_up(f, 0);
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        struct err err = {0}, refused = {0}, away = {0};
        call_fails(CALL_SYNC, 0, cuts[i] == CALL_SYNC, EIO);
        call_fails(cuts[i], 0, true, EIO);
        assert_int_equal(store_is_there(f->store, &err), ERR_NONE);
        insert(f, "INSERT INTO t VALUES (2, NULL)", &err);
        assert_error(err, ERR_TIMEOUT,
            "the disk failed while the store wrote, and it is not known whether it has: look before trying again");
        assert_string_equal(err.hint, "the store's file failed: disk I/O error: Input/output error");
        insert(f, "INSERT INTO t VALUES (3, NULL)", &refused);
        assert_error(
            refused, ERR_BUSY, "the store's disk has failed: it is not written to until it works again");
        assert_int_equal(store_is_there(f->store, &away), ERR_BUSY);
        assert_error(
            away, ERR_BUSY, "the store's disk has failed: it is not written to until it works again");
        assert_rows(f->reader, "SELECT id FROM t", "1\n");
        calls_succeed();
        err = (struct err){0};
        assert_int_equal(insert(f, "INSERT INTO t VALUES (4, NULL)", &err), ERR_NONE);
        assert_int_equal(store_is_there(f->store, &err), ERR_NONE);
        assert_string_equal(rows_after_crash(f), "1\n4\n");
        run_script(f->writer, "DELETE FROM t WHERE id > 1");
    }
}

// Another writer has cut off what was in doubt; of that, a later commit of the first one tells nothing.
static void a_doubt_ends_for_its_connection_when_another_one_settles_it(void **state)
{
    struct fixture *f = *state;
    struct err err = {0}, refused = {0};
    struct store_conn *first = f->writer;
    set_up(f, 0);
    run_script(f->writer, "CREATE TABLE u (id integer REFERENCES t DEFERRABLE INITIALLY DEFERRED)");
    call_fails(CALL_SYNC, 0, true, EIO);
    assert_int_equal(insert(f, "INSERT INTO t VALUES (2, NULL)", &refused), ERR_TIMEOUT);
    calls_succeed();
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    assert_int_equal(insert(f, "INSERT INTO t VALUES (3, NULL)", &err), ERR_NONE);
    store_disconnect(f->writer);
    f->writer = first;
    assert_int_equal(insert(f, "INSERT INTO u VALUES (2)", &err), ERR_CONSTRAINT);
    assert_string_equal(rows_after_crash(f), "1\n3\n");
}

// A table batch that is larger than its cache, read back: the pages of its temporary file are looked at.
static void a_table_batch_whose_pages_the_kernel_has_dropped_is_not_used(void **state)
{
    struct fixture *f = *state;
    unsigned refused = 0;
    const struct store_name fields[] = {{.name = span_of("fill"), .type = TYPE_TEXT}};
    char fill[2001];
    memset(fill, 'x', sizeof(fill) - 1);
    fill[sizeof(fill) - 1] = '\0';
    const struct value values[] = {text_of(fill)};
    set_up(f, 0);
    for (int nth = 0; nth <= 3; nth++) { // the last one is well, in a file of its own
        struct err err = {0};
        begin(f->writer);
        assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
        for (int64_t line = 1; line <= 12000; line++)
            assert_int_equal(store_batch_add(f->writer, values, line, &err), ERR_NONE);
        call_fails(CALL_LOOK, nth < 3 ? nth : -1, false, EIO);
        err = error_of_run(f->writer, "INSERT INTO t SELECT line + 100, fill FROM batch");
        refused += fault.failed;
        assert_int_equal(err.code, nth < 3 ? ERR_STORE : ERR_NONE);
        calls_succeed();
        store_rollback(f->writer);
        assert_rows(f->reader, "SELECT id FROM t", "1\n");
        assert_int_equal(store_batch_close(f->writer, &err), ERR_NONE);
    }
    assert_int_equal(refused, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_sync_that_fails_leaves_nothing_of_the_transaction),
        STORE_TEST(a_sync_without_room_is_a_full_disk),
        STORE_TEST(a_write_that_fails_leaves_nothing_of_the_transaction),
        STORE_TEST(a_checkpoint_that_fails_is_done_again),
        STORE_TEST(an_index_that_cannot_grow_leaves_nothing_of_the_transaction),
        STORE_TEST(a_commit_that_cannot_be_taken_back_is_not_known),
        STORE_TEST(a_doubt_ends_for_its_connection_when_another_one_settles_it),
        STORE_TEST(a_table_batch_whose_pages_the_kernel_has_dropped_is_not_used),
    };
    return fixture_run_of("sqlite", tests);
}
