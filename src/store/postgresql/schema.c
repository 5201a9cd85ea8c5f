// SPDX-License-Identifier: Apache-2.0
// The schemas: one for the app, of its name, with its tables, the records of commits (tx.c) and the versions
// of tables (tracking.c); and "reckoner", one for all, with the helpers that endpoint files use. The first
// connection that needs them makes them under an advisory lock, and makes functions anew when their text has
// changed. The connection's thread.
#include "store/postgresql/schema.h"

#include <stdio.h>

#include <xxhash.h>

#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/exec.h"
#include "store/postgresql/guest.h"
#include "store/postgresql/helpers.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/row_tracking.h"
#include "store/postgresql/session.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/tracking.h"
#include "text/sql_quote.h"

enum { SUM_CHARS = 17 };

static void checksum(struct span sql, char ret_sum[SUM_CHARS])
{
    snprintf(ret_sum, SUM_CHARS, "%016llx", (unsigned long long)XXH3_64bits(sql.at, sql.len));
}

// What the database has.
struct state {
    bool has_schema;  // of the app
    bool has_app;     // what is in it, as it is now
    bool has_helpers; // likewise
    bool is_guest;    // it was made by another role, with whose tables this one may do little
    char owner[80];   // that role
};

// What the database has to have.
struct wanted {
    struct span app;            // the script for what is in the app's schema
    char app_sum[SUM_CHARS];    // its checksum, which is kept as a comment
    char helper_sum[SUM_CHARS]; // that of the helpers
};

static enum err_code look(
    struct pg_conn *conn, const struct wanted *wanted, struct state *ret_state, struct err *err)
{
    const char *const params[] = {conn->store->name, wanted->app_sum, wanted->helper_sum};
    PGresult *result = NULL;
    enum err_code code = pg_query(conn,
        "SELECT n.oid IS NOT NULL,"
        " coalesce(pg_catalog.obj_description(c.oid, 'pg_class') = 'made by ' || $2, false),"
        " coalesce(pg_catalog.obj_description(pg_catalog.to_regnamespace('reckoner'), 'pg_namespace')"
        " = 'helpers ' || $3, false),"
        " c.oid IS NOT NULL AND NOT (pg_catalog.pg_has_role(c.relowner, 'USAGE')"
        " AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')), pg_catalog.pg_get_userbyid(c.relowner)"
        " FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1"
        " LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'reckoner_versions'",
        3, params, &result, err);
    if (code == ERR_NONE)
        *ret_state = (struct state){.has_schema = PQgetvalue(result, 0, 0)[0] == 't',
            .has_app = PQgetvalue(result, 0, 1)[0] == 't',
            .has_helpers = PQgetvalue(result, 0, 2)[0] == 't',
            .is_guest = PQgetvalue(result, 0, 3)[0] == 't'};
    if (code == ERR_NONE)
        snprintf(ret_state->owner, sizeof(ret_state->owner), "%s", PQgetvalue(result, 0, 4));
    PQclear(result);
    return code;
}

// --- as a guest

// Finds out whether all is there that the role may not make, and whether it may use it.
static enum err_code check_guest(struct pg_conn *conn, const struct state *state, struct err *err)
{
    if (state->has_app && state->has_helpers)
        return pg_guest_check(conn, err);
    err_set(err, ERR_CONFIG, "another version of Reckoner has made the schema \"%s\" for the role %s",
        conn->store->name, state->owner);
    err_hint(err, "start this version once as that role");
    return ERR_CONFIG;
}

enum err_code pg_has_table(struct store_conn *base, const char *name, bool *ret_has_table, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    const char *const params[] = {conn->store->name, name};
    PGresult *result = NULL;
    enum err_code code = pg_check_alive(conn, err);
    pg_tx_sent(conn);
    if (code == ERR_NONE)
        code = pg_query(conn,
            "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = $1 AND c.relname = $2",
            2, params, &result, err);
    if (code == ERR_NONE)
        *ret_has_table = PQntuples(result) > 0;
    PQclear(result);
    return code;
}

// --- making them

static enum err_code run(struct pg_conn *conn, const struct buf *sql, struct err *err)
{
    if (buf_status(sql) != ERR_NONE)
        return err_no_memory(err);
    return pg_script(conn, buf_span(sql), err);
}

// In a transaction.
static enum err_code make_helpers(struct pg_conn *conn, const char *sum, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    enum err_code code = pg_command(
        conn, "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('reckoner', 0))", err);
    buf_append_str(&sql, pg_helpers);
    buf_printf(&sql, "COMMENT ON SCHEMA reckoner IS 'helpers %s'", sum);
    return code == ERR_NONE ? run(conn, &sql, err) : code;
}

