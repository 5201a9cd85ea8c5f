// SPDX-License-Identifier: Apache-2.0
// The schemas: one for the app, of its name, with its tables, the records of commits (tx.c) and the versions
// of tables (tracking.c); and "reckoner", one for all, with the helpers that endpoint files use. The first
// connection that needs them makes them under an advisory lock, and makes functions anew when their text has
// changed. The connection's thread.
//
// All are single SELECTs, which the planner puts into the statement that uses them; for distance_m that is so
// only with neither FROM nor STRICT, so that some of it is worked out twice, which is still far less than a
// call. It does what sqlite/distance.c does, step by step, so that both give the same double. Numbers that
// are next to nothing are 0 to both, as PostgreSQL refuses a product that is too small for a double. The
// list's items come from an array, as the planner takes one that it does not know to have ten.
#include "store/postgresql/schema.h"

#include <stdio.h>

#include <xxhash.h>

#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/exec.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/row_tracking.h"
#include "store/postgresql/session.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/tracking.h"
#include "text/search_words.h"
#include "text/sql_quote.h"

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

// A part of a day, with zeros in front; and what is null for days that SQLite has no text for.
#define PADDED(part, digits) "pg_catalog.lpad(CAST(EXTRACT(" part " FROM day) AS text), " digits ", '0')"
#define OF_CALENDAR(text)    "CASE WHEN day BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN " text " END"

// Names of the zones' database, in their case. PostgreSQL takes abbreviations, such as PST and CET, and
// rules, such as +05:00, for zones as well, but not behind a colon; and it is not particular about case. So
// the case is looked at here: most names are like Europe/Rome, and these are the others, of which no new ones
// are made. Localtime is like them, too, but it and right/Europe/Rome are files beside the zones. What may be
// none gets two colons, and is an error.
#define ODD_ZONES                                                                                            \
    "Africa/Dar_es_Salaam America/Argentina/ComodRivadavia America/Knox_IN "                                 \
    "America/Port-au-Prince America/Port_of_Spain Antarctica/DumontDUrville "                                \
    "Antarctica/McMurdo Australia/ACT Australia/LHI Australia/NSW Brazil/DeNoronha CET "                     \
    "CST6CDT Chile/EasterIsland EET EST EST5EDT Etc/GMT Etc/GMT+0 Etc/GMT+1 Etc/GMT+10 "                     \
    "Etc/GMT+11 Etc/GMT+12 Etc/GMT+2 Etc/GMT+3 Etc/GMT+4 Etc/GMT+5 Etc/GMT+6 Etc/GMT+7 "                     \
    "Etc/GMT+8 Etc/GMT+9 Etc/GMT-0 Etc/GMT-1 Etc/GMT-10 Etc/GMT-11 Etc/GMT-12 Etc/GMT-13 "                   \
    "Etc/GMT-14 Etc/GMT-2 Etc/GMT-3 Etc/GMT-4 Etc/GMT-5 Etc/GMT-6 Etc/GMT-7 Etc/GMT-8 "                      \
    "Etc/GMT-9 Etc/GMT0 Etc/UCT Etc/UTC Europe/Isle_of_Man GB GB-Eire GMT GMT+0 GMT-0 GMT0 "                 \
    "HST MET MST MST7MDT Mexico/BajaNorte Mexico/BajaSur NZ NZ-CHAT PRC PST8PDT ROC ROK UCT "                \
    "US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii "                      \
    "US/Indiana-Starke US/Michigan US/Mountain US/Pacific US/Samoa UTC W-SU WET"
#define IS_ODD(zone, all) "(" zone " = ANY (pg_catalog.string_to_array(" all ", ' ')))"
#define IS_FILE           "(pg_catalog.split_part(zone, '/', 1) = ANY ('{Localtime,Posix,Posixrules,Right}'))"
#define IS_ZONE                                                                                              \
    "(" IS_ODD(                                                                                              \
        "zone", "'" ODD_ZONES "'") " OR zone = pg_catalog.initcap(zone COLLATE \"C\")\n AND NOT " IS_FILE    \
                                   "\n AND NOT " IS_ODD("pg_catalog.lower(zone COLLATE \"C\")",              \
                                       "pg_catalog.lower('" ODD_ZONES "')") ")"
#define ZONE  "CASE WHEN " IS_ZONE "\n THEN ':' || zone ELSE '::' || zone END"
#define LOCAL "pg_catalog.timezone(" ZONE ", at)"

