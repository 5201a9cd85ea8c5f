// SPDX-License-Identifier: Apache-2.0
// The version of each of the app's tables: a number in the table reckoner_versions, which a trigger raises in
// every transaction that writes to the table, whichever program runs it. The connection's thread.
//
//     reckoner_raise()  the trigger of the app's tables. It notes the table in reckoner_raised, and notifies
//                       the channel at the end of the transaction. It runs with the rights of its owner, as
//                       other roles may write to the table. It runs once a transaction: it keeps that it ran
//                       in a setting, one for each trigger, which ends with the transaction, and which a
//                       rollback to a savepoint takes back together with the note. A further setting holds
//                       the places (ctid) of all notes of the transaction
//     reckoner_count()  the trigger of the notes, deferred to the commit. It raises the versions of all the
//                       tables that the transaction has noted, in the order of their names, and removes the
//                       notes.
//                       So a version is locked for as long as a commit takes, not for as long as a
//                       transaction stays open, and two transactions that write to the same two tables cannot
//                       meet in a deadlock over versions. It finds notes by their places: so dead notes,
//                       which stay until the next vacuum, cost nothing, and under SERIALIZABLE no transaction
//                       reads where another one writes
//     reckoner_track()  puts the trigger on the app's tables that have none, when a writer connects and after
//                       each script. It raises the version of a table that gets its trigger, and, after a
//                       script that has changed something, the versions of all tables
//
// The version of a table without the triggers is below zero: the table belongs to a role that does not let us
// make them, or they were disabled. Writes to such a table are not counted, so a vector with such a version
// is never reached. Partitions count as the table that they are parts of. The version of a table that is
// dropped stays: another table of its name goes on from there.
//
// A vector is the contents of reckoner_versions as a JSON object. A transaction that has to see a vector
// begins with a query that fails where a version is lower than in the vector, or missing. The query is in the
// snapshot of all that follows in the transaction, so what it has found stays true there.
#include "store/postgresql/versions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include <xxhash.h>

#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/value.h"
#include "text/sql_quote.h"

void pg_channel(const struct pg_store *store, char ret_channel[PG_CHANNEL_CHARS])
{
    snprintf(ret_channel, PG_CHANNEL_CHARS, "reckoner_%016" PRIx64,
        (uint64_t)XXH3_64bits(store->name, strlen(store->name)));
}

// --- what is in the schema

static const char functions[] =
    "CREATE TABLE IF NOT EXISTS @.reckoner_versions (table_name text PRIMARY KEY, version bigint NOT NULL);\n"
    "CREATE TABLE IF NOT EXISTS @.reckoner_raised (table_name text NOT NULL);\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_count() RETURNS trigger\n"
    "LANGUAGE plpgsql SECURITY DEFINER SET search_path = @, pg_temp SET enable_seqscan = off AS $body$\n"
    "BEGIN\n"
    "    WITH raised AS (\n"
    "        DELETE FROM reckoner_raised WHERE ctid = NEW.ctid\n"
    "            OR ctid = ANY (string_to_array(current_setting('reckoner.notes_#', true), ' ')::tid[])\n"
    "        RETURNING table_name\n"
    "    )\n"
    "    INSERT INTO reckoner_versions AS v (table_name, version)\n"
    "    SELECT table_name, 1 FROM raised GROUP BY table_name ORDER BY table_name COLLATE \"C\"\n"
    "    ON CONFLICT (table_name) DO UPDATE\n"
    "    SET version = v.version + CASE WHEN v.version < 0 THEN -1 ELSE 1 END;\n"
    "    RETURN NULL;\n"
    "END $body$;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_raise() RETURNS trigger\n"
    "LANGUAGE plpgsql SECURITY DEFINER SET search_path = @, pg_temp AS $body$\n"
    "DECLARE\n"
    "    notes text := nullif(current_setting('reckoner.notes_#', true), '');\n"
    "    note tid;\n"
    "BEGIN\n"
    "    INSERT INTO reckoner_raised (table_name)\n"
    "    SELECT relname FROM pg_class WHERE oid = coalesce(pg_partition_root(TG_RELID)::oid, TG_RELID)\n"
    "    RETURNING ctid INTO note;\n"
    "    PERFORM pg_notify('#', ''), set_config(TG_ARGV[0], 'yes', true),\n"
    "        set_config('reckoner.notes_#', concat_ws(' ', notes, note), true);\n"
    "    RETURN NULL;\n"
    "END $body$;\n"
    "REVOKE ALL ON FUNCTION @.reckoner_count(), @.reckoner_raise() FROM PUBLIC;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_track() RETURNS void\n"
    "LANGUAGE plpgsql SET search_path = @, pg_temp AS $body$\n"
    "DECLARE\n"
    "    has_changed boolean := pg_current_xact_id_if_assigned() IS NOT NULL;\n"
    "    schema oid := oid FROM pg_namespace WHERE nspname = current_schema();\n"
    "    added oid[];\n"
    "    target oid;\n"
    "    raised text;\n"
    "    is_counted boolean;\n"
    "BEGIN\n"
    "    IF NOT EXISTS (SELECT FROM pg_trigger\n"
    "            WHERE tgrelid = 'reckoner_raised'::regclass AND tgname = 'reckoner_count') THEN\n"
    "        CREATE CONSTRAINT TRIGGER reckoner_count AFTER INSERT ON reckoner_raised\n"
    "            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reckoner_count();\n"
    "    END IF;\n"
    "    is_counted := tgenabled IN ('O', 'A') FROM pg_trigger\n"
    "        WHERE tgrelid = 'reckoner_raised'::regclass AND tgname = 'reckoner_count';\n"
    "    SELECT array_agg(c.oid) INTO added FROM pg_class c\n"
    "    WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p')\n"
    "        AND c.relname NOT IN " PG_OWN_TABLES " AND has_table_privilege(c.oid, 'TRIGGER')\n"
    "        AND NOT EXISTS (SELECT FROM pg_trigger t\n"
    "            WHERE t.tgrelid = c.oid AND t.tgname = 'reckoner_raise');\n"
    "    FOREACH target IN ARRAY coalesce(added, '{}') LOOP\n"
    "        raised := 'reckoner.raised_' || replace(gen_random_uuid()::text, '-', '');\n"
    "        EXECUTE format('CREATE TRIGGER reckoner_raise AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s'\n"
    "            ' FOR EACH STATEMENT WHEN (current_setting(%L, true) IS DISTINCT FROM ''yes'')'\n"
    "            ' EXECUTE FUNCTION reckoner_raise(%L)', target::regclass, raised, raised);\n"
    "    END LOOP;\n"
    "    INSERT INTO reckoner_versions AS v (table_name, version)\n"
    "    SELECT root.relname, CASE WHEN is_counted AND bool_and(t.tgname IS NOT NULL) THEN 1 ELSE -1 END\n"
    "    FROM pg_class c\n"
    "    JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)\n"
    "    LEFT JOIN pg_trigger t\n"
    "        ON t.tgrelid = c.oid AND t.tgname = 'reckoner_raise' AND t.tgenabled IN ('O', 'A')\n"
    "    LEFT JOIN reckoner_versions old ON old.table_name = root.relname\n"
    "    WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p')\n"
    "        AND c.relname NOT IN " PG_OWN_TABLES "\n"
    "    GROUP BY root.relname, old.version\n"
    "    HAVING has_changed OR old.version IS NULL OR bool_or(c.oid = ANY (added))\n"
    "        OR (old.version > 0) <> (is_counted AND bool_and(t.tgname IS NOT NULL))\n"
    "    ORDER BY root.relname COLLATE \"C\"\n"
    "    ON CONFLICT (table_name) DO UPDATE SET version = excluded.version * (abs(v.version) + 1);\n"
    "    IF FOUND THEN\n"
    "        PERFORM pg_notify('#', '');\n"
    "    END IF;\n"
    "END $body$;\n";

