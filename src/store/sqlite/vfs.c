// SPDX-License-Identifier: Apache-2.0
// A layer over SQLite's VFS "unix", through which all connections open their files. It does what follows, and
// hands on the rest. Whichever thread has the connection.
//
// It keeps errno of a call that failed, which SQLite asks for much later. A disk that is full is SQLITE_FULL,
// whatever call finds out: quotas, limits of a file's size, and a sync that has to place what was written.
//
// It tells log_end.c what is written to the log, and when a writer gets its lock and lets go of it; that cuts
// off what was not committed. Where it cannot, the file is in doubt until a later cut succeeds.
//
// It has the files of a connection that may not wait (prompt.c) read by resident.c. SQLite repairs the index
// of the log when a process has died while it wrote it, for which it reads all of the log. Such a connection
// does not get the locks for that.
//
// It tells the connection when it has the lock for writing, and when it is about to let go of it
// (versions.c).
//
// It looks after each read of a temporary file whether the kernel has failed to write it. Nobody syncs such a
// file, and what was dropped of the table batch, or of the pages that a rollback needs, must not be taken for
// what was written (base/write_back.h). Only a descriptor can be asked, and that of a file is private to the
// layer below; so the call by which that opens files is one of ours, which remembers it.
//
// It notes that SQLite has made the index of the log from a log that was there: the first to open a store
// does so, and the last to close it takes the log away. So whoever finds one comes after a process that was
// killed.
//
// It counts how often a thread has asked for the time (calls.h), and has a thread that may not wait not
// sleep. The writes of a journal are held together by journal.c, which is in front of it.
#include "store/sqlite/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"
#include "base/write_back.h"
#include "store/sqlite/journal.h"
#include "store/sqlite/log_end.h"

const char SQLITE_VFS_NAME[] = "reckoner";

enum {
    WRITE_LOCK = 0,      // among the locks of the index
    RECOVERY_LOCK = 2,   //
    FIRST_READ_LOCK = 3, // behind those for writing, for checkpoints, and for repairing the index
};

// Files that go with the connection, whatever becomes of it.
#define TEMPORARY                                                                                            \
    (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_SUBJOURNAL)

// An open file. SQLite gives it memory, with room for the file of the layer below behind it.
struct vfs_file {
    sqlite3_file base;                       // first
    struct vfs_file *main;                   // of a log: the database that it belongs to; else NULL
    struct sqlite_log_end end;               // of a database: of its log
    const struct sqlite_resident *resident;  // of a database: its connection may not wait; borrowed; or NULL
    void (*on_lock)(void *ctx, bool is_got); // of a database: sqlite_vfs_tell_lock; or NULL
    void *lock_ctx;                          // borrowed; its first argument
    int temp_fd;                   // of a temporary file: that of the layer below, borrowed; -1: it is none
    bool has_lost;                 // of a temporary file: the kernel has, once (write_back.h)
    bool is_recovering;            // of a database: it has the lock for making the index anew
    sqlite3_int64 recovered_bytes; // of a database: the size of the log that it did so from
    sqlite3_file below[];          // owned
};

// errno of the last call that failed on this thread.
static _Thread_local int last_errno;

// The descriptor that the layer below has opened last on this thread.
static _Thread_local int last_opened = -1;

// How many temporary files the kernel has not written, as this thread was told.
static _Thread_local uint64_t temps_lost;

// This thread does not sleep.
static _Thread_local bool may_not_sleep;

// How often this thread has asked for the time.
static _Thread_local uint64_t times_asked;

static sqlite3_vfs *below_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static struct vfs_file *file_of(sqlite3_file *base)
{
    return (struct vfs_file *)base;
}

static bool is_full(int cause)
{
    return cause == ENOSPC || cause == EDQUOT || cause == EFBIG; // EFBIG: over RLIMIT_FSIZE
}

