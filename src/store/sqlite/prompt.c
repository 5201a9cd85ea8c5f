// SPDX-License-Identifier: Apache-2.0
// Prompt connections. Nothing that runs on one waits:
//
// - for the disk: the files are read by what the kernel has in memory (resident.c), temporary tables are in
//   memory, and it writes nothing;
// - for a lock: SQLite's busy handler gives up at once. It locks only a slot for readers, which is a call
//   that does not wait, and repairs no index (vfs.c refuses it the locks for that);
// - for a long statement: the deadline is looked at often, and what one step may work on is bounded: values,
//   patterns, and virtual tables (virtual.c).
//
// The snapshot is the newest one at each prompt_begin. The header of the WAL index is looked at before the
// transaction and after its first read. It is the same, so the snapshot has this header, as two states never
// have the same one. Each later prompt_begin looks again, after the request has come: it is still the same,
// so no commit has returned since, as every commit changes the header before it returns (index_header.c
// proves both). SQLite itself is not asked, so this takes no lock and no system call.
//
// A snapshot that reads from the log keeps the log from beginning again. So once all of the log has been
// moved into the database, the next prompt_begin takes another snapshot, which reads the database only.
//
// SQLite prepares a statement anew by itself when the schema has changed, which takes long. So each new
// snapshot is asked for its schema's number first. The connection's thread.
#include "store/sqlite/prompt.h"

#include "base/limits.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/store.h"
#include "store/sqlite/tx.h"
#include "store/sqlite/versions.h"
#include "store/sqlite/vfs.h"

enum {
    STEPS_PER_LOOK = 100, // a few µs, against some 30 ns for a look
    // Of one value or row, and of a pattern of LIKE: together what one step may work on. A function may
    // compare each byte of a value with each of another one; these take some 100 µs.
    VALUE_BYTES = 4096,
    PATTERN_BYTES = 64,
};

static void set_prompt(struct sqlite_conn *conn, bool is_prompt)
{
    const struct sqlite_resident *resident = &conn->store->resident;
    sqlite3_limit(conn->db, SQLITE_LIMIT_LENGTH, is_prompt ? VALUE_BYTES : LIMIT_ANSWER_BYTES);
    sqlite3_limit(
        conn->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, is_prompt ? PATTERN_BYTES : SQLITE_PATTERN_BYTES);
    conn->busy_limit_ms = is_prompt ? 0 : LIMIT_STORE_BUSY_MS;
    sqlite_vfs_set_prompt(conn->db, is_prompt ? resident : NULL);
}

// The number of the schema; in a transaction, it begins the snapshot.
static enum err_code read_schema(struct sqlite_conn *conn, int *ret_schema, struct err *err)
{
    sqlite3_stmt *schema = conn->prompt.schema_number;
    int result = sqlite3_step(schema);
    enum err_code code = ERR_NONE;
    if (result == SQLITE_ROW)
        *ret_schema = sqlite3_column_int(schema, 0);
    else if (result == SQLITE_PROTOCOL) // a hundred tries, which it makes without a sleep here
        code = err_set(err, ERR_BUSY, "others have the store's log: try again");
    else
        code = sqlite_fail(conn, result, err);
    sqlite3_reset(schema);
    return code;
}

static enum err_code fail_stale(struct err *err)
{
    return err_set(err, ERR_STALE, "the schema has changed: prepare the statements anew");
}

static enum err_code pause(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    set_prompt(conn, false);
    return read_schema(conn, &conn->prompt.schema, err);
}

static enum err_code resume(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    int schema = 0;
    enum err_code code = read_schema(conn, &schema, err);
    if (code != ERR_NONE)
        return code;
    if (schema != conn->prompt.schema)
        return fail_stale(err);
    set_prompt(conn, true);
    return ERR_NONE;
}

static enum err_code connect(struct store *base, struct store_conn **ret_conn, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    struct store_conn *made = NULL;
    if (!store->resident.is_of_use) {
        *ret_conn = NULL;
        return ERR_NONE;
    }
    enum err_code code = sqlite_connect(base, STORE_READ, &made, err);
    if (code != ERR_NONE)
        return code;
    struct sqlite_conn *conn = sqlite_conn(made);
    conn->prompt.is_meant = true;
    sqlite_look_each(conn, STEPS_PER_LOOK);
    int result = sqlite3_exec(conn->db, "PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v3(conn->db, "PRAGMA schema_version", -1, SQLITE_PREPARE_PERSISTENT,
            &conn->prompt.schema_number, NULL);
    code = result == SQLITE_OK ? pause(made, err) : sqlite_fail(conn, result, err);
    if (code != ERR_NONE) {
        sqlite_disconnect(made);
        return code;
    }
    *ret_conn = made;
    return ERR_NONE;
}

// --- the snapshot

static bool holds(const struct sqlite_conn *conn, uint64_t state)
{
    const struct sqlite_prompt *prompt = &conn->prompt;
    return conn->tx == SQLITE_TX_OPEN && state == prompt->state &&
           !(prompt->reads_log && sqlite_log_is_moved(conn->store->versions.header));
}

// Takes the snapshot of `state`, in a transaction that has begun.
static enum err_code take_snapshot(struct sqlite_conn *conn, uint64_t state, struct err *err)
{
    int schema = 0;
    conn->prompt.reads_log = !sqlite_log_is_moved(conn->store->versions.header);
    sqlite_vfs_keep_awake(true);
    enum err_code code = read_schema(conn, &schema, err);
    sqlite_vfs_keep_awake(false);
    if (code != ERR_NONE)
        return code;
    if (schema != conn->prompt.schema)
        return fail_stale(err);
    if (sqlite_state_now(conn->store) != state)
        return err_set(err, ERR_BUSY, "somebody commits at the moment: try again");
    conn->prompt.state = state;
    return ERR_NONE;
}

static enum err_code begin(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    uint64_t state = sqlite_state_now(conn->store);
    if (state != 0 && holds(conn, state))
        return ERR_NONE;
    if (conn->tx != SQLITE_TX_NONE)
        sqlite_rollback(base);
    if (state == 0)
        return err_set(err, ERR_BUSY, "it is not known what is committed: try again");
    enum err_code code = sqlite_begin_seen(base, err);
    if (code == ERR_NONE)
        code = take_snapshot(conn, state, err);
    if (code != ERR_NONE)
        sqlite_rollback(base);
    return code;
}

const struct store_prompt_driver sqlite_prompt_driver = {
    .connect = connect,
    .pause = pause,
    .resume = resume,
    .begin = begin,
};
