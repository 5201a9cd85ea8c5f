// SPDX-License-Identifier: Apache-2.0
// Stores on SQLite: what "sqlite:PATH" names, and the driver's table of functions. Any thread.
#include "store/sqlite/store.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/new_file.h"
#include "store/sqlite/batch.h"
#include "store/sqlite/buckets.h"
#include "store/sqlite/calls.h"
#include "store/sqlite/check.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/copy.h"
#include "store/sqlite/empty.h"
#include "store/sqlite/error.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/library.h"
#include "store/sqlite/prompt.h"
#include "store/sqlite/reads.h"
#include "store/sqlite/restore.h"
#include "store/sqlite/script.h"
#include "store/sqlite/stmt.h"
#include "store/sqlite/tx.h"
#include "store/sqlite/versions.h"
#include "store/sqlite/vfs.h"

// Temporary files, such as a large table batch, lie beside the first database of the process: there is room
// for them, where /tmp may be small, or memory. SQLITE_TMPDIR says otherwise, as SQLite itself has it.
static void choose_temp_dir(const char *path)
{
    static atomic_flag is_chosen = ATOMIC_FLAG_INIT;
    const char *slash = strrchr(path, '/');
    if (atomic_flag_test_and_set(&is_chosen) || getenv("SQLITE_TMPDIR") != NULL)
        return;
    int len = slash == path ? 1 : slash != NULL ? (int)(slash - path) : 1;
    sqlite3_temp_directory = sqlite3_mprintf("%.*s", len, slash != NULL ? path : "."); // NULL: its own choice
}

static void close_store(struct store *base)
{
    struct sqlite_store *store = sqlite_store(base);
    if (store->last != NULL)
        sqlite_disconnect(store->last);
    sqlite_resident_close(&store->resident);
    sqlite_buckets_free(store->versions.buckets);
    sqlite_versions_fini(&store->versions);
    sqlite_place_fini(&store->place);
    mem_free(store->path);
    mem_free(store);
}

enum { EMPTY_LOG_BYTES = 32 }; // of a log without a commit: its head

static void note_recovery(struct sqlite_store *store, sqlite3 *db)
{
    store->recovery.log_bytes = (uint64_t)sqlite_vfs_recovered_bytes(db);
    if (store->recovery.log_bytes > 0)
        store->recovery.used_bytes = (uint64_t)sqlite_vfs_log_bytes(db);
    if (store->recovery.used_bytes <= EMPTY_LOG_BYTES)
        store->recovery.used_bytes = 0;
}

static bool recovered(struct store *base, struct store_recovery *ret_recovery)
{
    *ret_recovery = sqlite_store(base)->recovery;
    return ret_recovery->log_bytes > 0;
}

// A restore may have put another file under the name since SQLite has opened the one that was there.
static enum err_code check_same(sqlite3 *db, const char *path, struct err *err)
{
    int has_moved = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    if (!has_moved)
        return ERR_NONE;
    return err_set(err, ERR_BUSY, "%s: was exchanged while it was opened: try again", path);
}

// Makes the file where there is none, and opens the connection that keeps it open. The names of the database
// and of its log, which stay until the end, have to be on disk before anything in them counts; SQLite does
// not look whether they are.
static enum err_code open_files(struct sqlite_store *store, struct err *err)
{
    enum err_code code = sqlite_place_make(store->path, err);
    if (code == ERR_NONE)
        code = sqlite_connect(&store->base, STORE_WRITE, &store->last, err);
    if (code != ERR_NONE)
        return code;
    sqlite3 *db = sqlite_conn(store->last)->db;
    int result = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL); // reads, which opens the log
    if (result != SQLITE_OK)
        return sqlite_fail_open(db, result, store->path, err);
    note_recovery(store, db);
    code = sqlite_place_note(&store->place, store->path, err);
    if (code == ERR_NONE)
        code = check_same(db, store->path, err);
    return code == ERR_NONE ? new_file_sync_folder(store->path, err) : code;
}

