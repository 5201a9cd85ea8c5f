// SPDX-License-Identifier: Apache-2.0
// Nodes meet in quota_store_exchange: one statement locks the rows of all purses that it is about, in the
// order of their keys, so that no two nodes wait for each other, and works out each by the clock of the
// moment. It takes no turn among the app's writers.
#include "access/quota_store.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/own_sql.h"
#include "access/purse.h"
#include "base/limits.h"
#include "text/json_write.h"

enum { EXCHANGE_BYTES = 4 * 1024 * 1024 };

#define SHARE_TEXT "4" // of what is left, a ration is one such part at most

enum err_code quota_store_make(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_quota",
        "CREATE TABLE IF NOT EXISTS reckoner_quota ("
        "client text NOT NULL, kind bigint NOT NULL, tat bigint NOT NULL, asked bigint NOT NULL,"
        " granted bigint NOT NULL, PRIMARY KEY (client, kind))",
        err);
}

// --- statements

// Runs a statement of which no rows are wanted.
static enum err_code run(struct store_stmt *stmt, const struct value *values, struct err *err)
{
    bool row = false;
    enum err_code code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = store_step(stmt, &row, err);
    store_reset(stmt);
    return code;
}

enum err_code quota_store_prune(struct store_conn *conn, int64_t wall_ns, struct err *err)
{
    const struct own_param now = own_integer("now", wall_ns);
    enum err_code code = store_begin_early(conn, err); // it takes no turn among writers
    if (code != ERR_NONE)
        return code;
    code = own_run(conn, "DELETE FROM reckoner_quota WHERE tat < :now", &now, 1, NULL, NULL, err);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}

// --- of one node

static enum err_code save_all(
    struct store_stmt *stmt, const struct saved_purse *purses, size_t count, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++) {
        const struct value values[] = {
            {.kind = VALUE_TEXT, .text = purses[i].name},
            {.kind = VALUE_INTEGER, .integer = (int64_t)purses[i].kind},
            {.kind = VALUE_INTEGER, .integer = purses[i].tat_ns},
        };
        code = run(stmt, values, err);
    }
    return code;
}

enum err_code quota_store_save(
    struct store_conn *conn, const struct saved_purse *purses, size_t count, struct err *err)
{
    static const struct store_name params[] = {
        {.name = {.at = "client", .len = 6}, .type = TYPE_TEXT},
        {.name = {.at = "kind", .len = 4}, .type = TYPE_INTEGER},
        {.name = {.at = "tat", .len = 3}, .type = TYPE_INTEGER},
    };
    static const char sql[] =
        "INSERT INTO reckoner_quota (client, kind, tat, asked, granted) VALUES (:client, :kind, :tat, 0, 0)"
        " ON CONFLICT (client, kind) DO UPDATE SET tat = excluded.tat";
    struct store_stmt *stmt;
    enum err_code code = store_prepare(conn, span_of(sql), params, ARRAY_LEN(params), &stmt, err);
    if (code != ERR_NONE)
        return code;
    code = store_begin(conn, err);
    if (code == ERR_NONE) {
        code = save_all(stmt, purses, count, err);
        if (code == ERR_NONE)
            code = store_commit(conn, err);
        if (code != ERR_NONE)
            store_rollback(conn);
    }
    store_finalize(stmt);
    return code;
}

// Reads the integers of a row from `column` on.
static enum err_code read_integers(
    struct store_stmt *stmt, size_t column, int64_t *ret_integers, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct value value = {0};
        enum err_code code = store_column(stmt, column + i, &value, err);
        if (code == ERR_NONE && value.kind != VALUE_INTEGER)
            code = err_set(err, ERR_STORE, "reckoner_quota has a number that is none");
        if (code != ERR_NONE)
            return code;
        ret_integers[i] = value.integer;
    }
    return ERR_NONE;
}

// Who is told of what is loaded.
struct loading {
    void (*on_purse)(void *ctx, const struct saved_purse *purse);
    void *ctx;
};

static enum err_code load_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    const struct loading *loading = ctx;
    struct value name = {0};
    int64_t integers[2];
    enum err_code code = store_column(stmt, 0, &name, err);
    if (code == ERR_NONE)
        code = read_integers(stmt, 1, integers, ARRAY_LEN(integers), err);
    if (code == ERR_NONE)
        loading->on_purse(loading->ctx,
            &(struct saved_purse){.name = name.text, .kind = (uint64_t)integers[0], .tat_ns = integers[1]});
    return code;
}

enum err_code quota_store_load(struct store_conn *conn,
    void (*on_purse)(void *ctx, const struct saved_purse *purse), void *ctx, struct err *err)
{
    struct loading loading = {.on_purse = on_purse, .ctx = ctx};
    return own_run(
        conn, "SELECT client, kind, tat FROM reckoner_quota ORDER BY tat", NULL, 0, load_row, &loading, err);
}

// --- of several nodes

