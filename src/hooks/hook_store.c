// SPDX-License-Identifier: Apache-2.0
// Two nodes that take at a time: on PostgreSQL each passes over rows that the other one has locked, and a row
// that was taken meanwhile is not due any more. On SQLite one transaction writes at a time.
#include "hooks/hook_store.h"

#include "base/attr.h"
#include "base/limits.h"
#include "store/own_sql.h"

#define COLUMNS "id, endpoint, batch, row_count, created, since, next, attempts, token, ended, status, result"

enum { HOOK_BYTES = 64 * 1024 }; // texts of a row

// Those that are told of rows.
struct telling {
    enum err_code (*on_hook)(void *ctx, const struct hook *hook, struct err *err);
    void *ctx;
};

static enum err_code on_hook_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    const struct telling *telling = ctx;
    struct hook hook = {0};
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, HOOK_BYTES);
    int64_t *const integers[] = {&hook.batch, &hook.rows, &hook.created_ms, &hook.since_ms, &hook.next_ms,
        &hook.attempts, &hook.token, &hook.ended_ms, &hook.status};
    enum err_code code = own_column_text(stmt, 0, &arena, &hook.id, err);
    if (code == ERR_NONE)
        code = own_column_text(stmt, 1, &arena, &hook.endpoint, err);
    for (size_t i = 0; code == ERR_NONE && i < ARRAY_LEN(integers); i++)
        code = own_column_integer(stmt, i + 2, 0, integers[i], err);
    if (code == ERR_NONE)
        code = own_column_text(stmt, ARRAY_LEN(integers) + 2, &arena, &hook.result, err);
    return code == ERR_NONE ? telling->on_hook(telling->ctx, &hook, err) : code;
}

// --- sending

enum err_code hook_store_next(
    struct own_statements *own, struct span endpoint, struct hook_times *ret_times, struct err *err)
{
    const struct own_param name = own_text("endpoint", endpoint);
    int64_t times[2] = {0};
    bool is_found = false;
    enum err_code code = own_run_integers(own,
        "SELECT next, (SELECT next FROM reckoner_outbox WHERE endpoint = :endpoint AND ended = 0 "
        "ORDER BY next DESC LIMIT 1) AS last "
        "FROM reckoner_outbox WHERE endpoint = :endpoint AND ended = 0 ORDER BY next LIMIT 1",
        &name, 1, times, ARRAY_LEN(times), &is_found, err);
    *ret_times = (struct hook_times){.first_ms = times[0], .last_ms = times[1], .is_found = is_found};
    return code;
}

enum err_code hook_store_hasten(
    struct own_statements *own, struct span endpoint, int64_t now_ms, int64_t after_ms, struct err *err)
{
    const struct own_param params[] = {
        own_text("endpoint", endpoint),
        own_integer("now", now_ms),
        own_integer("after", after_ms),
        own_integer("most", LIMIT_HOOK_GIVE_UP_ROWS),
    };
    return own_run_kept(own,
        "UPDATE reckoner_outbox SET next = :now WHERE ended = 0 AND next > :after AND id IN (SELECT id FROM "
        "reckoner_outbox WHERE endpoint = :endpoint AND ended = 0 AND next > :after ORDER BY next LIMIT :most)",
        params, ARRAY_LEN(params), NULL, NULL, err);
}

// The rows are chosen once, whatever the plan: PostgreSQL may run a subquery behind IN again, and choose
// others.
#define CHOSEN(where, order, lock)                                                                           \
    "WITH chosen AS MATERIALIZED (SELECT id FROM reckoner_outbox WHERE endpoint = :endpoint AND ended = 0 "  \
    "AND next <= :now " where " " order " LIMIT :most" lock ") "

#define TAKE(lock)                                                                                           \
    CHOSEN("", "ORDER BY next", lock)                                                                        \
    "UPDATE reckoner_outbox SET token = :token, next = :until, attempts = attempts + 1 "                     \
    "WHERE ended = 0 AND next <= :now AND id IN (SELECT id FROM chosen) RETURNING " COLUMNS

enum err_code hook_store_take(struct own_statements *own, const struct hook_claim *claim,
    enum err_code (*on_hook)(void *ctx, const struct hook *hook, struct err *err), void *ctx, struct err *err)
{
    struct telling telling = {.on_hook = on_hook, .ctx = ctx};
    const struct own_param params[] = {
        own_text("endpoint", claim->endpoint),
        own_integer("token", claim->token),
        own_integer("now", claim->now_ms),
        own_integer("until", claim->until_ms),
        own_integer("most", (int64_t)claim->most),
    };
    return own_run_kept(own, own_sql_of(own->conn, TAKE(""), TAKE(" FOR UPDATE SKIP LOCKED")), params,
        ARRAY_LEN(params), on_hook_row, &telling, err);
}

enum err_code hook_store_remove(struct own_statements *own, struct span id, int64_t token, struct err *err)
{
    const struct own_param params[] = {own_text("id", id), own_integer("token", token)};
    return own_run_kept(own, "DELETE FROM reckoner_outbox WHERE id = :id AND token = :token", params,
        ARRAY_LEN(params), NULL, NULL, err);
}