static enum err_code open_store(const char *url, const char *name, struct store **ret_store, struct err *err)
{
    (void)name; // a file holds one app
    const char *path = strchr(url, ':') + 1;
    if (path[0] == '\0')
        return err_set(err, ERR_CONFIG, "\"%s\" has no path: name a file, as sqlite:PATH", url);
    sqlite_library_use();
    struct sqlite_store *store = mem_zalloc(1, sizeof(*store));
    if (store == NULL)
        return err_no_memory(err);
    store->base.driver = &sqlite_driver;
    store->resident = SQLITE_RESIDENT_NONE;
    sqlite_versions_init(&store->versions);
    store->in_memory = strcmp(path, ":memory:") == 0;
    store->path = mem_strdup(path);
    enum err_code code = store->path != NULL ? ERR_NONE : err_no_memory(err);
    if (code == ERR_NONE && !store->in_memory) {
        choose_temp_dir(path);
        code = open_files(store, err);
    }
    if (code != ERR_NONE) {
        close_store(&store->base);
        return code;
    }
    *ret_store = &store->base;
    return ERR_NONE;
}

static enum err_code open_scratch(struct store *like, struct store **ret_store, struct err *err)
{
    (void)like;
    return open_store("sqlite::memory:", "", ret_store, err);
}

static void read_stats(struct store *base, struct store_stats *ret_stats)
{
    const struct sqlite_store *store = sqlite_store(base);
    sqlite_wal_word *header = atomic_load_explicit(&store->versions.header, memory_order_acquire);
    ret_stats->has_log = header != NULL;
    if (header == NULL)
        return;
    struct sqlite_log_sizes sizes = sqlite_log_sizes(header);
    ret_stats->database_bytes = sizes.database_bytes;
    ret_stats->log_bytes = sizes.log_bytes;
    ret_stats->log_moved_bytes = sizes.moved_bytes;
    ret_stats->checkpoint_pages = counter_read(&store->checkpoints.pages);
    histogram_read(&store->checkpoints.seconds, &ret_stats->checkpoints);
}

// The loops ask: three looks at names in a folder, which the kernel has in memory.
static enum err_code is_there(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    if (atomic_load(&store->is_in_doubt))
        return err_set(
            err, ERR_BUSY, "the store's disk has failed: it is not written to until it works again");
    return sqlite_place_check(&store->place, err);
}

static const char *sqlite_file(const struct store *base)
{
    const struct sqlite_store *store = (const struct sqlite_store *)base;
    return store->in_memory ? NULL : store->path;
}

static const struct store_backup_driver backup_driver = {
    .magic = "SQLite format 3",
    .write = sqlite_copy,
    .check_file = sqlite_check_file,
    .check_store = sqlite_check_store,
    .restore = sqlite_restore,
};

const struct store_driver sqlite_driver = {
    .kind = "sqlite",
    .dialect = SQL_SQLITE,
    .decimals_are_scaled = true,
    .open = open_store,
    .scratch = open_scratch,
    .recovered = recovered,
    .close = close_store,
    .file = sqlite_file,
    .watch = sqlite_watch,
    .version_of = sqlite_version_of,
    .is_there = is_there,
    .stats = read_stats,
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .prompt = &sqlite_prompt_driver,
    .backup = &backup_driver,
    .begin = sqlite_begin,
    .begin_seen = sqlite_begin_seen,
    .version_seen = sqlite_version_seen,
    .buckets = sqlite_buckets_find,
    .commit = sqlite_commit,
    .check_deferred = sqlite_check_deferred,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .rollback_to = sqlite_rollback_to,
    .deadline = sqlite_deadline,
    .interrupt_when = sqlite_interrupt_when,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .column_not_null = sqlite_column_not_null,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .violation = sqlite_violation,
    .column = sqlite_column,
    .reset = sqlite_reset,
    .explain = sqlite_explain,
    .is_unique = sqlite_is_unique,
    .reads = sqlite_reads,
    .versions_cover = sqlite_versions_cover,
    .versions_miss = sqlite_versions_miss,
    .versions_schema = sqlite_versions_schema,
    .exec = sqlite_exec,
    .empty = sqlite_empty,
    .batch_open = sqlite_batch_open,
    .batch_close = sqlite_batch_close,
    .batch_add = sqlite_batch_add,
};