// What becomes of a purse whose tat is `tat`, by the `w` that a node asks: gcra.c in SQL. A tat beyond all
// that a debt can be is of a clock that has jumped. What is charged (net < 0) counts from now on: time in
// which nothing was used is worth no more than a full purse. All of it is worked out for a row that is new,
// and once more where there is one already: only behind the lock that ON CONFLICT takes is its tat the
// latest.
//
// clang-format off
#define SETTLED(tat)                                                                                         \
    "LATERAL (SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000000) AS bigint) * 1000 AS asked)" \
    " c, "                                                                                                   \
    "LATERAL (SELECT least(greatest(least(greatest(" tat ", CASE WHEN w.net < 0 THEN c.asked ELSE 0 END),"   \
    " c.asked + 2 * w.limit_ns)"                                                                             \
    " - CAST(floor(least(greatest(w.net * w.unit_ns, -2.0 * w.limit_ns), 2.0 * w.limit_ns)) AS bigint),"     \
    " c.asked), c.asked + 2 * w.limit_ns) AS tat) s, "                                                       \
    "LATERAL (SELECT CAST(greatest(floor((w.limit_ns - (s.tat - c.asked)) / w.unit_ns), 0) AS bigint)"       \
    " AS units) f, "                                                                                         \
    "LATERAL (SELECT least(w.want, greatest(least(f.units, 1), f.units / " SHARE_TEXT "))"                   \
    " AS units) g"

static const char EXCHANGE[] =
    "WITH wanted AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rations AS jsonb)) AS r"
    "(client text, kind bigint, net bigint, want bigint, unit_ns double precision, limit_ns bigint)) "
    "INSERT INTO reckoner_quota AS q (client, kind, tat, asked, granted) "
    "SELECT w.client, w.kind, s.tat + CAST(ceil(g.units * w.unit_ns) AS bigint), c.asked, g.units "
    "FROM wanted w, " SETTLED("0") " "
    "ORDER BY w.client, w.kind "
    "ON CONFLICT (client, kind) DO UPDATE SET (tat, asked, granted) = ("
    "SELECT s.tat + CAST(ceil(g.units * w.unit_ns) AS bigint), c.asked, g.units "
    "FROM wanted w, " SETTLED("q.tat") " "
    "WHERE w.client = excluded.client AND w.kind = excluded.kind) "
    "RETURNING client, kind, granted, tat - asked";
// clang-format on

// The rations as a JSON array of objects.
static enum err_code write_rations(
    const struct ration *rations, size_t count, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct ration *ration = &rations[i];
        buf_append_str(out, i == 0 ? "[{\"client\":" : ",{\"client\":");
        json_write_string(out, ration->name);
        buf_printf(out,
            ",\"kind\":%" PRIu64 ",\"net\":%" PRId64 ",\"want\":%" PRId64 ",\"unit_ns\":%.17g"
            ",\"limit_ns\":%" PRId64 "}",
            ration->kind, ration->net, ration->want, ration->rate.unit_ns, ration->rate.limit_ns);
    }
    buf_append_str(out, count == 0 ? "[]" : "]");
    return buf_status(out) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

// Notes a row of the answer. Rows come mostly in the order of the question: `*at` is where to look first.
static void take_row(
    struct ration *rations, size_t count, size_t *at, struct span name, const int64_t integers[3])
{
    for (size_t i = 0; i < count; i++) {
        struct ration *ration = &rations[(*at + i) % count];
        if (ration->kind != (uint64_t)integers[0] || !span_equal(ration->name, name))
            continue;
        ration->granted = integers[1];
        ration->ahead_ns = integers[2];
        ration->is_told = true;
        *at = (*at + i + 1) % count;
        return;
    }
}

static enum err_code read_rations(
    struct store_stmt *stmt, struct ration *rations, size_t count, struct err *err)
{
    size_t at = 0;
    bool row = true;
    struct value name = {0};
    int64_t integers[3];
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && (code = store_step(stmt, &row, err)) == ERR_NONE && row) {
        code = store_column(stmt, 0, &name, err);
        if (code == ERR_NONE)
            code = read_integers(stmt, 1, integers, ARRAY_LEN(integers), err);
        if (code == ERR_NONE)
            take_row(rations, count, &at, name.text, integers);
    }
    return code;
}

enum err_code quota_store_prepare(struct store_conn *conn, struct store_stmt **ret_exchange, struct err *err)
{
    static const struct store_name params[] = {{.name = {.at = "rations", .len = 7}, .type = TYPE_TEXT}};
    return store_prepare(conn, span_of(EXCHANGE), params, ARRAY_LEN(params), ret_exchange, err);
}

enum err_code quota_store_exchange(struct store_conn *conn, struct store_stmt *exchange,
    struct ration *rations, size_t count, struct err *err)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, EXCHANGE_BYTES);
    enum err_code code = write_rations(rations, count, &text, err);
    if (code == ERR_NONE)
        code = store_begin_early(conn, err);
    if (code != ERR_NONE)
        return code;
    code = store_bind(exchange, (const struct value[]){{.kind = VALUE_TEXT, .text = buf_span(&text)}}, err);
    if (code == ERR_NONE)
        code = read_rations(exchange, rations, count, err);
    store_reset(exchange);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}
