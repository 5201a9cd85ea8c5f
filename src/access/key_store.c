// SPDX-License-Identifier: Apache-2.0
// What servers ask of an app's keys, in SQL that every store understands: all of them, whether they have
// changed, and when they were used. What `reckoner key` changes is key_change.c's. On the connection's
// thread.
#include "access/key_store.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"

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

// Integers of the row from `column` on; null becomes `null`.
static enum err_code read_integer(
    struct store_stmt *stmt, size_t column, int64_t null, int64_t *ret_integer, struct err *err)
{
    struct value value = {0};
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_INTEGER && value.kind != VALUE_NULL)
        return err_set(
            err, ERR_STORE, "%s of Reckoner's own tables is no integer", store_column_name(stmt, column));
    *ret_integer = value.kind == VALUE_INTEGER ? value.integer : null;
    return ERR_NONE;
}

static enum err_code read_text(
    struct store_stmt *stmt, size_t column, struct arena *arena, struct span *ret_text, struct err *err)
{
    struct value value = {0};
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_TEXT)
        return err_set(
            err, ERR_STORE, "%s of Reckoner's own tables is no text", store_column_name(stmt, column));
    char *at = arena_strndup(arena, value.text.at, value.text.len);
    if (at == NULL)
        return err_no_memory(err);
    *ret_text = (struct span){.at = at, .len = value.text.len};
    return ERR_NONE;
}

enum err_code key_store_generation(struct store_conn *conn, uint64_t *ret_generation, struct err *err)
{
    static const char sql[] = "SELECT number, at FROM reckoner_audit ORDER BY number DESC LIMIT 1";
    struct store_stmt *stmt = NULL;
    int64_t number = 0;
    int64_t at = 0;
    bool row = false;
    enum err_code code = store_prepare(conn, span_of(sql), NULL, 0, &stmt, err);
    if (code == ERR_NONE)
        code = store_bind(stmt, NULL, err);
    if (code == ERR_NONE)
        code = store_step(stmt, &row, err);
    if (code == ERR_NONE && row)
        code = read_integer(stmt, 0, 0, &number, err);
    if (code == ERR_NONE && row)
        code = read_integer(stmt, 1, 0, &at, err);
    store_finalize(stmt);
    if (code == ERR_NONE) // a store that was emptied counts from 1 again, at another time
        *ret_generation = (uint64_t)at << 24 ^ (uint64_t)number;
    return code;
}

static enum err_code read_row(
    struct store_stmt *stmt, struct arena *arena, struct key_row *ret_row, struct err *err)
{
    struct span *const texts[] = {
        &ret_row->id, &ret_row->label, &ret_row->plan, &ret_row->scopes, &ret_row->claims};
    struct span digest = {0};
    int64_t secret = 0;
    enum err_code code = read_text(stmt, ARRAY_LEN(texts), arena, &digest, err);
    for (size_t i = 0; i < ARRAY_LEN(texts) && code == ERR_NONE; i++)
        code = read_text(stmt, i, arena, texts[i], err);
    if (code == ERR_NONE)
        code = read_integer(stmt, 6, 0, &secret, err);
    if (code == ERR_NONE)
        code = read_integer(stmt, 7, CLIENT_NEVER_ENDS, &ret_row->ends_s, err);
    if (code == ERR_NONE)
        code = read_integer(stmt, 8, 0, &ret_row->revoked_s, err);
    if (code != ERR_NONE)
        return code;
    ret_row->secret = (uint32_t)secret;
    if (ret_row->id.len != KEY_ID_CHARS || !secret_digest_parse(digest, &ret_row->digest))
        return err_set(err, ERR_STORE, "reckoner_keys has a row that no Reckoner has written: %.*s",
            (int)ret_row->id.len, ret_row->id.at);
    return ERR_NONE;
}

// Rows of the table, whose texts are the arena's.
struct key_rows {
    struct arena arena;   // owns `rows`, too
    struct key_row *rows; //
    size_t count;         //
    size_t room;          // of `rows`
};

static enum err_code read_rows(struct store_stmt *stmt, struct key_rows *rows, struct err *err)
{
    for (;;) {
        bool is_row = false;
        enum err_code code = store_step(stmt, &is_row, err);
        if (code != ERR_NONE || !is_row)
            return code;
        if (rows->count == LIMIT_KEYS)
            return err_set(err, ERR_TOO_LARGE, "the app has more than %d keys", LIMIT_KEYS);
        struct key_row *grown =
            arena_grow(&rows->arena, rows->rows, rows->count, &rows->room, sizeof(*rows->rows));
        if (grown == NULL)
            return err_no_memory(err);
        rows->rows = grown;
        code = read_row(stmt, &rows->arena, &rows->rows[rows->count], err);
        if (code != ERR_NONE)
            return code;
        rows->count++;
    }
}

static enum err_code ask_rows(struct store_conn *conn, int64_t now_s, struct key_rows *rows, struct err *err)
{
    static const char sql[] =
        "SELECT id, label, plan, scopes, claims, digest, secret, ends, revoked FROM reckoner_keys"
        " WHERE (ends IS NULL OR ends > :since) AND (revoked IS NULL OR revoked > :since) ORDER BY id, secret";
    const struct store_name params[] = {{.name = span_of("since"), .type = TYPE_INTEGER}};
    const struct value values[] = {{.kind = VALUE_INTEGER, .integer = now_s - LIMIT_KEYS_ENDED_S}};
    struct store_stmt *stmt = NULL;
    enum err_code code = store_prepare(conn, span_of(sql), params, ARRAY_LEN(params), &stmt, err);
    if (code == ERR_NONE)
        code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = read_rows(stmt, rows, err);
    store_finalize(stmt);
    return code;
}

enum err_code key_store_read(
    struct store_conn *conn, int64_t now_s, struct key_table **ret_table, struct err *err)
{
    struct key_rows rows = {0};
    uint64_t generation = 0;
    arena_init(&rows.arena, SIZE_MAX); // LIMIT_KEYS bounds it
    enum err_code code = store_begin(conn, err);
    if (code == ERR_NONE)
        code = key_store_generation(conn, &generation, err);
    if (code == ERR_NONE)
        code = ask_rows(conn, now_s, &rows, err);
    store_rollback(conn);
    if (code == ERR_NONE)
        code = key_table_new(rows.rows, rows.count, generation, ret_table, err);
    arena_fini(&rows.arena);
    return code;
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
