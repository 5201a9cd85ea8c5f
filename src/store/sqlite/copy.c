// SPDX-License-Identifier: Apache-2.0
// SQLite's online backup (sqlite.org/backup.html), within a read transaction of the source: all steps copy
// the pages of its snapshot. Without that, each commit between two steps would have the copy begin anew, and
// under a steady writer it would never end. It takes as long as the disk takes for so many pages. Pages are
// copied as they are, so a row keeps its rowid, which VACUUM INTO may change.
//
// While the snapshot is open, the log cannot begin again (log_bound.c): what is written meanwhile is added to
// it.
//
// The copy is a database by itself, without a log: its header says so, in the place of that it has one (the
// SQLite file format, section 1.3.3). So whoever reads it makes no files beside it. One thread.
#include "store/sqlite/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/backup_check.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/tx.h"
#include "store/sqlite/vfs.h"

enum {
    STEP_PAGES = 2000,    // between two looks at `stop`: some 10 ms
    VERSIONS_AT = 18,     // of the header: whether a log belongs to the file, for writers and for readers
    VERSION_NO_LOG = 1,   //
    MAX_BUSY_STEPS = 100, // of a step that another one's lock keeps from reading, LIMIT_STORE_BUSY_MS each
};

// The copy is nobody else's, and goes as a whole where it fails: no journal, and its maker syncs it.
static enum err_code open_copy(const char *path, sqlite3 **ret_copy, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int result = sqlite3_open_v2(path, ret_copy, flags, SQLITE_VFS_NAME);
    if (result == SQLITE_OK)
        result = sqlite3_exec(*ret_copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
    return result == SQLITE_OK ? ERR_NONE : sqlite_fail_open(*ret_copy, result, path, err);
}

static enum err_code copy_pages(
    struct sqlite_conn *from, sqlite3 *copy, const char *path, const atomic_bool *stop, struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", from->db, "main");
    if (backup == NULL)
        return sqlite_fail_open(copy, sqlite3_errcode(copy), path, err);
    int result;
    unsigned busy = 0;
    bool is_stopped = false;
    do {
        result = sqlite3_backup_step(backup, STEP_PAGES);
        is_stopped = backup_is_stopped(stop);
        if (result == SQLITE_BUSY && ++busy < MAX_BUSY_STEPS)
            result = SQLITE_OK;
    } while (result == SQLITE_OK && !is_stopped);
    int cause = sqlite_vfs_errno(); // before the copy is closed
    int finished = sqlite3_backup_finish(backup);
    if (is_stopped && result == SQLITE_OK)
        return err_set(err, ERR_TIMEOUT, "it was ended by a signal");
    if (result == SQLITE_DONE)
        result = finished;
    if (result == SQLITE_OK)
        return ERR_NONE;
    if ((result & 0xff) == SQLITE_IOERR)
        return err_set(err, ERR_IO, "could not be copied: %s: %s", sqlite3_errstr(result), strerror(cause));
    return sqlite_fail_open(copy, result, path, err);
}

static enum err_code take_log_away(const char *path, struct err *err)
{
    static const unsigned char versions[2] = {VERSION_NO_LOG, VERSION_NO_LOG};
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && pwrite(fd, versions, sizeof(versions), VERSIONS_AT) == (ssize_t)sizeof(versions);
    int cause = errno;
    if (fd >= 0)
        close(fd); // of the copy, on which nobody has a lock
    if (done)
        return ERR_NONE;
    bool is_full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    return err_set(err, is_full ? ERR_DISK_FULL : ERR_IO, "could not be written: %s", strerror(cause));
}

static enum err_code copy_snapshot(
    struct store_conn *from, const char *path, const atomic_bool *stop, struct err *err)
{
    sqlite3 *copy = NULL;
    enum err_code code = open_copy(path, &copy, err);
    if (code == ERR_NONE)
        code = sqlite_begin(from, err);
    if (code == ERR_NONE) {
        int result = sqlite3_exec(sqlite_conn(from)->db, "PRAGMA schema_version", NULL, NULL, NULL); // reads
        code = result == SQLITE_OK ? copy_pages(sqlite_conn(from), copy, path, stop, err)
                                   : sqlite_fail(sqlite_conn(from), result, err);
    }
    sqlite_rollback(from);
    int closed = sqlite3_close(copy);
    if (code == ERR_NONE && closed != SQLITE_OK)
        code = err_set(err, ERR_IO, "could not be written: %s", sqlite3_errstr(closed));
    return code == ERR_NONE ? take_log_away(path, err) : code;
}

enum err_code sqlite_copy(struct store *store, const char *path, const atomic_bool *stop, struct err *err)
{
    struct store_conn *from = NULL;
    enum err_code code = sqlite_connect(store, STORE_READ, &from, err);
    if (code != ERR_NONE)
        return code;
    code = copy_snapshot(from, path, stop, err);
    sqlite_disconnect(from);
    return code;
}
