// SPDX-License-Identifier: Apache-2.0
// The schemas: one for the app, of its name, with its tables and the records of commits (postgresql_tx.c);
// and "reckoner", one for all, with the helpers that endpoint files use. Made under an advisory lock by the
// first connection that needs them, and the helpers made anew when their text has changed. The connection's
// thread.
//
// All are single SELECTs, which the planner puts into the statement that uses them; for distance_m that is so
// only with neither FROM nor STRICT, so that some of it is worked out twice, which is still far less than a
// call. It does what src/store/sqlite_distance.c does, step by step, so that both give the same double.
// Numbers that are next to nothing are 0 to both, as PostgreSQL refuses a product that is too small for a
// double. The list's items come from an array, as the planner takes one that it does not know to have ten.
#include <stdio.h>

#include <xxhash.h>

#include "store/postgresql.h"

// Of half an angle in degrees; and the two sides of the triangle that distance_m is made of.
#define RADIANS         "0.017453292519943295::double precision"
#define HALF(of, angle) "pg_catalog." of "((" angle ") * " RADIANS " / 2)"
#define SQUARE(x)       "(" x " * " x ")"
#define ACROSS          "pg_catalog.cos(lat1 * " RADIANS ") * pg_catalog.cos(lat2 * " RADIANS ")"
#define NEAR            SQUARE(HALF("sin", "lat2 - lat1")) " + " ACROSS " * " SQUARE(HALF("sin", "lng2 - lng1"))
#define FAR             SQUARE(HALF("sin", "lat2 + lat1")) " + " ACROSS " * " SQUARE(HALF("cos", "lng2 - lng1"))
#define DISTANCE        "12742000 * pg_catalog.atan2(pg_catalog.sqrt(" NEAR "),\n pg_catalog.sqrt(" FAR "))"

#define TINY           "1e-100::double precision" // degrees
#define OR_ZERO(name)  "CASE WHEN pg_catalog.abs(" name ") < " TINY " THEN 0 ELSE " name " END AS " name
#define POINTS_OR_ZERO OR_ZERO("lat1") ", " OR_ZERO("lng1") ", " OR_ZERO("lat2") ", " OR_ZERO("lng2")
#define SIZE(name)     "pg_catalog.abs(NULLIF(" name ", 0))"
#define SMALLEST       "LEAST(" SIZE("lat1") ", " SIZE("lng1") ", " SIZE("lat2") ", " SIZE("lng2") ", 1)"
#define POINTS                                                                                               \
    "(lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision)\n"

static const char helpers[] =
    "CREATE SCHEMA IF NOT EXISTS reckoner;\n"
    "CREATE OR REPLACE FUNCTION reckoner.calendar(date_from date, date_to date) RETURNS TABLE (day date)\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 366 BEGIN ATOMIC\n"
    "    SELECT date_from + n FROM pg_catalog.generate_series(0, date_to - date_from) AS n;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.list(items text) RETURNS TABLE (value text)\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 BEGIN ATOMIC\n"
    "    SELECT item FROM (\n"
    "        SELECT pg_catalog.btrim(part, E' \\t') AS item\n"
    "        FROM pg_catalog.unnest(pg_catalog.string_to_array(items, ',')) AS part\n"
    "    ) AS trimmed\n"
    "    WHERE item <> '';\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.distance_from_zero_m" POINTS
    "RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT " DISTANCE " FROM (SELECT " POINTS_OR_ZERO ") AS points;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.distance_m" POINTS
    "RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT CASE WHEN " SMALLEST " >= " TINY " THEN " DISTANCE "\n"
    "    ELSE reckoner.distance_from_zero_m(lat1, lng1, lat2, lng2) END;\n"
    "END;\n"
    "GRANT USAGE ON SCHEMA reckoner TO PUBLIC;\n";

enum { SUM_CHARS = 17 };

static void checksum(char sum[SUM_CHARS])
{
    snprintf(sum, SUM_CHARS, "%016llx", (unsigned long long)XXH3_64bits(helpers, sizeof(helpers) - 1));
}

struct state {
    bool has_app;     // the app's schema, with the table of records
    bool has_helpers; // as they are now
};

static enum err_code look(struct pg_conn *conn, const char *sum, struct state *ret_state, struct err *err)
{
    const char *const params[] = {conn->store->name, sum};
    PGresult *result = NULL;
    enum err_code code = pg_command_with(conn,
        "SELECT pg_catalog.to_regclass(pg_catalog.quote_ident($1) || '.reckoner_commits') IS NOT NULL,"
        " coalesce(pg_catalog.obj_description(pg_catalog.to_regnamespace('reckoner'), 'pg_namespace')"
        " = 'helpers ' || $2, false)",
        2, params, &result, err);
    if (code == ERR_NONE)
        code = pg_drain(conn, err);
    if (code == ERR_NONE && PQresultStatus(result) != PGRES_TUPLES_OK)
        code = pg_fail(conn, result, err);
    if (code == ERR_NONE)
        *ret_state = (struct state){
            .has_app = PQgetvalue(result, 0, 0)[0] == 't', .has_helpers = PQgetvalue(result, 0, 1)[0] == 't'};
    PQclear(result);
    return code;
}

