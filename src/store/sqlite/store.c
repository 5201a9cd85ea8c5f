// SPDX-License-Identifier: Apache-2.0
// Stores on SQLite: what "sqlite:PATH" names, and the driver's table of functions. Any thread.
//
// SQLite is used without its own locks between threads (a connection has one thread at a time) and without a
// shared cache, so that connections never wait for each other inside the process.
#include "store/sqlite/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite/batch.h"
#include "store/sqlite/buckets.h"
#include "store/sqlite/calls.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/empty.h"
#include "store/sqlite/error.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/prompt.h"
#include "store/sqlite/reads.h"
#include "store/sqlite/stmt.h"
#include "store/sqlite/tx.h"
#include "store/sqlite/versions.h"
#include "store/sqlite/vfs.h"

// Settings of the whole library, before its first use. Each is for speed or caution only, so a refusal (the
// process has used SQLite already) is no error.
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); // its counters are one lock for all threads
    sqlite3_config(SQLITE_CONFIG_URI, 0);       // a path is a path, even when it begins with "file:"
    int result = sqlite_vfs_register();
    assert(result == SQLITE_OK); // "unix" is there wherever the server runs
}

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

// Makes the file where there is none, and opens the connection that keeps it open.
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
    return sqlite_place_note(&store->place, store->path, err);
}

static enum err_code open_store(const char *url, const char *name, struct store **ret_store, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)name; // a file holds one app
    pthread_once(&once, configure_library);
    const char *path = strchr(url, ':') + 1;
    if (path[0] == '\0')
        return err_set(err, ERR_CONFIG, "\"%s\" has no path: name a file, as sqlite:PATH", url);
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

// The loops ask: three looks at names in a folder, which the kernel has in memory.
static enum err_code is_there(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    if (atomic_load(&store->is_in_doubt))
        return err_set(
            err, ERR_BUSY, "the store's disk has failed: it is not written to until it works again");
    return sqlite_place_check(&store->place, err);
}

const struct store_driver sqlite_driver = {
    .kind = "sqlite",
    .dialect = SQL_SQLITE,
    .decimals_are_scaled = true,
    .open = open_store,
    .scratch = open_scratch,
    .close = close_store,
    .watch = sqlite_watch,
    .version_of = sqlite_version_of,
    .is_there = is_there,
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .prompt = &sqlite_prompt_driver,
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
