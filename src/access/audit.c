// SPDX-License-Identifier: Apache-2.0
// A row's number is one more than the last one's, and the primary key: two transactions at the same time have
// the same one, of which PostgreSQL refuses the second; in SQLite there is one at a time. On the connection's
// thread.
#include "access/audit.h"

#include "store/own_sql.h"
#include "base/attr.h"

enum err_code audit_add(struct store_conn *conn, const struct audit_who *who, const char *action,
    struct span key_id, struct span detail, struct err *err)
{
    static const char sql[] =
        "INSERT INTO reckoner_audit (number, at, actor, action, key_id, detail)"
        " SELECT coalesce(max(number), 0) + 1, :at, :actor, :action, :key_id, :detail FROM reckoner_audit";
    const struct own_param params[] = {own_integer("at", who->now_s), own_text("actor", who->actor),
        own_text("action", span_of(action)), own_text("key_id", key_id), own_text("detail", detail)};
    return own_run(conn, sql, params, ARRAY_LEN(params), NULL, NULL, err);
}

struct entries {
    struct arena *arena;       // owns them
    struct audit_entry *items; //
    size_t count;              //
    size_t room;               // of `items`
};

static enum err_code on_entry(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct entries *entries = ctx;
    struct audit_entry *items =
        arena_grow(entries->arena, entries->items, entries->count, &entries->room, sizeof(*items));
    if (items == NULL)
        return err_no_memory(err);
    struct audit_entry *entry = &items[entries->count];
    struct span *const texts[] = {&entry->actor, &entry->action, &entry->key_id, &entry->detail};
    entries->items = items;
    enum err_code code = own_column_integer(stmt, 0, 0, &entry->at_s, err);
    for (size_t i = 0; i < ARRAY_LEN(texts) && code == ERR_NONE; i++)
        code = own_column_text(stmt, i + 1, entries->arena, texts[i], err);
    entries->count += code == ERR_NONE;
    return code;
}

enum err_code audit_read(struct store_conn *conn, struct span key_id, struct arena *arena,
    struct audit_entry **ret_entries, size_t *ret_count, struct err *err)
{
    static const char sql[] = "SELECT at, actor, action, key_id, detail FROM reckoner_audit"
                              " WHERE key_id = :key_id ORDER BY number";
    const struct own_param params[] = {own_text("key_id", key_id)};
    struct entries entries = {.arena = arena};
    enum err_code code = own_run(conn, sql, params, ARRAY_LEN(params), on_entry, &entries, err);
    if (code == ERR_NONE) {
        *ret_entries = entries.items;
        *ret_count = entries.count;
    }
    return code;
}

static enum err_code on_last(void *ctx, struct store_stmt *stmt, struct err *err)
{
    uint64_t *generation = ctx;
    int64_t number = 0;
    int64_t at_s = 0;
    enum err_code code = own_column_integer(stmt, 0, 0, &number, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 1, 0, &at_s, err);
    *generation = (uint64_t)at_s << 24 ^ (uint64_t)number;
    return code;
}

enum err_code audit_generation(struct store_conn *conn, uint64_t *ret_generation, struct err *err)
{
    static const char sql[] = "SELECT number, at FROM reckoner_audit ORDER BY number DESC LIMIT 1";
    uint64_t generation = 0;
    enum err_code code = own_run(conn, sql, NULL, 0, on_last, &generation, err);
    if (code == ERR_NONE)
        *ret_generation = generation;
    return code;
}