// Keeps why a call has failed, and calls a full disk so.
static int note(int result, int cause)
{
    int kind = result & 0xff;
    if (kind != SQLITE_IOERR && kind != SQLITE_CANTOPEN && kind != SQLITE_FULL)
        return result;
    last_errno = kind == SQLITE_FULL ? ENOSPC : cause;
    return is_full(last_errno) ? SQLITE_FULL : result;
}

// The same for calls after which the layer below keeps errno with the file.
static int note_of(struct vfs_file *file, int result)
{
    int cause = 0;
    if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ)
        file->below->pMethods->xFileControl(file->below, SQLITE_FCNTL_LAST_ERRNO, &cause);
    return result == SQLITE_IOERR_SHORT_READ ? result : note(result, cause);
}

// --- a file's calls

static int close_file(sqlite3_file *base)
{
    struct vfs_file *file = file_of(base);
    if (file->main != NULL)
        file->main->end.log = NULL;
    return file->below->pMethods->xClose(file->below);
}

static int read_file(sqlite3_file *base, void *bytes, int count, sqlite3_int64 offset)
{
    struct vfs_file *file = file_of(base);
    if (file->resident != NULL)
        return sqlite_resident_read(file->resident->database, bytes, count, offset);
    if (file->main != NULL && file->main->resident != NULL)
        return sqlite_resident_read(file->main->resident->log, bytes, count, offset);
    int result = note_of(file, file->below->pMethods->xRead(file->below, bytes, count, offset));
    if (file->temp_fd < 0 || (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ))
        return result;
    int cause = write_back_failed(file->temp_fd);
    file->has_lost |= cause != 0;
    temps_lost += cause != 0;
    return file->has_lost ? note(SQLITE_IOERR_READ, cause != 0 ? cause : EIO) : result;
}

static int write_file(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset)
{
    struct vfs_file *file = file_of(base);
    int result = note_of(file, file->below->pMethods->xWrite(file->below, bytes, count, offset));
    if (file->main != NULL)
        sqlite_log_end_note(&file->main->end, bytes, count, offset, result != SQLITE_OK);
    return result;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *file = file_of(base);
    return note_of(file, file->below->pMethods->xTruncate(file->below, size));
}

static int sync_file(sqlite3_file *base, int flags)
{
    struct vfs_file *file = file_of(base);
    int result = note_of(file, file->below->pMethods->xSync(file->below, flags));
    if (file->main != NULL)
        file->main->end.has_failed |= result != SQLITE_OK;
    return result;
}

static int size_of_file(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    struct vfs_file *file = file_of(base);
    int result = note_of(file, file->below->pMethods->xFileSize(file->below, ret_size));
    if (result == SQLITE_OK && file->main != NULL && file->main->is_recovering)
        file->main->recovered_bytes = *ret_size; // SQLite is about to read all of it
    return result;
}

static int lock_file(sqlite3_file *base, int lock)
{
    struct vfs_file *file = file_of(base);
    return note_of(file, file->below->pMethods->xLock(file->below, lock));
}

static int unlock_file(sqlite3_file *base, int lock)
{
    struct vfs_file *file = file_of(base);
    return note_of(file, file->below->pMethods->xUnlock(file->below, lock));
}

static int check_reserved(sqlite3_file *base, int *ret_is_reserved)
{
    struct vfs_file *file = file_of(base);
    return note_of(file, file->below->pMethods->xCheckReservedLock(file->below, ret_is_reserved));
}

static int control_file(sqlite3_file *base, int operation, void *argument)
{
    struct vfs_file *file = file_of(base);
    return file->below->pMethods->xFileControl(file->below, operation, argument);
}

static int sector_size(sqlite3_file *base)
{
    struct vfs_file *file = file_of(base);
    return file->below->pMethods->xSectorSize(file->below);
}

static int characteristics(sqlite3_file *base)
{
    struct vfs_file *file = file_of(base);
    return file->below->pMethods->xDeviceCharacteristics(file->below);
}