// What clocks show at a moment, as a type; null beside the calendar. The first branch is for nearly all.
#define SHOWN(type)                                                                                                   \
    "    SELECT CASE WHEN at >= TIMESTAMPTZ '0001-01-02 00:00:00+00' AND at < TIMESTAMPTZ '9999-12-31 00:00:00+00'\n" \
    "    THEN CAST(" LOCAL " AS " type ")\n"                                                                          \
    "    WHEN " LOCAL " >= TIMESTAMP '0001-01-01 00:00:00' AND " LOCAL                                                \
    " < TIMESTAMP '10000-01-01 00:00:00'\n"                                                                           \
    "    THEN CAST(" LOCAL " AS " type ") END;\n"

// The words of a text as search_words.h has them, without marks on letters, and their number in order.
#define SEPARATOR(first, last) "\\\\u" #first "-\\\\u" #last
#define SEPARATORS             "E'[" SEARCH_SEPARATORS(SEPARATOR) "\\\\U0001f000-\\\\U0001faff]+'"
#define MARKS                  "E'[\\\\u0300-\\\\u036f]+'"
#define PLAIN                                                                                                \
    "pg_catalog.lower(pg_catalog.regexp_replace(pg_catalog.normalize(words, 'NFD'), " MARKS ", '', 'g'))"
#define WORDS                                                                                                \
    " FROM (SELECT pg_catalog.left(part, 64) AS word, pg_catalog.row_number() OVER (ORDER BY n) AS place,\n" \
    "         pg_catalog.count(*) OVER () AS total\n"                                                        \
    "        FROM pg_catalog.regexp_split_to_table(" PLAIN ", " SEPARATORS ")\n"                             \
    "        WITH ORDINALITY AS parts (part, n) WHERE part <> '') AS found\n"
#define QUERY(end)                                                                                           \
    "    SELECT coalesce((SELECT pg_catalog.string_agg('''' || word || ''''" end                             \
    ", ' & ' ORDER BY place)" WORDS "        WHERE place <= 100), '')::pg_catalog.tsquery;\n"
#define ALL_WORDS  QUERY("")
#define BEGINNINGS QUERY(" || CASE WHEN place = LEAST(total, 100) THEN ':*' ELSE '' END")

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
    "        FROM pg_catalog.unnest(pg_catalog.string_to_array(items,\n"
    "            CASE WHEN pg_catalog.strpos(items, E'\\x1f') > 0 THEN E'\\x1f' ELSE ',' END)) AS part\n"
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
    "CREATE OR REPLACE FUNCTION reckoner.decimal_as(value numeric, places integer) RETURNS numeric\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT CASE WHEN pg_catalog.scale(pg_catalog.trim_scale(value)) <= places\n"
    "        AND pg_catalog.abs(value) < pg_catalog.power(10::numeric, 18 - places)\n"
    "    THEN pg_catalog.round(value, places)\n"
    "    ELSE CAST('decimal_of: ' || CAST(value AS text) || ' has more digits than it has room for' AS numeric) END;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_of(value numeric, places integer) RETURNS numeric\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT reckoner.decimal_as(value, places); END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_of(value text, places integer) RETURNS numeric\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT reckoner.decimal_as(CAST(value AS numeric), places);\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_round(value numeric, places_from integer, places_to integer)\n"
    "RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT pg_catalog.round(value, places_to);\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.month_of(day date) RETURNS text\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT " OF_CALENDAR(PADDED("year", "4") " || '-' || " PADDED("month",
        "2")) ";\n"
              "END;\n"
              "CREATE OR REPLACE FUNCTION reckoner.week_of(day date) RETURNS text\n"
              "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
              "    SELECT " OF_CALENDAR(PADDED("isoyear", "4") " || '-W' || " PADDED("week",
                  "2")) ";\n"
                        "END;\n"
                        "CREATE OR REPLACE FUNCTION reckoner.day_in(at timestamp with time zone, zone text) RETURNS date\n"
                        "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" SHOWN(
                            "date") "END;\n"
                                    "CREATE OR REPLACE FUNCTION reckoner.clock_in(at timestamp with time zone, zone text) RETURNS time\n"
                                    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" SHOWN(
                                        "time") "END;\n"
                                                "CREATE OR REPLACE FUNCTION reckoner.search_vector(words text) RETURNS tsvector\n"
                                                "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
                                                "    SELECT coalesce((SELECT pg_catalog.array_to_tsvector(pg_catalog.array_agg(DISTINCT word))\n" WORDS
                                                "        ), '');\n"
                                                "END;\n"
                                                "CREATE OR REPLACE FUNCTION reckoner.search_terms(words text) RETURNS tsquery\n"
                                                "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" ALL_WORDS
                                                "END;\n"
                                                "CREATE OR REPLACE FUNCTION reckoner.search_prefix(words text) RETURNS tsquery\n"
                                                "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" BEGINNINGS
                                                "END;\n"
                                                "GRANT USAGE ON SCHEMA reckoner TO PUBLIC;\n";

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

