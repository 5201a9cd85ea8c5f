// SPDX-License-Identifier: Apache-2.0
// The table batch: a temporary table of the writer's connection. It is kept from one batch to the next and
// emptied; for other fields it is made anew, after which SQLite itself compiles again the statements that
// were prepared over the old one. The connection's thread.
//
// Making a table is part of the open transaction, as everything is: a rollback takes it away. The state
// (batch.h) tells whether the table that was made last is still the one that is there.
#include "store/sqlite/batch.h"

#include <assert.h>

#include "base/limits.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/stmt.h"
#include "store/sqlite/vfs.h"
#include "text/sql_quote.h"

static const char *const column_types[] = {
    [TYPE_TEXT] = "TEXT",
    [TYPE_INTEGER] = "INTEGER",
    [TYPE_NUMBER] = "REAL",
    [TYPE_BOOLEAN] = "BOOLEAN",
    [TYPE_DATE] = "TEXT",
    [TYPE_TIMESTAMP] = "TEXT",
    [TYPE_TIME] = "TEXT",
    [TYPE_UUID] = "TEXT",
    [TYPE_JSON] = "TEXT",
    [TYPE_DECIMAL] = "INTEGER", // scaled
};

void sqlite_batch_init(struct sqlite_batch *batch)
{
    buf_init(&batch->definition, LIMIT_APP_FILE_BYTES);
}

static void forget_table(struct sqlite_batch *batch)
{
    sqlite3_finalize(batch->insert);
    sqlite3_finalize(batch->clear);
    batch->insert = batch->clear = NULL;
    sqlite_batch_note(batch, BATCH_DROPPED);
}

void sqlite_batch_fini(struct sqlite_batch *batch)
{
    forget_table(batch);
    buf_fini(&batch->definition);
}

// --- what a transaction's end makes of the table

void sqlite_batch_note(struct sqlite_batch *batch, enum sqlite_batch_event event)
{
    static const enum sqlite_batch_state next[][BATCH_KEPT + 1] = {
        [BATCH_MADE_INSIDE] = {BATCH_FRESH},
        [BATCH_MADE] = {BATCH_KEPT},
        [BATCH_DROPPED] = {BATCH_UNKNOWN, BATCH_UNKNOWN, BATCH_UNKNOWN, BATCH_UNKNOWN},
        [BATCH_SAVEPOINT] = {BATCH_UNKNOWN, BATCH_TENTATIVE, BATCH_TENTATIVE, BATCH_KEPT},
        [BATCH_ROLLBACK_TO] = {BATCH_UNKNOWN, BATCH_UNKNOWN, BATCH_TENTATIVE, BATCH_KEPT},
        [BATCH_ROLLBACK] = {BATCH_UNKNOWN, BATCH_UNKNOWN, BATCH_UNKNOWN, BATCH_KEPT},
        [BATCH_COMMIT] = {BATCH_UNKNOWN, BATCH_KEPT, BATCH_KEPT, BATCH_KEPT},
    };
    bool is_made = event == BATCH_MADE_INSIDE || event == BATCH_MADE;
    assert(!is_made || batch->state == BATCH_UNKNOWN); // what was there is dropped first
    batch->state = next[event][batch->state];
}

// --- making it

// The CREATE TABLE of these fields, with a NUL behind it.
static enum err_code define(
    struct buf *sql, const struct store_name *fields, size_t field_count, struct err *err)
{
    buf_append_str(sql, "CREATE TEMP TABLE batch(");
    for (size_t i = 0; i < field_count; i++) {
        sql_append_name(sql, fields[i].name);
        buf_printf(sql, " %s,", column_types[fields[i].is_list ? TYPE_TEXT : fields[i].type]);
    }
    buf_append_str(sql, "line INTEGER)");
    buf_append_byte(sql, '\0');
    if (buf_status(sql) == ERR_NO_MEMORY)
        return err_no_memory(err);
    return buf_status(sql) == ERR_NONE ? ERR_NONE
                                       : err_set(err, ERR_CONFIG, "the fields have too long names");
}

