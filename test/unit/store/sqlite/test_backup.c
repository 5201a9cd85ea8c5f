// SPDX-License-Identifier: Apache-2.0
// Backups and restores of which one call after another fails: a backup is there whole or not at all, and what
// had its name before is untouched; a store is as it was, or all of the backup. The calls below stand in for
// those of libc, for SQLite, too.
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../store/fixture.h"
#include "store/sqlite/conn.h"

// --- calls that fail

enum call { CALL_SYNC, CALL_WRITE, CALL_RENAME, CALL_OPEN, CALL_LINK, CALL_COUNT };

static struct {
    int left[CALL_COUNT]; // calls until the one that fails; negative: none does
    int cause;            // errno then
    unsigned failed;      // calls that have failed
} fault = {.left = {-1, -1, -1, -1, -1}};

static void calls_succeed(void)
{
    for (size_t i = 0; i < CALL_COUNT; i++)
        fault.left[i] = -1;
    fault.failed = 0;
}

static bool fails(enum call call)
{
    if (fault.left[call] < 0 || fault.left[call]-- > 0)
        return false;
    fault.failed++;
    errno = fault.cause;
    return true;
}

int fsync(int fd)
{
    return fails(CALL_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return fails(CALL_WRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, bytes, count, offset);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t count)
{
    return fails(CALL_WRITE) ? -1 : (ssize_t)syscall(SYS_sendfile, to, from, offset, count);
}

int rename(const char *from, const char *to)
{
    return fails(CALL_RENAME) ? -1 : (int)syscall(SYS_rename, from, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return fails(CALL_RENAME) ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
    return fails(CALL_LINK) ? -1 : (int)syscall(SYS_link, from, to);
}

int mkostemp64(char *name, int flags)
{
    static unsigned number;
    if (fails(CALL_OPEN))
        return -1;
    snprintf(name + strlen(name) - 6, 7, "%06u", number++);
    return (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
}

// --- what is backed up

#define ROWS_SQL "SELECT id FROM t ORDER BY id"

static void fill(struct fixture *f)
{
    run_script(f->writer, "CREATE TABLE reckoner_migrations (name text PRIMARY KEY, checksum text NOT NULL,"
                          " applied_at text NOT NULL)");
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY, fill blob)");
    run_script(f->writer, "INSERT INTO t VALUES (1, zeroblob(100000)), (2, NULL)");
}

static const char *path_in(const struct fixture *f, const char *name)
{
    static char path[2][200];
    static unsigned next;
    next = 1 - next;
    snprintf(path[next], sizeof(path[next]), "%s/%s", f->dir, name);
    return path[next];
}

// Rows of a database that nobody has open.
static const char *rows_at(const char *path)
{
    char url[220];
    struct store *store;
    struct store_conn *reader;
    struct err err = {0};
    static char rows[200];
    snprintf(url, sizeof(url), "sqlite:%s", path);
    assert_int_equal(store_open(url, "", &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_READ, &reader, &err), ERR_NONE);
    snprintf(rows, sizeof(rows), "%s", rows_of(reader, ROWS_SQL));
    store_disconnect(reader);
    store_close(store);
    return rows;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

// Removes what the test has made, so that the folder can go; files of parts are never there.
static void remove_all(const struct fixture *f)
{
    char command[200];
    snprintf(command, sizeof(command), "rm -f %s/*.backup %s/*.before-*", f->dir, f->dir);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): of a test
}

static bool has_parts(const struct fixture *f)
{
    char command[200];
    snprintf(command, sizeof(command), "ls %s | grep -q part", f->dir);
    return system(command) == 0; // NOLINT(cert-env33-c): of a test
}

// --- backups

static void walk_backup(struct fixture *f, enum call call, int cause, enum err_code expected)
{
    unsigned refused = 0;
    const char *path = path_in(f, "t.backup");
    for (int nth = 0;; nth++) {
        struct err err = {0};
        uint64_t bytes;
        fault.left[call] = nth;
        fault.cause = cause;
        enum err_code code = backup_write(f->store, path, false, NULL, &bytes, &err);
        bool has_failed = fault.failed > 0;
        calls_succeed();
        assert_false(has_parts(f));
        if (code == ERR_NONE) {
            assert_string_equal(rows_at(path), "1\n2\n");
        } else {
            assert_int_equal(code, expected);
            refused++;
        }
        unlink(path);
        if (!has_failed)
            break;
    }
    assert_true(refused > 0);
    remove_all(f);
}

static void a_backup_whose_sync_fails_is_not_there(void **state)
{
    struct fixture *f = *state;
    static const int causes[] = {EIO, ENOSPC, EDQUOT};
    fill(f);
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        struct err err = {0};
        uint64_t bytes;
        const char *path = path_in(f, "t.backup");
        fault.left[CALL_SYNC] = 0;
        fault.cause = causes[i];
        assert_int_equal(backup_write(f->store, path, false, NULL, &bytes, &err),
            causes[i] == EIO ? ERR_IO : ERR_DISK_FULL);
        calls_succeed();
        assert_false(is_there(path));
        assert_false(has_parts(f));
    }
}

// The name is there, and may be gone after a crash: it is told as a failure, and the file is whole.
static void a_folder_whose_sync_fails_is_told(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    uint64_t bytes;
    fill(f);
    fault.left[CALL_SYNC] = 1;
    fault.cause = EIO;
    assert_int_equal(backup_write(f->store, path_in(f, "t.backup"), false, NULL, &bytes, &err), ERR_IO);
    calls_succeed();
    assert_string_equal(rows_at(path_in(f, "t.backup")), "1\n2\n");
    remove_all(f);
}

static void a_backup_of_which_a_write_fails_is_not_there(void **state)
{
    struct fixture *f = *state;
    fill(f);
    walk_backup(f, CALL_WRITE, EIO, ERR_IO);
    walk_backup(f, CALL_WRITE, ENOSPC, ERR_DISK_FULL);
}

static void a_backup_that_gets_no_name_or_no_descriptor_is_not_there(void **state)
{
    struct fixture *f = *state;
    fill(f);
    walk_backup(f, CALL_RENAME, EIO, ERR_IO);
    walk_backup(f, CALL_OPEN, EMFILE, ERR_IO);
}

static void what_was_there_stays_until_the_new_one_is_whole(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    uint64_t bytes;
    const char *path = path_in(f, "t.backup");
    static const enum call calls[] = {CALL_SYNC, CALL_WRITE, CALL_RENAME};
    fill(f);
    assert_int_equal(backup_write(f->store, path, false, NULL, &bytes, &err), ERR_NONE);
    run_script(f->writer, "INSERT INTO t VALUES (3, NULL)");
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        err = (struct err){0};
        fault.left[calls[i]] = 0;
        fault.cause = EIO;
        assert_int_equal(backup_write(f->store, path, true, NULL, &bytes, &err), ERR_IO);
        calls_succeed();
        assert_string_equal(rows_at(path), "1\n2\n");
    }
    err = (struct err){0};
    assert_int_equal(backup_write(f->store, path, true, NULL, &bytes, &err), ERR_NONE);
    assert_string_equal(rows_at(path), "1\n2\n3\n");
    remove_all(f);
}