static int map_index(sqlite3_file *base, int region, int bytes, int extend, volatile void **ret_region)
{
    struct vfs_file *file = file_of(base);
    int result = file->below->pMethods->xShmMap(file->below, region, bytes, extend, ret_region);
    result = note(result, errno);
    if (result == SQLITE_OK && region == 0)
        file->end.index = *ret_region; // may be NULL: it is not there yet
    return result;
}

static void take_up(struct vfs_file *main)
{
    sqlite_log_end_begin(&main->end);
    if (main->on_lock != NULL)
        main->on_lock(main->lock_ctx, true);
}

static void let_go(struct vfs_file *main)
{
    int cause = last_errno;
    sqlite_log_end_finish(&main->end);
    last_errno = cause; // of what made a cut necessary
    if (main->on_lock != NULL)
        main->on_lock(main->lock_ctx, false);
}

static int lock_index(sqlite3_file *base, int first, int count, int flags)
{
    struct vfs_file *file = file_of(base);
    bool is_writing = first == WRITE_LOCK && (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (file->resident != NULL && first < FIRST_READ_LOCK && (flags & SQLITE_SHM_LOCK) != 0)
        return SQLITE_BUSY;
    if (is_writing && (flags & SQLITE_SHM_UNLOCK) != 0)
        let_go(file);
    int result = file->below->pMethods->xShmLock(file->below, first, count, flags);
    result = note(result, errno);
    if (is_writing && (flags & SQLITE_SHM_LOCK) != 0 && result == SQLITE_OK)
        take_up(file);
    if (result == SQLITE_OK && (flags & SQLITE_SHM_EXCLUSIVE) != 0 && first <= RECOVERY_LOCK &&
        RECOVERY_LOCK < first + count)
        file->is_recovering = (flags & SQLITE_SHM_LOCK) != 0;
    return result;
}

static void index_barrier(sqlite3_file *base)
{
    struct vfs_file *file = file_of(base);
    file->below->pMethods->xShmBarrier(file->below);
}

static int unmap_index(sqlite3_file *base, int delete)
{
    struct vfs_file *file = file_of(base);
    file->end.index = NULL;
    return file->below->pMethods->xShmUnmap(file->below, delete);
}

static int fetch(sqlite3_file *base, sqlite3_int64 offset, int count, void **ret_bytes)
{
    struct vfs_file *file = file_of(base);
    return note_of(file, file->below->pMethods->xFetch(file->below, offset, count, ret_bytes));
}

static int unfetch(sqlite3_file *base, sqlite3_int64 offset, void *bytes)
{
    struct vfs_file *file = file_of(base);
    return note_of(file, file->below->pMethods->xUnfetch(file->below, offset, bytes));
}

static const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_index,
    .xShmLock = lock_index,
    .xShmBarrier = index_barrier,
    .xShmUnmap = unmap_index,
    .xFetch = fetch,
    .xUnfetch = unfetch,
};

// --- the layer

// As the layer below calls it: with the mode as a third argument, always.
static int open_below(const char *path, int flags, int mode)
{
    last_opened = open(path, flags, mode);
    return last_opened;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    struct vfs_file *file = file_of(base);
    memset(file, 0, sizeof(*file)); // without methods SQLite does not close what failed to open
    file->temp_fd = last_opened = -1;
    int result = below_of(vfs)->xOpen(below_of(vfs), name, file->below, flags, ret_flags);
    if (result != SQLITE_OK)
        return note(result, errno);
    file->base.pMethods = &methods;
    if ((flags & TEMPORARY) != 0)
        file->temp_fd = last_opened;
    if ((flags & SQLITE_OPEN_WAL) != 0) {
        file->main = file_of(sqlite3_database_file_object(name));
        file->main->end.log = file->below;
    }
    return SQLITE_OK;
}

