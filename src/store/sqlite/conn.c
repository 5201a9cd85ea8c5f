// SPDX-License-Identifier: Apache-2.0
// One connection: opened with the settings that keep a batch durable and a read predictable, bounded in time
// by its deadline, patient with locks for a while. One thread at a time.
#include "store/sqlite/conn.h"

#include <assert.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/sqlite/calendar.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/decimal.h"
#include "store/sqlite/distance.h"
#include "store/sqlite/search.h"
#include "store/sqlite/error.h"
#include "store/sqlite/list.h"
#include "store/sqlite/stmt.h"
#include "store/sqlite/times.h"
#include "store/sqlite/store.h"
#include "store/sqlite/versions.h"
#include "store/sqlite/vfs.h"

enum {
    // The deadline is looked at after so many steps of SQLite's virtual machine: about 20 µs of work, against
    // some 30 ns for reading the clock. Only a step that takes long by itself can overrun it.
    STEPS_PER_LOOK = 1000,

    // A lock is asked for again after 1, 2, 4, … and at last every 32 ms.
    BUSY_FIRST_MS = 1,
    BUSY_DOUBLINGS = 5,

    // The bit for SQLITE_TESTCTRL_OPTIMIZATIONS that switches off the bloom filters of joins. It stands in
    // SQLite's internal header (sqliteInt.h: SQLITE_BloomFilter, 3.38 and later) and is not promised to stay.
    // Where it has no effect, some joins read a whole table to build a filter: slower, never wrong.
    NO_BLOOM_FILTER = 0x00080000,
};

// Durable: a commit is on disk (synchronous=FULL syncs the -wal file at each one).
// Predictable: no index of a whole table is built inside a request (automatic_index); deleted rows are not
// overwritten (secure_delete; Debian has it on, and emptying `batch` would write all its pages).
// Bounded: a batch larger than the temporary database's cache goes to a file, not to memory (temp_store).
// What the log has beyond 64 MiB, which is LIMIT_WAL_BYTES, is given back when it begins again. Caches are in
// KiB, negative.
static const char common_settings[] = "PRAGMA synchronous=FULL;"
                                      "PRAGMA automatic_index=OFF;"
                                      "PRAGMA secure_delete=OFF;"
                                      "PRAGMA cell_size_check=ON;"
                                      "PRAGMA temp_store=FILE;";
static const char writer_settings[] =
    "PRAGMA cache_size=-16384;" SQLITE_TEMP_SETTINGS "PRAGMA journal_size_limit=67108864;";
static const char reader_settings[] = "PRAGMA cache_size=-16384;"
                                      "PRAGMA query_only=ON;";

static const struct {
    int option;
    int value;
} switches[] = {
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1}, // else no trigger could keep an R*Tree or FTS5 table; the schema is
                                         // the app's, and there is no function that could do harm
    {SQLITE_DBCONFIG_DQS_DDL, 0},        // "x" is a name, never a string
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
};

static const struct {
    int limit;
    int value;
} bounds[] = {
    {SQLITE_LIMIT_LENGTH, LIMIT_ANSWER_BYTES},       // a value or row that is larger has no way out
    {SQLITE_LIMIT_SQL_LENGTH, LIMIT_APP_FILE_BYTES}, // SQL comes from such files
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, SQLITE_PATTERN_BYTES},
};

// --- time

void sqlite_deadline(struct store_conn *base, uint64_t monotonic_ns)
{
    sqlite_conn(base)->deadline_ns = monotonic_ns;
}

void sqlite_interrupt_when(struct store_conn *base, const atomic_bool *flag)
{
    sqlite_conn(base)->interrupt = flag;
}

static bool past_deadline(const struct sqlite_conn *conn, uint64_t now_ns)
{
    return conn->deadline_ns != 0 && now_ns >= conn->deadline_ns;
}

// Non-zero ends the statement with SQLITE_INTERRUPT. SQLite asks once more when a statement is done already;
// a COMMIT that is on disk must not be called a failure then.
static int on_progress(void *ctx)
{
    const struct sqlite_conn *conn = ctx;
    if (conn->deadline_ns == 0 || conn->in_control)
        return 0;
    return sqlite_is_interrupted(conn) || past_deadline(conn, clock_monotonic_ns());
}

void sqlite_look_each(struct sqlite_conn *conn, int steps)
{
    sqlite3_progress_handler(conn->db, steps, on_progress, conn);
}

// Waits a little and returns non-zero to try the lock again. `waits` counts those before this one.
static int on_busy(void *ctx, int waits)
{
    struct sqlite_conn *conn = ctx;
    uint64_t now_ns = clock_monotonic_ns();
    if (waits == 0)
        conn->busy_since_ns = now_ns;
    bool is_over = now_ns - conn->busy_since_ns >= conn->busy_limit_ms * NS_PER_MS;
    if (is_over || past_deadline(conn, now_ns) || sqlite_is_interrupted(conn))
        return 0;
    uint64_t pause_ns = (BUSY_FIRST_MS * NS_PER_MS) << (waits < BUSY_DOUBLINGS ? waits : BUSY_DOUBLINGS);
    if (conn->deadline_ns != 0 && pause_ns > conn->deadline_ns - now_ns)
        pause_ns = conn->deadline_ns - now_ns;
    clock_pause(pause_ns);
    return 1;
}

// --- opening