static void a_writer_between_its_steps_is_not_in_it_and_does_not_hold_it_up(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    uint64_t bytes;
    fill(f);
    run_script(f->writer, "INSERT INTO t VALUES (3, zeroblob(60000000))"); // several steps
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES (4, NULL)"); // not committed while it is copied
    assert_int_equal(backup_write(f->store, path_in(f, "t.backup"), false, NULL, &bytes, &err), ERR_NONE);
    commit(f->writer);
    assert_string_equal(rows_at(path_in(f, "t.backup")), "1\n2\n3\n");
    remove_all(f);
}

// --- restores

static enum err_code restore(const struct fixture *f, bool moves_aside, struct err *err)
{
    AUTO(buf_fini) struct buf aside;
    buf_init(&aside, 1000);
    struct backup_check check = {.is_thorough = true};
    const struct backup_target to = {.url = f->url, .name = "", .moves_aside = moves_aside, .aside = &aside};
    return backup_restore(&to, path_in(f, "t.backup"), &check, err);
}

static void make_backup(struct fixture *f)
{
    struct err err = {0};
    uint64_t bytes;
    fill(f);
    assert_int_equal(backup_write(f->store, path_in(f, "t.backup"), false, NULL, &bytes, &err), ERR_NONE);
    run_script(f->writer, "INSERT INTO t VALUES (3, NULL)");
}

static void close_all(struct fixture *f)
{
    store_disconnect(f->writer);
    store_disconnect(f->reader);
    store_close(f->store);
    f->writer = f->reader = NULL;
    f->store = NULL;
}

static void a_store_that_this_process_has_open_is_not_exchanged(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_backup(f);
    assert_int_equal(restore(f, true, &err), ERR_BUSY);
    assert_rows(f->reader, ROWS_SQL, "1\n2\n3\n");
    remove_all(f);
}

