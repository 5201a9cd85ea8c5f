// SPDX-License-Identifier: Apache-2.0
// Of two files the one that was written last holds: so servers that have different files, as one of them is
// not deployed yet, do not exchange a table for ever.
#include "inbox/reload_store.h"

#include "base/attr.h"
#include "base/crash_point.h"
#include "batch/writer.h"
#include "store/own_sql.h"

#define INSERT(now)                                                                                          \
    "INSERT INTO reckoner_reloads (line, identity, bytes, written_us, at_us, batch_id)"                      \
    " VALUES (:line, :identity, :bytes, :written, " now ", :batch)"                                          \
    " ON CONFLICT (line) DO UPDATE SET identity = excluded.identity, bytes = excluded.bytes,"                \
    " written_us = excluded.written_us, at_us = excluded.at_us, batch_id = excluded.batch_id"                \
    " WHERE reckoner_reloads.written_us <= excluded.written_us RETURNING batch_id"

static const char FIND[] = "SELECT bytes, written_us, batch_id FROM reckoner_reloads WHERE line = :line";
static const char KNOWN[] =
    "SELECT batch_id FROM reckoner_reloads WHERE line = :line AND identity = :identity";

enum err_code reload_store_make(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_reloads",
        "CREATE TABLE IF NOT EXISTS reckoner_reloads (line text NOT NULL PRIMARY KEY, identity text NOT NULL,"
        " bytes bigint NOT NULL, written_us bigint NOT NULL, at_us bigint NOT NULL, batch_id bigint NOT NULL)",
        err);
}

static enum err_code on_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct reload_row *row = ctx;
    enum err_code code = own_column_integer(stmt, 0, 0, &row->bytes, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 1, 0, &row->written_us, err);
    return code == ERR_NONE ? own_column_integer(stmt, 2, 0, &row->batch, err) : code;
}

enum err_code reload_store_find(
    struct store_conn *conn, const char *line, struct reload_row *ret_row, struct err *err)
{
    const struct own_param wanted = own_text("line", span_of(line));
    *ret_row = (struct reload_row){0};
    return own_run(conn, FIND, &wanted, 1, on_row, ret_row, err);
}

// --- the seal

static enum err_code on_open(
    struct seal *base, struct batch *batch, struct own_statements *own, struct err *err)
{
    struct reload_seal *seal = CONTAINER_OF(base, struct reload_seal, seal);
    const struct own_param params[] = {
        own_text("line", span_of(seal->line)), own_text("identity", span_of(seal->identity))};
    bool is_row = false;
    seal->known_batch = 0;
    base->is_taken_away = false;
    enum err_code code =
        own_run_integers(own, KNOWN, params, ARRAY_LEN(params), &seal->known_batch, 1, &is_row, err);
    batch->is_known = code == ERR_NONE && seal->known_batch != 0;
    return code;
}

static enum err_code on_close(
    struct seal *base, struct batch *batch, struct own_statements *own, struct err *err)
{
    static const char sqlite[] = INSERT(OWN_NOW_SQLITE), postgresql[] = INSERT(OWN_NOW_POSTGRESQL);
    struct reload_seal *seal = CONTAINER_OF(base, struct reload_seal, seal);
    size_t rows = 0;
    const struct own_param params[] = {
        own_text("line", span_of(seal->line)),
        own_text("identity", span_of(seal->identity)),
        own_integer("bytes", seal->bytes),
        own_integer("written", seal->written_us),
        own_integer("batch", batch->id),
    };
    enum err_code code =
        own_run_count(own, own_sql_of(own->conn, sqlite, postgresql), params, ARRAY_LEN(params), &rows, err);
    if (code != ERR_NONE)
        return code;
    CRASH_POINT("reload-sealed");
    base->is_taken_away = rows == 0;
    return base->is_taken_away ? err_set(err, ERR_BUSY, "a newer file was loaded") : ERR_NONE;
}

void reload_seal_init(struct reload_seal *seal)
{
    *seal = (struct reload_seal){.seal = {.open = on_open, .close = on_close}};
}