enum err_code hook_store_fail(struct own_statements *own, struct span id, int64_t token,
    const struct hook_failure *failure, bool *ret_moved, struct err *err)
{
    size_t count = 0;
    const struct own_param params[] = {
        own_text("id", id),
        own_integer("token", token),
        own_integer("next", failure->next_ms),
        own_integer("ended", failure->ended_ms),
        own_integer("back", failure->gives_back ? 1 : 0),
        own_integer("status", failure->status),
        own_text("result", failure->result),
    };
    enum err_code code = own_run_count(own,
        "UPDATE reckoner_outbox SET token = 0, next = :next, ended = :ended, attempts = attempts - :back, "
        "status = :status, result = :result WHERE id = :id AND token = :token RETURNING id",
        params, ARRAY_LEN(params), &count, err);
    if (code == ERR_NONE)
        *ret_moved = count > 0;
    return code;
}

#define GIVE_UP(lock)                                                                                        \
    CHOSEN("AND since < :before", "", lock)                                                                  \
    "UPDATE reckoner_outbox SET token = 0, ended = :now, result = :result "                                  \
    "WHERE ended = 0 AND next <= :now AND id IN (SELECT id FROM chosen) RETURNING id"

enum err_code hook_store_give_up(struct own_statements *own, struct span endpoint, int64_t now_ms,
    int64_t before_ms, struct span result, size_t *ret_count, struct err *err)
{
    const struct own_param params[] = {
        own_text("endpoint", endpoint),
        own_integer("now", now_ms),
        own_integer("before", before_ms),
        own_text("result", result),
        own_integer("most", LIMIT_HOOK_GIVE_UP_ROWS),
    };
    return own_run_count(own, own_sql_of(own->conn, GIVE_UP(""), GIVE_UP(" FOR UPDATE SKIP LOCKED")), params,
        ARRAY_LEN(params), ret_count, err);
}

enum err_code hook_store_prune(
    struct own_statements *own, int64_t before_ms, size_t *ret_count, struct err *err)
{
    const struct own_param params[] = {
        own_integer("before", before_ms), own_integer("most", LIMIT_HOOK_GIVE_UP_ROWS)};
    return own_run_count(own,
        "DELETE FROM reckoner_outbox WHERE id IN (SELECT id FROM reckoner_outbox WHERE ended > 0 "
        "AND ended < :before ORDER BY ended LIMIT :most) RETURNING id",
        params, ARRAY_LEN(params), ret_count, err);
}

// --- looking, and moving by hand

enum err_code hook_store_count(struct own_statements *own, struct hook_counts *ret_counts, struct err *err)
{
    int64_t waiting[2] = {0}, given_up = 0;
    bool row;
    enum err_code code = own_run_integers(own,
        "SELECT count(*) AS waiting, coalesce(min(created), 0) AS oldest FROM reckoner_outbox WHERE ended = 0",
        NULL, 0, waiting, ARRAY_LEN(waiting), &row, err);
    if (code == ERR_NONE)
        code = own_run_integers(own, "SELECT count(*) AS given_up FROM reckoner_outbox WHERE ended > 0", NULL,
            0, &given_up, 1, &row, err);
    if (code == ERR_NONE)
        *ret_counts =
            (struct hook_counts){.waiting = waiting[0], .oldest_ms = waiting[1], .given_up = given_up};
    return code;
}

// Those that are told of endpoints.
struct naming {
    enum err_code (*on_endpoint)(void *ctx, struct span endpoint, struct err *err);
    void *ctx;
};

static enum err_code on_name_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    const struct naming *naming = ctx;
    AUTO(arena_fini) struct arena arena;
    struct span name;
    arena_init(&arena, HOOK_BYTES);
    enum err_code code = own_column_text(stmt, 0, &arena, &name, err);
    return code == ERR_NONE ? naming->on_endpoint(naming->ctx, name, err) : code;
}

enum err_code hook_store_endpoints(struct own_statements *own,
    enum err_code (*on_endpoint)(void *ctx, struct span endpoint, struct err *err), void *ctx,
    struct err *err)
{
    struct naming naming = {.on_endpoint = on_endpoint, .ctx = ctx};
    return own_run_kept(own, "SELECT DISTINCT endpoint FROM reckoner_outbox WHERE ended = 0", NULL, 0,
        on_name_row, &naming, err);
}

enum err_code hook_store_list(struct own_statements *own, int64_t most,
    enum err_code (*on_hook)(void *ctx, const struct hook *hook, struct err *err), void *ctx, struct err *err)
{
    struct telling telling = {.on_hook = on_hook, .ctx = ctx};
    const struct own_param limit = own_integer("most", most);
    return own_run_kept(own,
        "SELECT " COLUMNS " FROM reckoner_outbox ORDER BY created DESC, batch DESC, id LIMIT :most", &limit,
        1, on_hook_row, &telling, err);
}

enum err_code hook_store_retry(
    struct own_statements *own, struct span id, int64_t now_ms, size_t *ret_count, struct err *err)
{
    const struct own_param params[] = {
        own_text("id", id), own_integer("any", id.len == 0 ? 1 : 0), own_integer("now", now_ms)};
    return own_run_count(own,
        "UPDATE reckoner_outbox SET next = :now, attempts = CASE WHEN ended > 0 THEN 0 ELSE attempts END, "
        "since = CASE WHEN ended > 0 THEN :now ELSE since END, ended = 0, token = 0 "
        "WHERE id = :id OR (:any = 1 AND token = 0) RETURNING id",
        params, ARRAY_LEN(params), ret_count, err);
}

enum err_code hook_store_drop(struct own_statements *own, struct span id, size_t *ret_count, struct err *err)
{
    const struct own_param params[] = {own_text("id", id), own_integer("any", id.len == 0 ? 1 : 0)};
    return own_run_count(own, "DELETE FROM reckoner_outbox WHERE (:any = 1 OR id = :id) RETURNING id", params,
        ARRAY_LEN(params), ret_count, err);
}