static enum err_code open_file(struct sqlite_conn *conn, enum store_mode mode, struct err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    flags |= mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const char *still = conn->store->still_uri;
    flags |= still != NULL ? SQLITE_OPEN_URI : 0;
    int result =
        sqlite3_open_v2(still != NULL ? still : conn->store->path, &conn->db, flags, SQLITE_VFS_NAME);
    if (result != SQLITE_OK)
        return sqlite_fail_open(conn->db, result, conn->store->path, err);
    if (mode == STORE_WRITE && sqlite3_db_readonly(conn->db, "main") == 1) // SQLite fell back to reading
        return err_set(err, ERR_CONFIG, "%s: cannot be written: it is read-only", conn->store->path);
    sqlite_vfs_tell_lock(conn->db, sqlite_versions_on_lock, conn);
    return sqlite_place_check(&conn->store->place, err); // a connection that comes late may find another file
}

static int run_settings(struct sqlite_conn *conn, const char *settings)
{
    return sqlite3_exec(conn->db, settings, NULL, NULL, NULL);
}

// WAL mode is kept in the file. SQLite answers with the mode that is in force, which is another one where the
// file system has no shared memory.
static enum err_code set_wal(struct sqlite_conn *conn, struct err *err)
{
    sqlite3_stmt *pragma;
    int result = sqlite3_prepare_v2(conn->db, "PRAGMA journal_mode=WAL", -1, &pragma, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(pragma);
    enum err_code code = ERR_NONE;
    const char *path = conn->store->path;
    const char *mode = result == SQLITE_ROW ? (const char *)sqlite3_column_text(pragma, 0) : NULL;
    if (result != SQLITE_ROW)
        code = sqlite_fail_open(conn->db, result, path, err);
    else if (mode == NULL)
        code = err_no_memory(err);
    else if (strcmp(mode, "wal") != 0)
        code = err_set(err, ERR_CONFIG, "%s: its file system cannot hold a store: use a local disk", path);
    sqlite3_finalize(pragma);
    return code;
}

static enum err_code apply_settings(struct sqlite_conn *conn, enum store_mode mode, struct err *err)
{
    int result = SQLITE_OK;
    for (size_t i = 0; i < ARRAY_LEN(switches) && result == SQLITE_OK; i++)
        result = sqlite3_db_config(conn->db, switches[i].option, switches[i].value, NULL);
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
        sqlite3_limit(conn->db, bounds[i].limit, bounds[i].value);
    sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, conn->db, NO_BLOOM_FILTER);
    sqlite_look_each(conn, STEPS_PER_LOOK);
    if (result == SQLITE_OK)
        result = sqlite3_busy_handler(conn->db, on_busy, conn);
    if (result == SQLITE_OK)
        result = sqlite_calendar_install(conn);
    if (result == SQLITE_OK)
        result = sqlite_list_install(conn);
    if (result == SQLITE_OK)
        result = sqlite_distance_install(conn);
    if (result == SQLITE_OK)
        result = sqlite_times_install(conn);
    if (result == SQLITE_OK)
        result = sqlite_search_install(conn);
    if (result == SQLITE_OK)
        result = sqlite_decimal_install(conn);
    if (result != SQLITE_OK)
        return sqlite_fail_open(conn->db, result, conn->store->path, err);
    if (mode == STORE_WRITE && !conn->store->in_memory) {
        enum err_code code = set_wal(conn, err);
        if (code != ERR_NONE)
            return code;
        sqlite_checkpoint_install(conn);
    }
    result = run_settings(conn, common_settings);
    if (result == SQLITE_OK)
        result = run_settings(conn, mode == STORE_WRITE ? writer_settings : reader_settings);
    if (result != SQLITE_OK)
        return sqlite_fail_open(conn->db, result, conn->store->path, err);
    sqlite_permit_install(conn);
    return ERR_NONE;
}

// A store in memory is its one connection: a second one would be another, empty store.
static enum err_code claim_memory(struct sqlite_store *store, enum store_mode mode, struct err *err)
{
    if (mode == STORE_READ)
        return err_set(err, ERR_CONFIG, "sqlite::memory: cannot be read by a second connection: use a file");
    if (atomic_exchange(&store->connected, true))
        return err_set(err, ERR_CONFIG, "sqlite::memory: has its one connection already: use a file");
    return ERR_NONE;
}

enum err_code sqlite_connect(
    struct store *base, enum store_mode mode, struct store_conn **ret_conn, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    struct sqlite_conn *conn = mem_zalloc(1, sizeof(*conn));
    if (conn == NULL)
        return err_no_memory(err);
    enum err_code code = store->in_memory ? claim_memory(store, mode, err) : ERR_NONE;
    if (code != ERR_NONE) {
        mem_free(conn);
        return code;
    }
    conn->base.driver = store->base.driver;
    conn->store = store;
    conn->mode = mode;
    conn->busy_limit_ms = LIMIT_STORE_BUSY_MS;
    conn->log_bound_bytes = LIMIT_WAL_BYTES;
    sqlite_batch_init(&conn->batch);
    code = open_file(conn, mode, err);
    if (code == ERR_NONE)
        code = apply_settings(conn, mode, err);
    if (code == ERR_NONE)
        code = sqlite_controls_init(conn, mode, err);
    if (code != ERR_NONE) {
        sqlite_disconnect(&conn->base);
        return code;
    }
    *ret_conn = &conn->base;
    return ERR_NONE;
}

void sqlite_disconnect(struct store_conn *base)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    while (base->stmts != NULL)
        sqlite_finalize(base->stmts);
    sqlite_batch_fini(&conn->batch);
    sqlite_twice_fini(&conn->twice);
    sqlite_tracks_fini(&conn->tracks);
    sqlite_controls_fini(conn);
    sqlite3_finalize(conn->prompt.schema_number);
    int result = sqlite3_close(conn->db); // rolls back; db is NULL when there was no memory for it
    assert(result == SQLITE_OK);          // otherwise a statement was not finalised
    sqlite_writes_fini(&conn->writes);
    atomic_store(&conn->store->connected, false);
    mem_free(conn);
}