// The GRANTs that the role lacks to serve the app, but for those on the app's own tables: which of them its
// endpoints read and write is not known here. Where they are too many for the text of an error, one for all
// tables, without the right to make keys. $1: the app.
static const char missing_sql[] =
    "WITH lacking AS (SELECT rights, name"
    " FROM (VALUES ('reckoner_migrations', 'SELECT'), ('reckoner_loads', 'SELECT'), ('reckoner_notes', 'SELECT'),"
    " ('reckoner_jobs', 'SELECT, INSERT, UPDATE, DELETE'), ('reckoner_job_bodies', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_job_line', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_history', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_outbox', 'SELECT, INSERT, UPDATE, DELETE'), ('reckoner_files', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_reloads', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_quota', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_usage', 'SELECT, INSERT, UPDATE, DELETE'), ('reckoner_usage_nodes', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_batches', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_repeats', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_keys', 'SELECT'), ('reckoner_audit', 'SELECT'), ('reckoner_key_uses', 'SELECT, INSERT, UPDATE, DELETE'),"
    " ('reckoner_versions', 'SELECT'), ('reckoner_commits', 'SELECT, INSERT, UPDATE, DELETE')) AS own (name, rights)"
    " JOIN pg_catalog.pg_class c ON c.relname = name"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1::text"
    " WHERE NOT (SELECT pg_catalog.bool_and(pg_catalog.has_table_privilege(c.oid, right_))"
    " FROM pg_catalog.unnest(pg_catalog.string_to_array(rights, ', ')) AS right_)),"
    " needed AS (SELECT pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', $1::text, current_user) AS grant"
    " WHERE NOT pg_catalog.has_schema_privilege($1::text, 'USAGE')"
    " UNION ALL SELECT pg_catalog.format('GRANT TEMPORARY ON DATABASE %I TO %I',"
    " pg_catalog.current_database(), current_user)"
    " WHERE NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')),"
    " precise AS (SELECT pg_catalog.string_agg(needed.grant, '; ' ORDER BY needed.grant COLLATE \"C\") AS grants"
    " FROM (TABLE needed UNION ALL SELECT pg_catalog.format('GRANT %s ON %s TO %I', rights,"
    " pg_catalog.string_agg(pg_catalog.format('%I.%I', $1::text, name), ', ' ORDER BY name COLLATE \"C\"),"
    " current_user) FROM lacking GROUP BY rights) AS needed)"
    " SELECT CASE WHEN pg_catalog.octet_length(grants) > 400 THEN pg_catalog.concat_ws('; ',"
    " (SELECT pg_catalog.string_agg(needed.grant, '; ') FROM needed), pg_catalog.format("
    "'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', $1::text, current_user),"
    " (SELECT pg_catalog.format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %I', pg_catalog.string_agg("
    "pg_catalog.format('%I.%I', $1::text, name), ', ' ORDER BY name COLLATE \"C\"), current_user)"
    " FROM lacking WHERE name IN ('reckoner_keys', 'reckoner_audit') HAVING pg_catalog.count(*) > 0))"
    " ELSE grants END FROM precise";

// Finds out whether all is there that the role may not make, and whether it may use it.
static enum err_code check_guest(struct pg_conn *conn, const struct state *state, struct err *err)
{
    const char *const params[] = {conn->store->name};
    const char *user = PQuser(conn->link);
    PGresult *missing = NULL;
    if (!state->has_app || !state->has_helpers) {
        err_set(err, ERR_CONFIG, "another version of Reckoner has made the schema \"%s\" for the role %s",
            conn->store->name, state->owner);
        err_hint(err, "start this version once as that role");
        return ERR_CONFIG;
    }
    enum err_code code = pg_query(conn, missing_sql, 1, params, &missing, err);
    if (code == ERR_NONE && !PQgetisnull(missing, 0, 0))
        code = err_set(err, ERR_CONFIG, "the role %s lacks rights: %s", user, PQgetvalue(missing, 0, 0));
    PQclear(missing);
    return code;
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
    buf_append_str(&sql, helpers);
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
    checksum(span_of(helpers), wanted.helper_sum);
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