static enum err_code run(struct pg_conn *conn, const struct buf *sql, struct err *err)
{
    if (buf_status(sql) != ERR_NONE)
        return err_no_memory(err);
    return pg_exec(&conn->base, buf_span(sql), err);
}

// In a transaction.
static enum err_code make_helpers(struct pg_conn *conn, const char *sum, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    enum err_code code = pg_command(
        conn, "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('reckoner', 0))", err);
    buf_append_str(&sql, helpers);
    buf_printf(&sql, "COMMENT ON SCHEMA reckoner IS 'helpers %s'", sum);
    return code == ERR_NONE ? run(conn, &sql, err) : code;
}

static enum err_code make_app(struct pg_conn *conn, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    PGresult *result = NULL;
    const char *const params[] = {conn->store->name};
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    // A role without the right to make schemas may not even say IF NOT EXISTS of one that is there.
    enum err_code code = pg_command_with(conn,
        "SELECT pg_catalog.to_regnamespace(pg_catalog.quote_ident($1)) IS NOT NULL", 1, params, &result, err);
    if (code == ERR_NONE)
        code = pg_drain(conn, err);
    if (code == ERR_NONE && PQresultStatus(result) != PGRES_TUPLES_OK)
        code = pg_fail(conn, result, err);
    bool is_there = code == ERR_NONE && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (code != ERR_NONE)
        return code;
    if (!is_there) {
        buf_append_str(&sql, "CREATE SCHEMA IF NOT EXISTS ");
        pg_append_name(&sql, span_of(conn->store->name));
        buf_append_str(&sql, ";\n");
    }
    buf_append_str(&sql, "CREATE TABLE IF NOT EXISTS ");
    pg_append_name(&sql, span_of(conn->store->name));
    buf_append_str(&sql, ".reckoner_commits (id uuid PRIMARY KEY,"
                         " committed_at timestamp with time zone NOT NULL DEFAULT pg_catalog.now())");
    return run(conn, &sql, err);
}

// Records of processes that are gone: nobody asks for them any more.
static enum err_code remove_old_records(struct pg_conn *conn, struct err *err)
{
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "DELETE FROM ");
    pg_append_name(&sql, span_of(conn->store->name));
    buf_append_str(&sql, ".reckoner_commits WHERE committed_at < pg_catalog.now() - interval '1 day'");
    return run(conn, &sql, err);
}

enum err_code pg_schema_make(struct pg_conn *conn, struct err *err)
{
    char sum[SUM_CHARS];
    struct state state;
    struct err cause = {0};
    checksum(sum);
    enum err_code code = look(conn, sum, &state, err);
    if (code != ERR_NONE)
        return code;
    code = pg_begin(&conn->base, &cause);
    if (code == ERR_NONE && !state.has_helpers)
        code = make_helpers(conn, sum, &cause);
    if (code == ERR_NONE)
        code = state.has_app ? remove_old_records(conn, &cause) : make_app(conn, &cause);
    conn->has_written = false; // of which no record is needed, and before all is there, none is possible
    if (code == ERR_NONE)
        code = pg_commit(&conn->base, &cause);
    pg_rollback(&conn->base); // nothing, when it was committed
    if (code == ERR_NONE)
        return ERR_NONE;
    if (code == ERR_NO_MEMORY)
        return err_no_memory(err);
    err_set(err, code, "the schema of the app could not be made: %s", cause.text);
    if (code == ERR_CONFIG)
        err_hint(err, "the role needs the right CREATE on the database, once");
    return code;
}

void pg_schema_drop(struct pg_conn *conn)
{
    struct err ignored = {0};
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    buf_append_str(&sql, "DROP SCHEMA ");
    pg_append_name(&sql, span_of(conn->store->name));
    buf_append_str(&sql, " CASCADE");
    pg_rollback(&conn->base);
    pg_deadline(&conn->base, 0);
    enum err_code code = pg_begin(&conn->base, &ignored);
    if (code == ERR_NONE)
        code = run(conn, &sql, &ignored);
    conn->has_written = false; // the record would be in the schema
    if (code == ERR_NONE)
        code = pg_commit(&conn->base, &ignored);
    if (code != ERR_NONE)
        pg_rollback(&conn->base);
}