static int prepare_insert(sqlite3 *db, size_t field_count, sqlite3_stmt **ret_insert)
{
    static const char head[] = "INSERT INTO temp.batch VALUES(?";
    char sql[sizeof(head) + 2 * LIMIT_FIELDS + 2];
    char *at = stpcpy(sql, head);
    for (size_t i = 0; i < field_count; i++) // and one more than the fields: the line
        at = stpcpy(at, ",?");
    stpcpy(at, ")");
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_insert, NULL);
}

static int make_table(struct sqlite_conn *conn, const char *definition, size_t field_count)
{
    struct sqlite_batch *batch = &conn->batch;
    forget_table(batch);
    int result = sqlite3_exec(conn->db, "DROP TABLE IF EXISTS temp.batch", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(conn->db, definition, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = prepare_insert(conn->db, field_count, &batch->insert);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v3(
            conn->db, "DELETE FROM temp.batch", -1, SQLITE_PREPARE_PERSISTENT, &batch->clear, NULL);
    return result;
}

static int clear_table(struct sqlite_batch *batch)
{
    int result = sqlite3_step(batch->clear);
    sqlite3_reset(batch->clear);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

enum err_code sqlite_batch_open(
    struct store_conn *base, const struct store_name *fields, size_t field_count, struct err *err)
{
    assert(field_count <= LIMIT_FIELDS);
    struct sqlite_conn *conn = sqlite_conn(base);
    struct sqlite_batch *batch = &conn->batch;
    AUTO(buf_fini) struct buf definition;
    buf_init(&definition, LIMIT_APP_FILE_BYTES);
    enum err_code code = sqlite_check_alive(conn, err);
    if (code == ERR_NONE)
        code = define(&definition, fields, field_count, err);
    if (code != ERR_NONE)
        return code;
    bool same =
        batch->state != BATCH_UNKNOWN && span_equal(buf_span(&definition), buf_span(&batch->definition));
    int result = same ? clear_table(batch) : make_table(conn, definition.data, field_count);
    if (result != SQLITE_OK)
        return sqlite_fail(conn, result, err);
    if (!same) {
        struct buf old = batch->definition;
        batch->definition = definition;
        definition = old;
        batch->field_count = field_count;
        sqlite_batch_note(batch, sqlite3_get_autocommit(conn->db) ? BATCH_MADE : BATCH_MADE_INSIDE);
    }
    return ERR_NONE;
}

// SQLite closes its temporary database when another place for it is chosen (sqlite.org/pragma.html,
// "temp_store"); the next table opens another file. Where it cannot, reads of the file go on to fail.
void sqlite_batch_renew(struct sqlite_conn *conn)
{
    if (sqlite_vfs_temps_lost() == conn->batch.temps_lost)
        return;
    conn->batch.temps_lost = sqlite_vfs_temps_lost();
    forget_table(&conn->batch);
    sqlite3_exec(
        conn->db, "PRAGMA temp_store=MEMORY; PRAGMA temp_store=FILE;" SQLITE_TEMP_SETTINGS, NULL, NULL, NULL);
}

// A rollback may bring the table back; the next sqlite_batch_open makes it anew in any case.
enum err_code sqlite_batch_close(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    enum err_code code = sqlite_check_alive(conn, err);
    if (code != ERR_NONE)
        return code;
    forget_table(&conn->batch);
    int result = sqlite3_exec(conn->db, "DROP TABLE IF EXISTS temp.batch", NULL, NULL, NULL);
    return result == SQLITE_OK ? ERR_NONE : sqlite_fail(conn, result, err);
}

// The hot path of every write.
enum err_code sqlite_batch_add(
    struct store_conn *base, const struct value *values, int64_t line, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    sqlite3_stmt *insert = conn->batch.insert;
    assert(insert != NULL); // after sqlite_batch_open
    if (conn->tx == SQLITE_TX_LOST)
        return sqlite_check_alive(conn, err);
    int result = SQLITE_OK;
    size_t count = conn->batch.field_count;
    for (size_t i = 0; i < count && result == SQLITE_OK; i++)
        result = sqlite_bind_value(insert, (int)i + 1, &values[i]);
    if (result == SQLITE_OK)
        result = sqlite3_bind_int64(insert, (int)count + 1, line);
    if (result == SQLITE_OK)
        result = sqlite3_step(insert);
    enum err_code code = result == SQLITE_DONE ? ERR_NONE : sqlite_fail(conn, result, err);
    sqlite3_reset(insert);
    return code;
}
