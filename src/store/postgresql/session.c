// SPDX-License-Identifier: Apache-2.0
// The session behind a connection: made with the settings that keep a batch durable and a read predictable,
// noticed when it is lost, and made anew between two transactions. The connection's thread.
//
//     alive ──────────────────► lost ──────────────────► alive, of the next session
//            the link breaks          pg_revive, which waits ever longer after failures
//
// A pooler (pgbouncer in transaction mode) shows by giving out another process's number than the one that
// answers: then nothing is kept from one transaction to the next, as the next one may be another session's.
#include "store/postgresql/session.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/postgresql/breaker.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/error.h"
#include "store/postgresql/link.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/store.h"
#include "text/sql_quote.h"

enum { LOWEST_VERSION = 150000 };

// --- settings

struct setting {
    const char *name;
    const char *value;   // an SQL expression
    int mode;            // of the connections that it is for; -1: all
    bool is_session_one; // has no sense for a single transaction
};

// Predictable: texts of dates, intervals and bytes do not hang on the server's settings, and no statement is
// compiled anew in each run, which takes longer than nearly all of them run (jit). Bounded: a lock is waited
// for LIMIT_STORE_BUSY_MS, a statement whose client is gone ends, and so does a transaction whose client
// hangs. Durable: a commit is on disk; and no time limit of the role ends one that waits for a standby, as
// that would count as done.
static const struct setting settings[] = {
    {"timezone", "'UTC'", -1, false},
    {"datestyle", "'ISO, YMD'", -1, false},
    {"extra_float_digits", "'1'", -1, false},
    {"intervalstyle", "'postgres'", -1, false},
    {"bytea_output", "'hex'", -1, false},
    {"standard_conforming_strings", "'on'", -1, false},
    {"client_min_messages", "'error'", -1, false},
    {"jit", "'off'", -1, false},
    {"lock_timeout", "'5000'", -1, false}, // LIMIT_STORE_BUSY_MS
    {"idle_in_transaction_session_timeout", "'60000'", -1, false},
    {"client_connection_check_interval", "'5000'", -1, true},
    {"plan_cache_mode", "'force_generic_plan'", STORE_READ, false},
    {"default_transaction_isolation", "'repeatable read'", STORE_READ, true},
    {"default_transaction_read_only", "'on'", STORE_READ, true},
    {"statement_timeout", "'0'", STORE_WRITE, false},
    {"synchronous_commit",
        "CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
        " ELSE pg_catalog.current_setting('synchronous_commit') END",
        STORE_WRITE, false},
};

// Behind the app's schema and the helpers come the schemas of the role's own search_path, "public" mostly,
// where extensions are. Not those in which everybody may create: a function there that fits its arguments
// better would be called in the place of PostgreSQL's own (CVE-2018-1058). PostgreSQL's own schema stays the
// first.
static const char other_schemas[] =
    "(SELECT coalesce(pg_catalog.string_agg(', ' || pg_catalog.quote_ident(name), '' ORDER BY place), '')"
    " FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS schemas (name, place)"
    " WHERE NOT pg_catalog.starts_with(name, 'pg_')"
    " AND NOT pg_catalog.has_schema_privilege('public', name::text, 'CREATE'))";

static_assert(LIMIT_STORE_BUSY_MS == 5000, "lock_timeout is the same");

void pg_append_settings(struct pg_conn *conn, bool is_local, struct buf *sql)
{
    const char *scope = is_local ? "true" : "false";
    AUTO(buf_fini) struct buf path;
    buf_init(&path, LIMIT_APP_FILE_BYTES);
    sql_append_name(&path, span_of(conn->store->name));
    buf_append_str(&path, ", reckoner");
    buf_append_str(sql, "SELECT pg_catalog.set_config('search_path', ");
    sql_append_literal(sql, buf_span(&path));
    buf_printf(sql, " || %s, %s)", other_schemas, scope);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        bool is_meant = settings[i].mode == -1 || settings[i].mode == (int)conn->mode;
        if (is_meant && !(is_local && settings[i].is_session_one))
            buf_printf(
                sql, ", pg_catalog.set_config('%s', %s, %s)", settings[i].name, settings[i].value, scope);
    }
    if (is_local && conn->deadline_ns != 0) { // behind the deadline, which this side keeps
        uint64_t now_ns = clock_monotonic_ns();
        uint64_t left_ms = conn->deadline_ns > now_ns ? (conn->deadline_ns - now_ns) / NS_PER_MS : 0;
        buf_printf(sql, ", pg_catalog.set_config('statement_timeout', '%llu', true)",
            (unsigned long long)left_ms + 1000);
    }
    if (buf_status(&path) != ERR_NONE && sql->status == ERR_NONE)
        sql->status = buf_status(&path);
    buf_append_byte(sql, '\0');
}

// --- making a link

static enum err_code find_pooler(struct pg_conn *conn, struct err *err)
{
    PGresult *result = NULL;
    enum err_code code = pg_query(conn, pg_pid_sql, 0, NULL, &result, err);
    if (code == ERR_NONE)
        conn->is_pooled = pg_is_pooled(conn->link, result);
    PQclear(result);
    return code;
}

static enum err_code set_session(struct pg_conn *conn, struct err *err)
{
    PGresult *result = NULL;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    pg_append_settings(conn, false, &sql);
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = pg_query(conn, sql.data, 0, NULL, &result, err);
    PQclear(result);
    return code;
}