// The same, behind what holds the writes of a journal together.
static int open_any(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    if ((flags & SQLITE_JOURNAL_OPEN_FLAGS) == 0)
        return open_file(vfs, name, base, flags, ret_flags);
    struct sqlite_journal *journal = sqlite_journal_init(base);
    int result = open_file(vfs, name, journal->below, flags, ret_flags);
    if (result == SQLITE_OK)
        sqlite_journal_open(journal);
    return result;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    int result = below_of(vfs)->xDelete(below_of(vfs), name, sync);
    return note(result, errno);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *ret_is)
{
    return below_of(vfs)->xAccess(below_of(vfs), name, flags, ret_is);
}

static int full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *ret_path)
{
    return below_of(vfs)->xFullPathname(below_of(vfs), name, bytes, ret_path);
}

// SQLite sleeps between tries to find a slot for a reader.
static int sleep_us(sqlite3_vfs *vfs, int us)
{
    return may_not_sleep ? 0 : below_of(vfs)->xSleep(below_of(vfs), us);
}

static int tell_time(sqlite3_vfs *vfs, sqlite3_int64 *ret_ms)
{
    times_asked++;
    return below_of(vfs)->xCurrentTimeInt64(below_of(vfs), ret_ms);
}

// SQLite asks only after some errors, and not after those of COMMIT.
static int get_last_errno(sqlite3_vfs *vfs, int bytes, char *ret_text)
{
    (void)vfs, (void)bytes, (void)ret_text; // it takes the number only
    return last_errno;
}

int sqlite_vfs_register(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *below = sqlite3_vfs_find("unix");
    if (below == NULL)
        return SQLITE_ERROR;
    (void)below->xSetSystemCall(below, "open", (sqlite3_syscall_ptr)open_below); // else nobody looks
    vfs = *below; // what has nothing to do with files is its own: randomness
    vfs.zName = SQLITE_VFS_NAME;
    vfs.szOsFile = (int)(sizeof(struct sqlite_journal) + sizeof(struct vfs_file)) + below->szOsFile;
    vfs.pNext = NULL;
    vfs.pAppData = below;
    vfs.xOpen = open_any;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    vfs.xSleep = sleep_us;
    vfs.xCurrentTimeInt64 = tell_time;
    vfs.xGetLastError = get_last_errno;
    return sqlite3_vfs_register(&vfs, 0);
}

// --- asked by the driver

uint64_t sqlite_vfs_times_asked(void)
{
    return times_asked;
}

uint64_t sqlite_vfs_temps_lost(void)
{
    return temps_lost;
}

// The file of a connection's database; NULL when it is in memory.
static struct vfs_file *main_of(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK)
        return NULL;
    return file != NULL && file->pMethods == &methods ? file_of(file) : NULL;
}

void sqlite_vfs_tell_lock(sqlite3 *db, void (*on_lock)(void *ctx, bool is_got), void *ctx)
{
    struct vfs_file *main = main_of(db);
    if (main != NULL) {
        main->on_lock = on_lock;
        main->lock_ctx = ctx;
    }
}

void sqlite_vfs_set_prompt(sqlite3 *db, const struct sqlite_resident *resident)
{
    struct vfs_file *main = main_of(db);
    if (main != NULL)
        main->resident = resident;
}

void sqlite_vfs_keep_awake(bool is_awake)
{
    may_not_sleep = is_awake;
}

int sqlite_vfs_errno(void)
{
    return last_errno;
}

bool sqlite_vfs_is_in_doubt(sqlite3 *db)
{
    const struct vfs_file *main = main_of(db);
    return main != NULL && main->end.is_in_doubt;
}

bool sqlite_vfs_end_doubt(sqlite3 *db)
{
    struct vfs_file *main = main_of(db);
    return main == NULL || sqlite_log_end_cut(&main->end);
}

sqlite3_int64 sqlite_vfs_recovered_bytes(sqlite3 *db)
{
    const struct vfs_file *main = main_of(db);
    return main != NULL ? main->recovered_bytes : 0;
}

sqlite3_int64 sqlite_vfs_log_bytes(sqlite3 *db)
{
    const struct vfs_file *main = main_of(db);
    return main != NULL && main->end.index != NULL ? sqlite_log_end_committed(&main->end) : 0;
}