static void append_app(const struct pg_store *store, struct buf *sql)
{
    buf_append_str(sql, "CREATE TABLE IF NOT EXISTS ");
    sql_append_name(sql, span_of(store->name));
    buf_append_str(sql, ".reckoner_commits (id uuid PRIMARY KEY,"
                        " committed_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now());\n");
    pg_append_row_tracking(store, sql);
    pg_append_tracking(store, sql);
}

static enum err_code make_app(
    struct pg_conn *conn, const struct wanted *wanted, bool has_schema, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    if (!has_schema) { // a role that may not make one may not even say IF NOT EXISTS of one that is there
        buf_append_str(&sql, "CREATE SCHEMA IF NOT EXISTS ");
        sql_append_name(&sql, span_of(conn->store->name));
        buf_append_str(&sql, ";\n");
    }
    buf_append(&sql, wanted->app.at, wanted->app.len);
    buf_append_str(&sql, "COMMENT ON TABLE ");
    sql_append_name(&sql, span_of(conn->store->name));
    buf_printf(&sql, ".reckoner_versions IS 'made by %s'", wanted->app_sum);
    return run(conn, &sql, err);
}

// Removes the records of processes that are gone, and so ask for none.
static enum err_code remove_old_records(struct pg_conn *conn, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "DELETE FROM ");
    sql_append_name(&sql, span_of(conn->store->name));
    buf_append_str(&sql, ".reckoner_commits WHERE committed_at < pg_catalog.now() - interval '1 day'");
    return run(conn, &sql, err);
}

// In a transaction.
static enum err_code make_all(
    struct pg_conn *conn, const struct wanted *wanted, const struct state *state, struct err *err)
{
    enum err_code code = state->has_app ? ERR_NONE : make_app(conn, wanted, state->has_schema, err);
    if (code == ERR_NONE && !state->has_helpers)
        code = make_helpers(conn, wanted->helper_sum, err);
    if (code == ERR_NONE) // of tables that were made by hand
        code = pg_script(conn, span_of("SELECT reckoner_track()"), err);
    if (code == ERR_NONE)
        code = remove_old_records(conn, err);
    return code;
}

// What to do about an error that the files of the app have no part in.
static void hint_at_rights(const struct pg_conn *conn, struct err *err)
{
    if (err != NULL && (err->code == ERR_CONFIG || err->code == ERR_STORE)) // ERR_STORE: it may not even look
        err_hint(err,
            "the role needs the right CREATE on the database, once;"
            " a schema \"%s\" or \"reckoner\" that is there already has to be its own",
            conn->store->name);
}

enum err_code pg_schema_make(struct pg_conn *conn, struct err *err)
{
    struct wanted wanted;
    struct state state;
    struct err cause = {0};
    AUTO(buf_fini) struct buf app;
    buf_init(&app, LIMIT_APP_FILE_BYTES);
    append_app(conn->store, &app);
    if (buf_status(&app) != ERR_NONE)
        return err_no_memory(err);
    wanted.app = buf_span(&app);
    checksum(wanted.app, wanted.app_sum);
    checksum(span_of(pg_helpers), wanted.helper_sum);
    enum err_code code = look(conn, &wanted, &state, &cause);
    if (code == ERR_NONE && state.is_guest)
        return check_guest(conn, &state, err);
    if (code == ERR_NONE)
        code = pg_begin(&conn->base, &cause);
    if (code == ERR_NONE)
        code = make_all(conn, &wanted, &state, &cause);
    conn->has_written = false; // of which no record is needed, and before all is there, none is possible
    if (code == ERR_NONE)
        code = pg_commit(&conn->base, &cause);
    pg_rollback(&conn->base); // nothing, when it was committed
    if (code == ERR_NONE)
        return ERR_NONE;
    if (code == ERR_NO_MEMORY)
        return err_no_memory(err);
    err_set(err, code, "the schema of the app could not be made: %s", cause.text);
    hint_at_rights(conn, err);
    return code;
}

enum err_code pg_schema_empty(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "DROP SCHEMA ");
    sql_append_name(&sql, span_of(conn->store->name));
    buf_append_str(&sql, " CASCADE");
    enum err_code code = run(conn, &sql, err);
    conn->has_written = false; // the record of the commit would be in the schema
    return code;
}

void pg_schema_drop(struct pg_conn *conn)
{
    struct err ignored = {0};
    pg_rollback(&conn->base);
    pg_deadline(&conn->base, 0);
    enum err_code code = pg_begin(&conn->base, &ignored);
    if (code == ERR_NONE)
        code = pg_schema_empty(&conn->base, &ignored);
    if (code == ERR_NONE)
        code = pg_commit(&conn->base, &ignored);
    if (code != ERR_NONE)
        pg_rollback(&conn->base);
}
