// SPDX-License-Identifier: Apache-2.0
// A role that serves what another one has made, and may make nothing itself: which rights it lacks. The
// connection's thread.
#include "store/postgresql/guest.h"

#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/store.h"

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

enum err_code pg_guest_check(struct pg_conn *conn, struct err *err)
{
    const char *const params[] = {conn->store->name};
    PGresult *missing = NULL;
    enum err_code code = pg_query(conn, missing_sql, 1, params, &missing, err);
    if (code == ERR_NONE && !PQgetisnull(missing, 0, 0))
        code = err_set(
            err, ERR_CONFIG, "the role %s lacks rights: %s", PQuser(conn->link), PQgetvalue(missing, 0, 0));
    PQclear(missing);
    return code;
}
