// SPDX-License-Identifier: Apache-2.0
// What the server has prepared in a session: asked for, described, and given up. Which statements share it is
// stmt.c's to decide. The connection's thread.
//
// Through a pooler nothing can be prepared for longer than a transaction: there the server only describes a
// statement without a name, and the text is sent with each run.
#include "store/postgresql/prepared.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/error.h"
#include "store/postgresql/params.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/value.h"

// --- life

enum err_code pg_prepared_new(
    char *sql, size_t param_count, struct pg_prepared **ret_prepared, struct err *err)
{
    struct pg_prepared *prepared = mem_zalloc(1, sizeof(*prepared));
    Oid *param_types = mem_zalloc(param_count, sizeof(*param_types));
    if (prepared == NULL || param_types == NULL) {
        mem_free(prepared);
        mem_free(param_types);
        mem_free(sql);
        return err_no_memory(err);
    }
    *prepared =
        (struct pg_prepared){.users = 1, .sql = sql, .param_count = param_count, .param_types = param_types};
    *ret_prepared = prepared;
    return ERR_NONE;
}

// Takes the server's copy away, with whatever is sent next.
static void deallocate(struct pg_conn *conn, const char *name, unsigned *session)
{
    char sql[40];
    struct err ignored = {0};
    if (conn->link_state != PG_LINK_PIPELINED || conn->is_pooled || *session != conn->session ||
        pg_tx_has_failed(conn))
        return;
    snprintf(sql, sizeof(sql), "DEALLOCATE %s", name);
    if (pg_command(conn, sql, &ignored) == ERR_NONE && conn->mode == STORE_READ)
        pg_tx_sent(conn);
    *session = 0;
}

void pg_prepared_forget(struct pg_conn *conn, struct pg_prepared *prepared)
{
    deallocate(conn, prepared->files.name, &prepared->files.session);
    prepared->files.session = 0;
    mem_free(prepared->files_sql);
    for (size_t i = 0; i < prepared->parted_count; i++)
        mem_free(prepared->parted[i].name);
    mem_free(prepared->parted);
    mem_free(prepared->views);
    prepared->files_sql = NULL;
    prepared->parted = NULL;
    prepared->views = NULL;
    prepared->parted_count = prepared->view_count = 0;
    prepared->is_found = false;
}

void pg_prepared_leave(struct pg_conn *conn, struct pg_prepared *prepared)
{
    if (prepared == NULL || --prepared->users > 0)
        return;
    pg_disown_prepared(conn, prepared);
    deallocate(conn, prepared->name, &prepared->session);
    pg_prepared_forget(conn, prepared);
    mem_free(prepared->sql);
    mem_free(prepared->param_types);
    mem_free(prepared);
}

// --- on the server

// Queues the preparation; through a pooler, that of the statement without a name.
static enum err_code queue(
    struct pg_conn *conn, struct pg_prepared *prepared, PGresult **keep, struct err *err)
{
    if (!conn->is_pooled)
        snprintf(prepared->name, sizeof(prepared->name), "s%u", ++conn->named);
    int sent = PQsendPrepare(
        conn->link, prepared->name, prepared->sql, (int)prepared->param_count, prepared->param_types);
    enum err_code code =
        pg_queued(conn, sent, (struct pg_item){.kind = PG_PREPARE, .prepared = prepared, .keep = keep}, err);
    if (code == ERR_NONE && !conn->is_pooled)
        prepared->session = conn->session;
    return code;
}

enum err_code pg_prepared_queue(struct pg_conn *conn, struct pg_prepared *prepared, struct err *err)
{
    bool is_there = conn->is_pooled || prepared->session == conn->session;
    return is_there ? ERR_NONE : queue(conn, prepared, NULL, err);
}

