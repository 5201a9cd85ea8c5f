// SPDX-License-Identifier: Apache-2.0
// Most files are met in the batch's turn, where the look-up sees all that was committed before it. In a batch
// without a turn (@parallel) two nodes may both find nothing: the second insertion waits for the first one's
// commit then, and inserts nothing.
//
// Each insertion takes a few old rows away, so that nobody else has to. A row that is old and still there
// counts as none.
#include "inbox/file_store.h"

#include "base/attr.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "batch/writer.h"

#define LOOK_UP(now)                                                                                         \
    "SELECT batch_id FROM reckoner_files WHERE identity = :identity AND at_us > " now " - :keep"

#define INSERT(now)                                                                                          \
    "INSERT INTO reckoner_files (identity, endpoint, file, at_us, batch_id)"                                 \
    " VALUES (:identity, :endpoint, :file, " now ", :batch)"                                                 \
    " ON CONFLICT (identity) DO UPDATE SET at_us = excluded.at_us, batch_id = excluded.batch_id,"            \
    " file = excluded.file WHERE reckoner_files.at_us <= excluded.at_us - :keep RETURNING batch_id"

#define PRUNE(now, lock)                                                                                     \
    "DELETE FROM reckoner_files WHERE identity IN (SELECT identity FROM reckoner_files"                      \
    " WHERE at_us <= " now " - :keep ORDER BY at_us LIMIT :most" lock ")"

enum { PRUNE_ROWS = 10 }; // old digests that each file takes away

#define KEEP own_integer("keep", INT64_C(86400000000) * LIMIT_RECORD_DAYS)

enum err_code file_store_make(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_files",
        "CREATE TABLE IF NOT EXISTS reckoner_files (identity text NOT NULL PRIMARY KEY, endpoint text NOT NULL,"
        " file text NOT NULL, at_us bigint NOT NULL, batch_id bigint NOT NULL);"
        "CREATE INDEX IF NOT EXISTS reckoner_files_at ON reckoner_files (at_us)",
        err);
}

static enum err_code on_batch(void *ctx, struct store_stmt *stmt, struct err *err)
{
    return own_column_integer(stmt, 0, 0, ctx, err);
}

static const char *look_up(const struct store_conn *conn)
{
    static const char sqlite[] = LOOK_UP(OWN_NOW_SQLITE), postgresql[] = LOOK_UP(OWN_NOW_POSTGRESQL);
    return own_sql_of(conn, sqlite, postgresql);
}

enum err_code file_store_find(
    struct store_conn *conn, const char *identity, int64_t *ret_batch, struct err *err)
{
    const struct own_param params[] = {own_text("identity", span_of(identity)), KEEP};
    *ret_batch = 0;
    return own_run(conn, look_up(conn), params, ARRAY_LEN(params), on_batch, ret_batch, err);
}

// --- the seal

static enum err_code on_open(
    struct seal *base, struct batch *batch, struct own_statements *own, struct err *err)
{
    struct file_seal *seal = CONTAINER_OF(base, struct file_seal, seal);
    const struct own_param params[] = {own_text("identity", span_of(seal->identity)), KEEP};
    seal->known_batch = 0;
    base->is_taken_away = false;
    enum err_code code =
        own_run_kept(own, look_up(own->conn), params, ARRAY_LEN(params), on_batch, &seal->known_batch, err);
    batch->is_known = code == ERR_NONE && seal->known_batch != 0;
    return code;
}

static enum err_code prune(struct own_statements *own, struct err *err)
{
    static const char sqlite[] = PRUNE(OWN_NOW_SQLITE, "");
    static const char postgresql[] = PRUNE(OWN_NOW_POSTGRESQL, " FOR UPDATE SKIP LOCKED");
    const struct own_param params[] = {KEEP, own_integer("most", PRUNE_ROWS)};
    return own_send_kept(own, own_sql_of(own->conn, sqlite, postgresql), params, ARRAY_LEN(params), err);
}

static enum err_code on_close(
    struct seal *base, struct batch *batch, struct own_statements *own, struct err *err)
{
    static const char sqlite[] = INSERT(OWN_NOW_SQLITE), postgresql[] = INSERT(OWN_NOW_POSTGRESQL);
    struct file_seal *seal = CONTAINER_OF(base, struct file_seal, seal);
    char name[ENDPOINT_NAME_CHARS];
    size_t rows = 0;
    endpoint_name(batch->endpoint, name);
    const struct own_param params[] = {
        own_text("identity", span_of(seal->identity)),
        own_text("endpoint", span_of(name)),
        own_text("file", seal->name),
        own_integer("batch", batch->id),
        KEEP,
    };
    enum err_code code =
        own_run_count(own, own_sql_of(own->conn, sqlite, postgresql), params, ARRAY_LEN(params), &rows, err);
    if (code == ERR_NONE)
        code = prune(own, err);
    if (code != ERR_NONE)
        return code;
    CRASH_POINT("file-sealed");
    base->is_taken_away = rows == 0;
    return base->is_taken_away ? err_set(err, ERR_BUSY, "another process has put the file in") : ERR_NONE;
}

void file_seal_init(struct file_seal *seal)
{
    *seal = (struct file_seal){.seal = {.open = on_open, .close = on_close}};
}
