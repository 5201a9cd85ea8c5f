// SPDX-License-Identifier: Apache-2.0
// pg_restore makes all of the schema in one transaction. A schema that holds something gets another name
// first; where pg_restore fails it gets its own back. Nothing is dropped. One thread.
//
// Who serves the store is found among the database's sessions, by the name that each of Reckoner's gives
// itself (link.c).
#include "store/postgresql/restore.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/postgresql/dump.h"
#include "store/postgresql/link.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tool.h"
#include "text/sql_quote.h"
#include "text/timestamp.h"

enum { NAMES_BYTES = 1 << 20, SQL_BYTES = 1024, ASIDE_CHARS = 64 };

// --- questions on a link of their own, which waits

static enum err_code ask(
    PGconn *link, const char *sql, const char *param, PGresult **ret_result, struct err *err)
{
    *ret_result = PQexecParams(link, sql, param != NULL ? 1 : 0, NULL, &param, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(*ret_result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return ERR_NONE;
    const char *words = PQerrorMessage(link);
    PQclear(*ret_result);
    *ret_result = NULL;
    return err_set(err, ERR_STORE, "%.*s", (int)strcspn(words, "\n"), words);
}

static enum err_code check_sessions(PGconn *link, const char *name, struct err *err)
{
    char session[PG_SESSION_NAME_CHARS];
    PGresult *result;
    pg_session_name(name, session);
    enum err_code code = ask(link,
        "SELECT pid, coalesce(client_addr::text, 'its own machine') FROM pg_catalog.pg_stat_activity"
        " WHERE datname = pg_catalog.current_database() AND application_name = $1"
        " AND pid <> pg_catalog.pg_backend_pid() LIMIT 1",
        session, &result, err);
    if (code == ERR_NONE && PQntuples(result) > 0) {
        code = err_set(err, ERR_BUSY, "the store is open: PostgreSQL's session %s is Reckoner's, from %s",
            PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
        err_hint(err, "end all servers that serve it, and try again");
    }
    PQclear(result);
    return code;
}

static enum err_code look_at_schema(
    PGconn *link, const char *name, bool *ret_is_there, bool *ret_holds, struct err *err)
{
    PGresult *result;
    enum err_code code = ask(link,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)"
        " FROM pg_catalog.pg_namespace n WHERE n.nspname = $1",
        name, &result, err);
    if (code != ERR_NONE)
        return code;
    *ret_is_there = PQntuples(result) > 0;
    *ret_holds = *ret_is_there && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return ERR_NONE;
}

static enum err_code change_schema(
    PGconn *link, const char *what, const char *name, const char *to, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, SQL_BYTES);
    PGresult *result = NULL;
    buf_printf(&sql, "%s SCHEMA ", what);
    sql_append_name(&sql, span_of(name));
    if (to != NULL) {
        buf_append_str(&sql, " RENAME TO ");
        sql_append_name(&sql, span_of(to));
    }
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = ask(link, sql.data, NULL, &result, err);
    PQclear(result);
    return code;
}

// --- the archive

static enum err_code check_archive(
    const char *path, const char *name, struct backup_check *check, struct err *err)
{
    AUTO(buf_fini) struct buf names;
    buf_init(&names, NAMES_BYTES);
    enum err_code code = pg_dump_check(NULL, path, check, err);
    if (code == ERR_NONE && check->faults == 0)
        code = pg_dump_schemas(path, check->stop, &names, err);
    if (code != ERR_NONE)
        return code;
    if (check->faults > 0) {
        err_set(err, ERR_CONFIG, "%.300s: is not fit to be restored: nothing was changed", path);
        err_hint(err, "take an older backup");
        return ERR_CONFIG;
    }
    struct span rest = buf_span(&names), of = span_split(&rest, '\n');
    if (span_is(of, name))
        return ERR_NONE;
    err_set(err, ERR_CONFIG, "%.300s: is a backup of the app %.*s, and not of %s: nothing was changed", path,
        (int)of.len, of.len > 0 ? of.at : "", name);
    err_hint(err, "an app has the name of its folder");
    return ERR_CONFIG;
}

// As text behind a keyword of a connection string.
static void append_quoted(struct buf *to, const char *text)
{
    buf_append_byte(to, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            buf_append_byte(to, '\\');
        buf_append_byte(to, *text);
    }
    buf_append_byte(to, '\'');
}

static enum err_code run_restore(
    PGconn *link, const char *url, const char *path, const atomic_bool *stop, struct err *err)
{
    AUTO(buf_fini) struct buf database;
    buf_init(&database, SQL_BYTES);
    buf_append_str(&database, "--dbname=dbname=");
    append_quoted(&database, PQdb(link));
    buf_append_byte(&database, '\0');
    if (buf_status(&database) != ERR_NONE)
        return err_no_memory(err);
    struct pg_tool tool = {
        .program = "pg_restore",
        .args = {"--single-transaction", "--exit-on-error", "--no-owner", "--no-password", database.data,
            path},
        .url = url,
        .stop = stop,
    };
    return pg_tool_run(&tool, err);
}

// --- the whole

// The schema of helpers is made with any other: with one that goes again.
static enum err_code make_helpers(struct store *store, struct err *err)
{
    const struct store_driver *driver = store->driver;
    struct store *scratch;
    struct store_conn *conn;
    enum err_code code = driver->scratch(store, &scratch, err);
    if (code != ERR_NONE)
        return code;
    code = driver->connect(scratch, STORE_WRITE, &conn, err);
    if (code == ERR_NONE)
        driver->disconnect(conn);
    driver->close(scratch);
    return code;
}

// Of at most 63 bytes, as names there are.
static void name_aside(const char *name, char aside[ASIDE_CHARS])
{
    char now[TIMESTAMP_CHARS];
    timestamp_format(clock_wall_ms() * 1000, false, now);
    int len = snprintf(aside, ASIDE_CHARS, "%.35s_before_", name);
    for (const char *at = now; *at != '\0' && len < ASIDE_CHARS - 1; at++) {
        if (*at != '-' && *at != ':' && *at != '.')
            aside[len++] = *at == 'T' ? '_' : *at == 'Z' ? 'z' : *at; // needs no quotes
    }
    aside[len] = '\0';
}

// Brings the archive back; what was there is moved aside to *aside first, unless that is NULL, and gets its
// name back where the archive does not come.
static enum err_code exchange(PGconn *link, const struct pg_store *store, const char *path,
    const atomic_bool *stop, struct buf *aside, struct err *err)
{
    char former[ASIDE_CHARS];
    name_aside(store->name, former);
    if (aside == NULL)
        return run_restore(link, store->url, path, stop, err);
    enum err_code code = change_schema(link, "ALTER", store->name, former, err);
    if (code != ERR_NONE)
        return code;
    code = run_restore(link, store->url, path, stop, err);
    struct err ignored = {0};
    if (code == ERR_NONE)
        buf_append_str(aside, former);
    else if (change_schema(link, "ALTER", former, store->name, &ignored) != ERR_NONE)
        err_hint(err, "what was there has the schema \"%s\" now", former);
    return code;
}

static enum err_code restore_on(PGconn *link, struct pg_store *store, const struct backup_target *to,
    const char *path, const atomic_bool *stop, struct err *err)
{
    bool is_there, holds;
    enum err_code code = check_sessions(link, store->name, err);
    if (code == ERR_NONE)
        code = look_at_schema(link, store->name, &is_there, &holds, err);
    if (code != ERR_NONE)
        return code;
    if (holds && !to->moves_aside) {
        err_set(err, ERR_CONFIG, "the schema \"%s\" holds something: nothing was changed", store->name);
        err_hint(err, "--force gives it another name, and then restores");
        return ERR_CONFIG;
    }
    code = make_helpers(&store->base, err);
    if (code == ERR_NONE && is_there && !holds) // pg_restore makes it, too
        code = change_schema(link, "DROP", store->name, NULL, err);
    return code == ERR_NONE ? exchange(link, store, path, stop, holds ? to->aside : NULL, err) : code;
}

static enum err_code restore_into(struct pg_store *store, const struct backup_target *to, const char *path,
    const atomic_bool *stop, struct err *err)
{
    PGconn *link = pg_open_link(store);
    if (link == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    const char *words = PQerrorMessage(link);
    if (PQstatus(link) == CONNECTION_OK)
        code = restore_on(link, store, to, path, stop, err);
    else
        code = err_set(err, ERR_IO, "PostgreSQL cannot be reached: %.*s", (int)strcspn(words, "\n"), words);
    PQfinish(link);
    return code;
}

enum err_code pg_restore(const struct store_driver *driver, const struct backup_target *to, const char *path,
    struct backup_check *check, struct err *err)
{
    struct store *store;
    enum err_code code = driver->open(to->url, to->name, &store, err);
    if (code != ERR_NONE)
        return code;
    code = check_archive(path, to->name, check, err);
    if (code == ERR_NONE)
        code = restore_into(pg_store(store), to, path, check->stop, err);
    driver->close(store);
    return code;
}
