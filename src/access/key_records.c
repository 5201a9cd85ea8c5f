// SPDX-License-Identifier: Apache-2.0
// One statement for servers and for people, so that both see the same keys. On the connection's thread.
#include "access/key_records.h"

#include "access/key_id.h"
#include "store/own_sql.h"
#include "base/attr.h"

// What read_texts and read_integers take.
#define SELECT_RECORDS                                                                                       \
    "SELECT k.id, k.label, k.plan, k.scopes, k.claims, k.created_by, k.digest, k.secret, k.ends, k.revoked," \
    " k.created, u.last_used FROM reckoner_keys k"                                                           \
    " LEFT JOIN reckoner_key_uses u ON u.id = k.id AND u.secret = k.secret"

static enum err_code read_texts(
    struct store_stmt *stmt, struct arena *arena, struct key_record *record, struct err *err)
{
    struct span digest = {0};
    struct key_row *row = &record->row;
    struct span *const texts[] = {
        &row->id, &row->label, &row->plan, &row->scopes, &row->claims, &record->created_by, &digest};
    enum err_code code = ERR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(texts) && code == ERR_NONE; i++)
        code = own_column_text(stmt, i, arena, texts[i], err);
    if (code == ERR_NONE && (!key_id_is_sound(row->id) || !secret_digest_parse(digest, &row->digest)))
        code = err_set(err, ERR_STORE, "reckoner_keys has a row that no Reckoner has written: %.*s",
            (int)row->id.len, row->id.at);
    return code;
}

static enum err_code read_integers(struct store_stmt *stmt, struct key_record *record, struct err *err)
{
    int64_t secret = 0;
    enum err_code code = own_column_integer(stmt, 7, 0, &secret, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 8, CLIENT_NEVER_ENDS, &record->row.ends_s, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 9, 0, &record->row.revoked_s, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 10, 0, &record->created_s, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 11, 0, &record->last_used_s, err);
    record->row.secret = (uint32_t)secret;
    return code;
}

// The records, and how many there may be.
struct reading {
    struct key_records *records;
    size_t max;
};

static enum err_code on_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct reading *reading = ctx;
    struct key_records *records = reading->records;
    if (records->count == reading->max)
        return err_set(err, ERR_TOO_LARGE, "the app has more than %zu keys", reading->max);
    struct key_record *items =
        arena_grow(&records->arena, records->items, records->count, &records->room, sizeof(*items));
    if (items == NULL)
        return err_no_memory(err);
    records->items = items;
    enum err_code code = read_texts(stmt, &records->arena, &items[records->count], err);
    if (code == ERR_NONE)
        code = read_integers(stmt, &items[records->count], err);
    records->count += code == ERR_NONE;
    return code;
}

enum err_code key_records_read(struct store_conn *conn, struct span id, int64_t since_s, size_t max,
    struct key_records *ret_records, struct err *err)
{
    static const char sql[] = SELECT_RECORDS
        " WHERE (k.ends IS NULL OR k.ends > :since) AND (k.revoked IS NULL OR k.revoked > :since)"
        " AND (:id = '' OR k.id = :id) ORDER BY k.id, k.secret";
    const struct own_param params[] = {
        own_integer("since", since_s), own_text("id", id.len > 0 ? id : span_of(""))};
    *ret_records = (struct key_records){0};
    arena_init(&ret_records->arena, SIZE_MAX); // `max` bounds it
    struct reading reading = {.records = ret_records, .max = max};
    return own_run(conn, sql, params, ARRAY_LEN(params), on_row, &reading, err);
}

enum err_code key_records_read_newest(
    struct store_conn *conn, struct span id, struct key_records *ret_records, struct err *err)
{
    static const char sql[] = SELECT_RECORDS " WHERE k.id = :id ORDER BY k.secret DESC LIMIT 1";
    const struct own_param params[] = {own_text("id", id)};
    *ret_records = (struct key_records){0};
    arena_init(&ret_records->arena, SIZE_MAX); // there is one row at most
    struct reading reading = {.records = ret_records, .max = 1};
    return own_run(conn, sql, params, ARRAY_LEN(params), on_row, &reading, err);
}

void key_records_fini(struct key_records *records)
{
    arena_fini(&records->arena);
    *records = (struct key_records){0};
}
