// SPDX-License-Identifier: Apache-2.0
// Copies a backup beside the store, checks the copy, and has it take the store's name:
//
//     copy ─ check ─ close the store ─ hold it ─ link it aside ─ give the copy its name ─ sync the folder
//                    (its log goes into it)      (nothing is removed)
//
// A crash leaves the store or the backup under the name, never neither: the name goes from one to the other
// in one rename. A log that cannot go into its store, as that is damaged, is moved aside first, since SQLite
// would take it for the backup's. One thread.
#include "store/sqlite/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/new_file.h"
#include "store/sqlite/check.h"
#include "store/sqlite/error.h"
#include "store/sqlite/hold.h"
#include "store/sqlite/library.h"
#include "store/sqlite/still.h"
#include "store/sqlite/vfs.h"
#include "text/timestamp.h"

enum { COPY_BYTES = 1 << 30 }; // a call of the kernel's, which takes no more

static enum err_code fail(const char *path, const char *what, int cause, struct err *err)
{
    bool is_full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    return err_set(
        err, is_full ? ERR_DISK_FULL : ERR_IO, "%.300s: could not be %s: %s", path, what, strerror(cause));
}

// --- the copy

static enum err_code copy_bytes(const char *from, const struct new_file *to, struct err *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(from, "opened", errno, err);
    ssize_t copied;
    do
        copied = sendfile(to->fd, fd, NULL, COPY_BYTES);
    while (copied > 0 || (copied < 0 && errno == EINTR));
    int cause = errno;
    close(fd);
    return copied == 0 ? ERR_NONE : fail(to->path, "written", cause, err);
}

// Root restores for whom the store was, or whose the folder is.
static enum err_code give_owner(const struct new_file *file, struct err *err)
{
    struct stat like;
    char text[PATH_MAX];
    if (geteuid() != 0)
        return ERR_NONE;
    snprintf(text, sizeof(text), "%s", file->path);
    if (stat(file->path, &like) != 0 && stat(dirname(text), &like) != 0)
        return fail(file->path, "made", errno, err);
    return fchown(file->fd, like.st_uid, like.st_gid) == 0 ? ERR_NONE : fail(file->path, "made", errno, err);
}

static enum err_code check_copy(const struct store_driver *driver, const char *from,
    const struct new_file *copy, struct backup_check *check, struct err *err)
{
    enum err_code code = sqlite_check_file(driver, copy->beside, check, err);
    if (code != ERR_NONE || check->faults == 0)
        return code;
    err_set(err, ERR_CONFIG, "%.300s: is not fit to be restored: nothing was changed", from);
    err_hint(err, "take an older backup");
    return ERR_CONFIG;
}

// --- the store that is there

// Whether it holds anything; a file that is damaged does.
static bool is_empty(const char *path)
{
    struct stat there;
    char log[PATH_MAX];
    if (stat(path, &there) != 0)
        return true;
    if (there.st_size == 0) // SQLite would take a log that is left away
        return snprintf(log, sizeof(log), "%s-wal", path) >= PATH_MAX || stat(log, &there) != 0 ||
               there.st_size == 0;
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, SQLITE_VFS_NAME);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema LIMIT 1", -1, &stmt, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return result == SQLITE_DONE;
}

static bool is_damaged(int result)
{
    return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

// Has its log moved into it, and removed, as the last one to close it does.
static enum err_code close_store(const char *path, struct err *err)
{
    struct stat there;
    if (stat(path, &there) == 0 && there.st_size == 0)
        return ERR_NONE; // its log is moved aside with it
    sqlite3 *db = NULL;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, SQLITE_VFS_NAME);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    enum err_code code = result == SQLITE_OK || is_damaged(result) || (result & 0xff) == SQLITE_BUSY
                             ? ERR_NONE // who has it open is asked for later
                             : sqlite_fail_open(db, result, path, err);
    sqlite3_close(db);
    return code;
}