void pg_append_versions(const struct pg_store *store, struct buf *sql)
{
    char channel[PG_CHANNEL_CHARS];
    pg_channel(store, channel);
    for (const char *at = functions; *at != '\0'; at++) {
        if (*at == '@')
            sql_append_name(sql, span_of(store->name));
        else if (*at == '#')
            buf_append_str(sql, channel);
        else
            buf_append_byte(sql, *at);
    }
}

// --- vectors

static const char vector_sql[] =
    "SELECT coalesce(pg_catalog.json_object_agg(table_name, version), '{}') FROM reckoner_versions";

// Fails with 22012 (division by zero), so that the server does not run what follows in the pipeline.
static const char check_sql[] =
    "SELECT 1 / (NOT EXISTS (SELECT FROM pg_catalog.json_each_text($1) AS vector (name, version)"
    " LEFT JOIN reckoner_versions AS v ON v.table_name = vector.name"
    " WHERE vector.version::bigint < 0 OR (v.version >= vector.version::bigint) IS NOT TRUE))::integer";

enum err_code pg_versions_read(struct store_conn *base, struct buf *vector, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    PGresult *result = NULL;
    enum err_code code = pg_begin(base, err); // for the sake of a pooler: it keeps to one server meanwhile
    if (code != ERR_NONE)
        return code;
    pg_tx_sent(conn);
    pg_last(base);
    code = pg_queue_own(
        conn, &conn->vector, vector_sql, NULL, (struct pg_item){.kind = PG_COMMAND, .keep = &result}, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &result, err);
    if (code == ERR_NONE && buf_append_str(vector, PQgetvalue(result, 0, 0)) != ERR_NONE)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        conn->vector.session = 0;
    PQclear(result);
    pg_rollback(base);
    return code;
}

enum err_code pg_begin_at(struct store_conn *base, struct span vector, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    enum err_code code = pg_begin(base, err);
    if (code != ERR_NONE || vector.len == 0)
        return code;
    pg_tx_sent(conn);
    code = pg_queue_own(conn, &conn->check, check_sql, &vector, (struct pg_item){.kind = PG_CHECK}, err);
    // Has the server send the answer now, before it runs the statements that follow. pgbouncer is told to
    // flush by a sync alone.
    if (code == ERR_NONE && !conn->is_pooled && PQsendFlushRequest(conn->link) == 0)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        pg_rollback(base);
    return code;
}
