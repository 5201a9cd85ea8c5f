// SPDX-License-Identifier: Apache-2.0
// Transactions and the one savepoint in them; their states are drawn in tx.h. The connection's thread.
#include "store/sqlite/tx.h"

#include <assert.h>

#include "store/sqlite/calls.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/log_bound.h"
#include "store/sqlite/permit.h"
#include "store/sqlite/store.h"
#include "store/sqlite/versions.h"
#include "store/sqlite/vfs.h"

// A writer takes its lock at once: if it read first and wrote later, another process could write in between
// and the transaction would have to be given up.
static const char *const control_sql[CONTROL_COUNT] = {
    [CONTROL_BEGIN] = "BEGIN IMMEDIATE",
    [CONTROL_COMMIT] = "COMMIT",
    [CONTROL_ROLLBACK] = "ROLLBACK",
    [CONTROL_SAVEPOINT] = "SAVEPOINT batch",
    [CONTROL_RELEASE] = "RELEASE batch",
    [CONTROL_ROLLBACK_TO] = "ROLLBACK TO batch",
};

enum err_code sqlite_controls_init(struct sqlite_conn *conn, enum store_mode mode, struct err *err)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        const char *sql = mode == STORE_READ && i == CONTROL_BEGIN ? "BEGIN" : control_sql[i];
        int result =
            sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &conn->control[i], NULL);
        if (result != SQLITE_OK)
            return sqlite_fail_open(conn->db, result, conn->store->path, err);
    }
    return ERR_NONE;
}

void sqlite_controls_fini(struct sqlite_conn *conn)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(conn->control[i]);
}

static enum err_code run(struct sqlite_conn *conn, enum sqlite_control control, struct err *err)
{
    enum err_code code = sqlite_check_alive(conn, err);
    if (code != ERR_NONE)
        return code;
    conn->in_control = true;
    conn->noting = &conn->writes; // a full-text index writes its tables at the end only
    int result = sqlite3_step(conn->control[control]);
    conn->noting = NULL;
    conn->in_control = false;
    if (result != SQLITE_DONE)
        code = sqlite_fail(conn, result, err);
    sqlite3_reset(conn->control[control]);
    return code;
}

// While a commit is in doubt nothing is written, until what it left in the log is cut off.
static enum err_code end_doubt(struct sqlite_conn *conn, struct err *err)
{
    if (sqlite_vfs_end_doubt(conn->db)) {
        atomic_store(&conn->store->is_in_doubt, false);
        return ERR_NONE;
    }
    sqlite_rollback(&conn->base);
    return err_set(err, ERR_BUSY, "the store's disk has failed: it is not written to until it works again");
}

// From here on it is noted what the transaction writes.
static void begin_to_note(struct sqlite_conn *conn)
{
    if (sqlite_tracks_begin(conn))
        sqlite_permit_install(conn);
    sqlite_versions_begin(conn);
}

enum err_code sqlite_begin(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    if (conn->mode == STORE_WRITE) {
        sqlite_log_bound(conn);
        sqlite_batch_renew(conn);
    }
    enum err_code code = run(conn, CONTROL_BEGIN, err);
    if (code != ERR_NONE)
        return code;
    sqlite_tx_move(conn, SQLITE_TX_OPEN);
    if (conn->mode == STORE_WRITE)
        begin_to_note(conn);
    bool may_be_cut = conn->mode == STORE_WRITE && atomic_load(&conn->store->is_in_doubt);
    return may_be_cut ? end_doubt(conn, err) : ERR_NONE;
}

enum err_code sqlite_begin_seen(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    sqlite_forget_time(conn);
    conn->begun_at = sqlite_versions_last(&conn->store->versions);
    return sqlite_begin(base, err);
}

// What the disk did at COMMIT; the transaction is not there any more.
static enum err_code fail_commit(struct sqlite_conn *conn, const struct err *cause, struct err *err)
{
    if (!sqlite_vfs_is_in_doubt(conn->db))
        return err_pass(err, cause);
    atomic_store(&conn->store->is_in_doubt, true);
    err_set(err, ERR_TIMEOUT,
        "the disk failed while the store wrote, and it is not known whether it has: look before trying again");
    err_hint(err, "%s", cause->text);
    return ERR_TIMEOUT;
}

enum err_code sqlite_commit(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    struct err cause = {0};
    enum err_code code = conn->mode == STORE_WRITE ? sqlite_place_check(&conn->store->place, err) : ERR_NONE;
    if (code != ERR_NONE)
        return code;
    code = run(conn, CONTROL_COMMIT, &cause);
    if (code != ERR_NONE)
        return fail_commit(conn, &cause, err);
    sqlite_tx_move(conn, SQLITE_TX_NONE);
    sqlite_batch_note(&conn->batch, BATCH_COMMIT);
    return ERR_NONE;
}

// SQLite defers nothing but foreign keys, and counts those that are open.
enum err_code sqlite_check_deferred(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    int open = 0, highest;
    enum err_code code = sqlite_check_alive(conn, err);
    if (code == ERR_NONE &&
        sqlite3_db_status(conn->db, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &highest, 0) == SQLITE_OK &&
        open > 0)
        code = sqlite_fail_reference(conn, err);
    return code;
}

void sqlite_rollback(struct store_conn *base)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    conn->in_control = true;
    if (!sqlite3_get_autocommit(conn->db)) {
        sqlite3_step(
            conn->control[CONTROL_ROLLBACK]); // an error here does not keep SQLite from rolling back,
        sqlite3_reset(conn->control[CONTROL_ROLLBACK]);
    }
    if (!sqlite3_get_autocommit(conn->db)) // but for want of memory to compile it anew
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
    conn->in_control = false;
    if (conn->tx != SQLITE_TX_NONE)
        sqlite_tx_move(conn, SQLITE_TX_NONE);
    sqlite_batch_note(&conn->batch, BATCH_ROLLBACK);
}

enum err_code sqlite_savepoint(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    assert(conn->tx != SQLITE_TX_NONE); // it would begin one, and RELEASE would commit it
    enum err_code code = run(conn, CONTROL_SAVEPOINT, err);
    if (code != ERR_NONE)
        return code;
    sqlite_batch_note(&conn->batch, BATCH_SAVEPOINT);
    conn->kept_writes = sqlite_writes_mark(&conn->writes); // FTS5 has written what it held, at SAVEPOINT
    sqlite_tracks_keep(&conn->tracks);
    return ERR_NONE;
}

enum err_code sqlite_release(struct store_conn *base, struct err *err)
{
    return run(sqlite_conn(base), CONTROL_RELEASE, err);
}

enum err_code sqlite_rollback_to(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    enum err_code code = run(conn, CONTROL_ROLLBACK_TO, err);
    if (code != ERR_NONE)
        return code;
    sqlite_batch_note(&conn->batch, BATCH_ROLLBACK_TO);
    sqlite_writes_take_back(&conn->writes, conn->kept_writes); // so that nothing is raised for what is gone
    sqlite_tracks_take_back(&conn->tracks);
    return run(conn, CONTROL_RELEASE, err);
}
