// SPDX-License-Identifier: Apache-2.0
// How far each table of the app has come: a number in reckoner_versions, which a trigger on the table raises
// in every transaction that writes to it, whoever runs it. The connection's thread.
//
//     reckoner_raise()  the trigger, run with the rights of its owner, as other roles may write to the table:
//                       notes the table in reckoner_raised, and notifies at the transaction's end. That it
//                       has is kept in a setting, another one for each trigger, that ends with the
//                       transaction and goes back with a savepoint as the note does; while it is there, the
//                       trigger is not run again. Another one has the places of all notes of the transaction
//     reckoner_count()  the trigger of the notes, deferred to the commit: raises the versions of all tables
//                       that the transaction has noted, in the order of their names, and removes the notes.
//                       So a version is locked for as long as a commit takes, not for as long as somebody
//                       leaves his transaction open, and two that have written to two tables do not meet in a
//                       deadlock over them. Notes are found by their places: what others have left there
//                       until the next vacuum costs nothing, and under SERIALIZABLE nobody has read where
//                       others write
//     reckoner_track()  puts the triggers on tables that have none; run when a writer connects, and behind
//                       each script. A table is as good as written to when it gets its trigger, and so are
//                       all tables by a script that has changed something
//
// A version below zero is that of a table without the triggers: it belongs to a role that does not let us, or
// somebody has switched one off. Nobody knows what becomes of such a table, so no mark that has one is ever
// reached. Partitions count as the table that they are parts of. The version of a table that is gone stays:
// another one of its name goes on from there.
//
// A mark is the table reckoner_versions as a JSON object. A transaction that must include one begins with a
// query that fails where a version is lower, or not there. It is in the snapshot of all that follows, so what
// it has found stays true.
#include "store/postgresql/versions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include <xxhash.h>

#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
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

// --- marks

static const char mark_sql[] =
    "SELECT coalesce(pg_catalog.json_object_agg(table_name, version), '{}') FROM reckoner_versions";

// Fails with 22012 (division by zero), so that what is behind it in the pipeline is not run.
static const char check_sql[] =
    "SELECT 1 / (NOT EXISTS (SELECT FROM pg_catalog.json_each_text($1) AS mark (name, version)"
    " LEFT JOIN reckoner_versions AS v ON v.table_name = mark.name"
    " WHERE mark.version::bigint < 0 OR (v.version >= mark.version::bigint) IS NOT TRUE))::integer";

// Queues a query of ours that is prepared once in a session; `param` is $1, a JSON; NULL: it has none.
static enum err_code queue_own(struct pg_conn *conn, struct pg_own *own, const char *sql,
    const struct span *param, enum pg_kind kind, PGresult **keep, struct err *err)
{
    int count = param != NULL, format = 1, len = param != NULL ? (int)param->len : 0;
    const Oid type = PG_TYPE_JSON;
    const char *at = param != NULL ? param->at : NULL;
    enum err_code code = ERR_NONE;
    struct pg_item run = {.kind = kind, .keep = keep};
    if (conn->is_pooled)
        return pg_queued(
            conn, PQsendQueryParams(conn->link, sql, count, &type, &at, &len, &format, 0), run, err);
    if (own->session != conn->session) {
        snprintf(own->name, sizeof(own->name), "s%u", ++conn->named);
        code = pg_queued(conn, PQsendPrepare(conn->link, own->name, sql, count, &type),
            (struct pg_item){.kind = kind}, err);
        own->session = conn->session;
    }
    if (code != ERR_NONE)
        return code;
    return pg_queued(
        conn, PQsendQueryPrepared(conn->link, own->name, count, &at, &len, &format, 0), run, err);
}

enum err_code pg_mark(struct store_conn *base, struct buf *mark, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    PGresult *result = NULL;
    enum err_code code = pg_begin(base, err); // which has no sense of its own but through a pooler
    if (code != ERR_NONE)
        return code;
    conn->is_begun = true;
    pg_last(base);
    code = queue_own(conn, &conn->mark, mark_sql, NULL, PG_COMMAND, &result, err);
    if (code == ERR_NONE)
        code = pg_drain_rows(conn, &result, err);
    if (code == ERR_NONE && buf_append_str(mark, PQgetvalue(result, 0, 0)) != ERR_NONE)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        conn->mark.session = 0;
    PQclear(result);
    pg_rollback(base);
    return code;
}

enum err_code pg_begin_at(struct store_conn *base, struct span mark, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    enum err_code code = pg_begin(base, err);
    if (code != ERR_NONE || mark.len == 0)
        return code;
    conn->is_begun = true;
    code = queue_own(conn, &conn->check, check_sql, &mark, PG_CHECK, NULL, err);
    // So that its answer is no statement's to delay. A pooler is told to flush by syncs alone.
    if (code == ERR_NONE && !conn->is_pooled && PQsendFlushRequest(conn->link) == 0)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        pg_rollback(base);
    return code;
}