// A session that ends with a temporary table commits its removal. Where commits wait for a standby, that one
// does as well, and nothing ends its wait: a server whose standby is away could not be shut down.
static enum err_code find_standbys(struct pg_conn *conn, struct err *err)
{
    PGresult *result = NULL;
    enum err_code code = pg_query(
        conn, "SELECT pg_catalog.current_setting('synchronous_standby_names') = ''", 0, NULL, &result, err);
    conn->keeps_batch = code == ERR_NONE && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return code;
}

static enum err_code set_up(struct pg_conn *conn, struct err *err)
{
    int version = PQserverVersion(conn->link);
    if (version < LOWEST_VERSION)
        return err_set(
            err, ERR_CONFIG, "the store is PostgreSQL %d, and has to be 15 or newer", version / 10000);
    const char *encoding = PQparameterStatus(conn->link, "server_encoding");
    if (encoding != NULL && strcmp(encoding, "UTF8") != 0) {
        err_set(
            err, ERR_CONFIG, "the store's database has the encoding %.40s, and has to have UTF8", encoding);
        err_hint(err, "make it with createdb -T template0 -E UTF8");
        return ERR_CONFIG;
    }
    if (PQsetnonblocking(conn->link, 1) != 0 || PQenterPipelineMode(conn->link) == 0)
        return err_no_memory(err);
    pg_link_move(conn, PG_LINK_PIPELINED);
    uint64_t before_ns = conn->control_ns;
    conn->control_ns = clock_monotonic_ns() + LIMIT_STORE_CONNECT_MS * NS_PER_MS;
    enum err_code code = find_pooler(conn, err);
    if (code == ERR_NONE && !conn->is_pooled)
        code = set_session(conn, err);
    conn->keeps_batch = false;
    if (code == ERR_NONE && !conn->is_pooled && conn->mode == STORE_WRITE)
        code = find_standbys(conn, err);
    conn->control_ns = before_ns;
    return code;
}

enum err_code pg_session_make(struct pg_conn *conn, enum err_code unreachable, struct err *err)
{
    conn->link = pg_open_link(conn->store);
    if (conn->link == NULL)
        return err_no_memory(err);
    pg_link_move(conn, PG_LINK_OPENED);
    enum err_code code = ERR_NONE;
    if (PQstatus(conn->link) == CONNECTION_OK) {
        code = set_up(conn, err);
    } else {
        code = pg_fail_connect(conn->link, unreachable, err);
        if (PQconnectionNeedsPassword(conn->link))
            err_hint(err, "put the password into PGPASSWORD or ~/.pgpass");
    }
    if (code != ERR_NONE) {
        pg_lose(conn);
        return code;
    }
    conn->session++;
    conn->timeout_ms = 0;
    return ERR_NONE;
}

// --- losing it and making it anew

// Notices, without waiting, that the other side has closed the connection.
static void notice_loss(struct pg_conn *conn)
{
    if (conn->link_state != PG_LINK_PIPELINED || conn->count > 0)
        return;
    struct pollfd link = {.fd = PQsocket(conn->link), .events = POLLIN};
    while (poll(&link, 1, 0) > 0) { // a message first, then the end
        if (PQconsumeInput(conn->link) == 0) {
            pg_lose(conn);
            return;
        }
        (void)PQisBusy(conn->link); // reads the message
    }
}

enum err_code pg_revive(struct pg_conn *conn, struct err *err)
{
    if (conn->link != NULL)
        return ERR_NONE;
    if (conn->store->is_replica)
        return err_set(err, ERR_BUSY, "the connection to the replica was lost");
    bool is_trying = false;
    enum err_code code = pg_breaker_enter(&conn->store->breaker, &is_trying, err);
    if (code != ERR_NONE)
        return code;
    struct err cause = {0};
    code = pg_session_make(conn, ERR_BUSY, &cause);
    pg_breaker_leave(&conn->store->breaker, is_trying, code == ERR_NONE);
    if (code == ERR_NONE)
        return ERR_NONE;
    err_set(err, code, "the store cannot be reached at the moment: try again");
    err_hint(err, "%s", cause.text); // for the log: it names hosts
    return code;
}

// --- between transactions

enum err_code pg_session_ready(struct pg_conn *conn, struct err *err)
{
    struct err old = {0};
    if (conn->count > 0 && !pg_is_being_read(conn) && pg_drain(conn, &old) != ERR_NONE)
        old = (struct err){0}; // of what has ended; a loss shows below
    notice_loss(conn);
    return pg_revive(conn, err);
}

enum err_code pg_check_alive(struct pg_conn *conn, struct err *err)
{
    if (pg_tx_is_open(conn))
        return ERR_NONE;
    if (conn->tx == PG_TX_NONE)
        return pg_session_ready(conn, err);
    switch (conn->failure.code) {
    case ERR_TIMEOUT: // the fault of one statement: what else was in the transaction may be tried again
    case ERR_CONFLICT:
    case ERR_CONSTRAINT:
    case ERR_VALUE:
        return err_set(err, ERR_BUSY, "the transaction was rolled back with a statement that failed in it");
    case ERR_BUSY:
    case ERR_BEHIND:
        return err_pass(err, &conn->failure);
    default:
        return err_set(
            err, conn->failure.code, "the transaction was rolled back after an error of the store");
    }
}