static bool name_aside(const char *path, char aside[PATH_MAX])
{
    char now[TIMESTAMP_CHARS], digits[TIMESTAMP_CHARS] = "";
    size_t len = 0;
    timestamp_format(clock_wall_ms() * 1000, false, now);
    for (const char *at = now; *at != '\0'; at++) {
        if (*at != '-' && *at != ':') // which not every file system has in names
            digits[len++] = *at;
    }
    return snprintf(aside, PATH_MAX, "%s.before-%s", path, digits) < PATH_MAX - 10;
}

// A log that is left belongs to the store: it takes its name along.
static enum err_code move_log(const char *path, const char *aside, struct err *err)
{
    char log[PATH_MAX], log_aside[PATH_MAX], index[PATH_MAX];
    if (snprintf(log, sizeof(log), "%s-wal", path) >= PATH_MAX ||
        snprintf(log_aside, sizeof(log_aside), "%s-wal", aside) >= PATH_MAX ||
        snprintf(index, sizeof(index), "%s-shm", path) >= PATH_MAX)
        return fail(path, "moved", ENAMETOOLONG, err);
    if (rename(log, log_aside) != 0 && errno != ENOENT)
        return fail(log, "moved", errno, err);
    if (unlink(index) != 0 && errno != ENOENT) // it is made anew from the log
        return fail(index, "removed", errno, err);
    return ERR_NONE;
}

static enum err_code move_aside(const char *path, struct buf *aside, struct err *err)
{
    char name[PATH_MAX];
    struct stat there;
    if (lstat(path, &there) != 0)
        return errno == ENOENT ? ERR_NONE : fail(path, "read", errno, err);
    if (!name_aside(path, name))
        return fail(path, "moved", ENAMETOOLONG, err);
    if (link(path, name) != 0)
        return fail(name, "made", errno, err);
    enum err_code code = new_file_sync_folder(path, err);
    if (code == ERR_NONE)
        code = move_log(path, name, err);
    if (code == ERR_NONE)
        code = new_file_sync_folder(path, err);
    buf_append_str(aside, name);
    return code;
}

// --- the whole

static enum err_code exchange(struct new_file *copy, bool is_there, struct buf *aside, struct err *err)
{
    struct sqlite_hold hold = {0};
    enum err_code code = is_there ? close_store(copy->path, err) : ERR_NONE;
    if (code == ERR_NONE)
        code = sqlite_hold_take(&hold, copy->path, err);
    if (code == ERR_NONE && is_there)
        code = move_aside(copy->path, aside, err);
    if (code == ERR_NONE)
        code = new_file_commit(copy, err);
    sqlite_hold_fini(&hold); // whoever has waited finds another file under the name (place.c)
    return code;
}

enum err_code sqlite_restore(const struct store_driver *driver, const struct backup_target *target,
    const char *from, struct backup_check *check, struct err *err)
{
    const char *to = strchr(target->url, ':') + 1; // target->name is of no use: a file holds one app
    if (strcmp(to, ":memory:") == 0)
        return err_set(err, ERR_CONFIG, "sqlite::memory: ends with its process: name a file");
    enum err_code code = sqlite_still_check(from, err);
    if (code != ERR_NONE)
        return code;
    sqlite_library_use();
    bool is_there = !is_empty(to);
    if (is_there && !target->moves_aside) {
        err_set(err, ERR_CONFIG, "%.300s: is a store that holds something: nothing was changed", to);
        err_hint(err, "--force moves it aside, under another name in its folder, and then restores");
        return ERR_CONFIG;
    }
    struct sqlite_hold hold = {0}; // before much is copied
    code = sqlite_hold_take(&hold, to, err);
    sqlite_hold_fini(&hold);
    if (code != ERR_NONE)
        return code;
    AUTO(new_file_fini) struct new_file copy = {0};
    code = new_file_begin(&copy, to, true, err);
    if (code == ERR_NONE)
        code = copy_bytes(from, &copy, err);
    if (code == ERR_NONE)
        code = give_owner(&copy, err);
    if (code == ERR_NONE)
        code = check_copy(driver, from, &copy, check, err);
    return code == ERR_NONE ? exchange(&copy, is_there, target->aside, err) : code;
}