// As it was before it was restored.
static void make_store_anew(const struct fixture *f)
{
    struct store *store;
    struct store_conn *writer;
    struct err err = {0};
    assert_int_equal(store_open(f->url, "", &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &writer, &err), ERR_NONE);
    run_script(writer, "INSERT INTO t VALUES (3, NULL) ON CONFLICT DO NOTHING");
    store_disconnect(writer);
    store_close(store);
}

static void a_restore_that_fails_leaves_the_store_or_all_of_the_backup(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum call call;
        int cause;
    } faults[] = {
        {CALL_SYNC, EIO}, {CALL_WRITE, ENOSPC}, {CALL_RENAME, EIO}, {CALL_OPEN, EMFILE}, {CALL_LINK, EIO}};
    make_backup(f);
    close_all(f);
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        for (int nth = 0;; nth++) {
            struct err err = {0};
            fault.left[faults[i].call] = nth;
            fault.cause = faults[i].cause;
            enum err_code code = restore(f, true, &err);
            bool has_failed = fault.failed > 0;
            calls_succeed();
            const char *rows = rows_at(f->path);
            assert_true(strcmp(rows, "1\n2\n3\n") == 0 || strcmp(rows, "1\n2\n") == 0);
            assert_false(has_parts(f));
            if (code == ERR_NONE)
                assert_string_equal(rows, "1\n2\n");
            if (!has_failed)
                break;
            make_store_anew(f);
        }
    }
    remove_all(f);
}

static void what_a_store_holds_is_moved_aside_only_where_that_is_said(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_backup(f);
    close_all(f);
    assert_int_equal(restore(f, false, &err), ERR_CONFIG);
    assert_string_equal(rows_at(f->path), "1\n2\n3\n");
    err = (struct err){0};
    assert_int_equal(restore(f, true, &err), ERR_NONE);
    assert_string_equal(rows_at(f->path), "1\n2\n");
    remove_all(f);
}

static void a_restore_that_is_stopped_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    static const atomic_bool stop = true;
    struct backup_check check = {.is_thorough = true, .stop = &stop};
    AUTO(buf_fini) struct buf aside;
    buf_init(&aside, 1000);
    make_backup(f);
    close_all(f);
    const char *path = path_in(f, "t.backup");
    const struct backup_target to = {.url = f->url, .name = "", .moves_aside = true, .aside = &aside};
    assert_int_equal(backup_check_file(path, &check, &err), ERR_TIMEOUT);
    err = (struct err){0};
    assert_int_equal(backup_restore(&to, path, &check, &err), ERR_TIMEOUT);
    assert_string_equal(err.text, "it was ended by a signal");
    assert_string_equal(rows_at(f->path), "1\n2\n3\n");
    assert_int_equal(aside.len, 0);
    assert_false(has_parts(f));
    remove_all(f);
}

// --- folders

static void a_folder_that_cannot_be_synced_is_no_place_for_a_store(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store *store;
    char url[220], text[220];
    snprintf(url, sizeof(url), "sqlite:%s", path_in(f, "new.backup"));
    fault.left[CALL_SYNC] = 0;
    fault.cause = EIO;
    assert_int_equal(store_open(url, "", &store, &err), ERR_IO);
    calls_succeed();
    snprintf(text, sizeof(text), "%s: could not be synced: Input/output error", f->dir);
    assert_string_equal(err.text, text);
    remove_all(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_backup_whose_sync_fails_is_not_there),
        STORE_TEST(a_folder_whose_sync_fails_is_told),
        STORE_TEST(a_backup_of_which_a_write_fails_is_not_there),
        STORE_TEST(a_backup_that_gets_no_name_or_no_descriptor_is_not_there),
        STORE_TEST(what_was_there_stays_until_the_new_one_is_whole),
        STORE_TEST(a_writer_between_its_steps_is_not_in_it_and_does_not_hold_it_up),
        STORE_TEST(a_store_that_this_process_has_open_is_not_exchanged),
        STORE_TEST(a_restore_that_fails_leaves_the_store_or_all_of_the_backup),
        STORE_TEST(a_restore_that_is_stopped_changes_nothing),
        STORE_TEST(a_folder_that_cannot_be_synced_is_no_place_for_a_store),
        STORE_TEST(what_a_store_holds_is_moved_aside_only_where_that_is_said),
    };
    return fixture_run_of("sqlite", tests);
}
