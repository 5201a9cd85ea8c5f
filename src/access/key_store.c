// SPDX-License-Identifier: Apache-2.0
// What servers ask of an app's keys, in SQL that every store understands: all of them, whether they have
// changed, and when they were used. What `reckoner key` changes is key_change.c's. On the connection's
// thread.
#include "access/key_store.h"

#include <inttypes.h>

#include "access/audit.h"
#include "access/key_id.h"
#include "access/key_records.h"
#include "store/own_sql.h"
#include "base/limits.h"
#include "base/mem.h"

enum { TIME_CHARS = 10, USE_BYTES = KEY_ID_CHARS + TIME_CHARS + 12 };

// --- tables

enum err_code key_store_make(struct store_conn *conn, struct err *err)
{
    static const struct {
        const char *name;
        const char *sql;
    } tables[] = {
        {"reckoner_keys",
            "CREATE TABLE IF NOT EXISTS reckoner_keys ("
            "id text NOT NULL, secret integer NOT NULL, digest text NOT NULL UNIQUE, label text NOT NULL,"
            " plan text NOT NULL, scopes text NOT NULL, claims text NOT NULL, created bigint NOT NULL,"
            " created_by text NOT NULL, ends bigint, revoked bigint, PRIMARY KEY (id, secret))"},
        {"reckoner_key_uses",
            "CREATE TABLE IF NOT EXISTS reckoner_key_uses ("
            "id text NOT NULL, secret integer NOT NULL, last_used bigint NOT NULL, PRIMARY KEY (id, secret))"},
        {"reckoner_audit",
            "CREATE TABLE IF NOT EXISTS reckoner_audit ("
            "number bigint NOT NULL PRIMARY KEY, at bigint NOT NULL, actor text NOT NULL, action text NOT NULL,"
            " key_id text NOT NULL, detail text NOT NULL)"},
    };
    enum err_code code = ERR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(tables) && code == ERR_NONE; i++)
        code = store_make_table(conn, tables[i].name, tables[i].sql, err);
    return code;
}

// --- reading

static enum err_code make_table(
    const struct key_records *records, uint64_t generation, struct key_table **ret_table, struct err *err)
{
    struct key_row *rows = mem_zalloc(records->count + 1, sizeof(*rows));
    if (rows == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < records->count; i++)
        rows[i] = records->items[i].row;
    enum err_code code = key_table_new(rows, records->count, generation, ret_table, err);
    mem_free(rows);
    return code;
}

enum err_code key_store_read(
    struct store_conn *conn, int64_t now_s, struct key_table **ret_table, struct err *err)
{
    struct key_records records = {0};
    uint64_t generation = 0;
    enum err_code code = store_begin(conn, err);
    if (code == ERR_NONE)
        code = audit_generation(conn, &generation, err);
    if (code == ERR_NONE)
        code = key_records_read(conn, span_of(""), now_s - LIMIT_KEYS_ENDED_S, LIMIT_KEYS, &records, err);
    store_rollback(conn);
    if (code == ERR_NONE)
        code = make_table(&records, generation, ret_table, err);
    key_records_fini(&records);
    return code;
}

static enum err_code on_count(void *ctx, struct store_stmt *stmt, struct err *err)
{
    return own_column_integer(stmt, 0, 0, ctx, err);
}

enum err_code key_store_count(struct store_conn *conn, int64_t *ret_count, struct err *err)
{
    static const char sql[] = "SELECT count(DISTINCT id) FROM reckoner_keys WHERE revoked IS NULL";
    return own_run(conn, sql, NULL, 0, on_count, ret_count, err);
}

// --- uses

static enum err_code touch(struct store_conn *conn, struct span list, struct err *err)
{
    // In one order, so that servers that write at the same time wait for each other, and in no circle.
    static const char sql[] =
        "INSERT INTO reckoner_key_uses (id, secret, last_used)"
        " SELECT substr(value, 1, 12), CAST(substr(value, 23) AS integer), max(CAST(substr(value, 13, 10) AS bigint))"
        " FROM list(:uses) GROUP BY 1, 2 ORDER BY 1, 2"
        " ON CONFLICT (id, secret) DO UPDATE SET last_used = excluded.last_used"
        " WHERE reckoner_key_uses.last_used < excluded.last_used";
    _Static_assert(
        KEY_ID_CHARS == 12 && TIME_CHARS == 10, "the statement takes the parts of a use from there");
    const struct store_name params[] = {{.name = span_of("uses"), .type = TYPE_TEXT, .is_list = true}};
    const struct value values[] = {{.kind = VALUE_TEXT, .text = list}};
    struct store_stmt *stmt = NULL;
    bool row = false;
    enum err_code code = store_prepare(conn, span_of(sql), params, ARRAY_LEN(params), &stmt, err);
    if (code == ERR_NONE)
        code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = store_step(stmt, &row, err);
    store_finalize(stmt);
    return code;
}

enum err_code key_store_touch(
    struct store_conn *conn, const struct key_use *uses, size_t count, struct err *err)
{
    AUTO(buf_fini) struct buf list;
    enum err_code code = ERR_NONE;
    buf_init(&list, LIMIT_LIST_ITEMS * USE_BYTES);
    for (size_t done = 0; done < count && code == ERR_NONE;) {
        buf_clear(&list);
        for (size_t i = 0; i < LIMIT_LIST_ITEMS && done < count; i++, done++)
            buf_printf(&list, "%s%.*s%0*" PRId64 "%u", i > 0 ? "," : "", KEY_ID_CHARS, uses[done].id.at,
                TIME_CHARS, uses[done].used_s, uses[done].secret);
        code = buf_status(&list) == ERR_NONE ? touch(conn, buf_span(&list), err) : err_no_memory(err);
    }
    return code;
}