static enum err_code ask_server(struct pg_conn *conn, struct pg_prepared *prepared, PGresult **ret_prepared,
    PGresult **ret_described, struct err *err)
{
    enum err_code code = queue(conn, prepared, ret_prepared, err);
    if (code == ERR_NONE)
        code = pg_queued(conn, PQsendDescribePrepared(conn->link, prepared->name),
            (struct pg_item){.kind = PG_COMMAND, .keep = ret_described}, err);
    struct err failure = {0};
    if (code == ERR_NONE && pg_drain(conn, &failure) != ERR_NONE &&
        (*ret_prepared == NULL || PQresultStatus(*ret_prepared) == PGRES_COMMAND_OK ||
            PQresultStatus(*ret_prepared) == PGRES_PIPELINE_ABORTED))
        code = err_pass(err, &failure); // of something that was queued before
    return code;
}

bool pg_prepared_is_same(const struct pg_prepared *one, const struct pg_prepared *other)
{
    return one->param_count == other->param_count &&
           memcmp(one->param_types, other->param_types, one->param_count * sizeof(Oid)) == 0 &&
           strcmp(one->sql, other->sql) == 0;
}

enum err_code pg_prepared_describe(struct pg_conn *conn, struct pg_prepared *prepared, struct span sql,
    struct span statement, PGresult **ret_described, struct err *err)
{
    PGresult *answer = NULL;
    enum err_code code = ask_server(conn, prepared, &answer, ret_described, err);
    pg_tx_sent(conn);
    if (code == ERR_NONE && PQresultStatus(answer) != PGRES_COMMAND_OK)
        code = pg_fail_statement(conn, answer, sql, (size_t)(statement.at - sql.at), true, err);
    if (code == ERR_NONE && PQresultStatus(*ret_described) != PGRES_COMMAND_OK)
        code = pg_fail_statement(conn, *ret_described, sql, (size_t)(statement.at - sql.at), true, err);
    for (size_t i = 0; code == ERR_NONE && i < prepared->param_count; i++)
        prepared->param_types[i] = PQparamtype(*ret_described, (int)i); // those that were inferred
    PQclear(answer);
    return code;
}

enum err_code pg_prepared_explain(struct pg_conn *conn, const struct pg_prepared *prepared,
    const struct pg_params *params, PGresult **ret_plan, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, 2 * LIMIT_APP_FILE_BYTES);
    buf_printf(&sql, "EXPLAIN (COSTS OFF) %s", prepared->sql);
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    int sent = PQsendQueryParams(conn->link, sql.data, (int)prepared->param_count, prepared->param_types,
        params != NULL ? params->values : NULL, params != NULL ? params->lengths : NULL,
        params != NULL ? params->formats : NULL, 0);
    return pg_queued(conn, sent, (struct pg_item){.kind = PG_COMMAND, .keep = ret_plan}, err);
}

// --- queries of the driver's own

enum err_code pg_queue_once(struct pg_conn *conn, struct pg_once *once, const char *sql,
    const struct span *json, struct pg_item item, struct err *err)
{
    int count = json != NULL, format = 1, len = json != NULL ? (int)json->len : 0;
    const Oid type = PG_TYPE_JSON;
    const char *at = json != NULL ? json->at : NULL;
    enum err_code code = ERR_NONE;
    if (conn->is_pooled)
        return pg_queued(
            conn, PQsendQueryParams(conn->link, sql, count, &type, &at, &len, &format, 0), item, err);
    if (once->session != conn->session) {
        snprintf(once->name, sizeof(once->name), "s%u", ++conn->named);
        code = pg_queued(conn, PQsendPrepare(conn->link, once->name, sql, count, &type),
            (struct pg_item){.kind = item.kind == PG_CHECK ? PG_CHECK : PG_COMMAND, .once = once}, err);
        once->session = conn->session;
    }
    if (code != ERR_NONE)
        return code;
    return pg_queued(
        conn, PQsendQueryPrepared(conn->link, once->name, count, &at, &len, &format, 0), item, err);
}
