// SPDX-License-Identifier: Apache-2.0
// The text of what counts the writes to the app's tables, whichever program makes them.
//
//     reckoner_versions  a row for each table and stripe, with the number of commits of that stripe that have
//                        written to the table. A stripe is a number that one transaction has at a time, from
//                        its first write to its end, by an advisory lock. So no transaction waits for another
//                        one's row, also while a commit waits for a standby; and the commits of a stripe
//                        follow each other, on a standby too. Rows of two more kinds have the stripe -1: of a
//                        table whose writes are not counted, and, without a name, the one of the history
//     reckoner_stripe()  takes a stripe. A session goes back to the one that it had last, and else takes the
//                        lowest that is free, so that there are few rows. A transaction that is REPEATABLE
//                        READ or SERIALIZABLE takes one that is mostly its session's alone: it could not
//                        write to a row that somebody else has written to since it began
//     reckoner_raise()   the trigger of the app's tables. It runs with the rights of its owner, as other
//                        roles may write to the table; so it names all that it uses with the schema. It runs
//                        once a transaction: it keeps that it ran in a setting, one for each trigger, which
//                        ends with the transaction, and which a rollback to a savepoint takes back together
//                        with the stripe and what was counted
//     reckoner_track()   puts the trigger on the app's tables that have none, when a writer connects and
//                        after each script. It counts a commit for a table that gets its trigger, and, after
//                        a script that has changed something, for all tables. Views have rows as well, so
//                        that versions.c knows them
//     reckoner_here()    notes which server and timeline the database is on, in the row of the history. A
//                        server that was promoted may lack commits that others have seen, and count its own
//                        instead of them. The watch calls it on each new connection, before it reads
//                        versions. It does not wait for a standby: one that is promoted notes another row.
//                        What a dump of another cluster has brought of writers to come (row_tracking.c) goes
//
// The writes to a table without the trigger are not counted: the table belongs to a role that does not let us
// make it, or it was disabled; nor are those of a subscription of logical replication, which fire no
// triggers of statements. Partitions count as the table that they are parts of. The rows of a table that is
// dropped stay: another table of its name goes on from there.
//
// The version of Reckoner before this one kept one row a table, and notes in reckoner_raised. Its nodes may
// still run when this script has: they find the row of the history, which is below zero, and so read nothing
// from standbys. They cannot start any more, as their script does not fit.
#include "store/postgresql/tracking.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include <xxhash.h>

#include "base/limits.h"
#include "store/postgresql/store.h"
#include "text/sql_quote.h"

// '@' stands for the schema, '#' for a number of its name, in settings and locks.
static const char script[] =
    "DO $body#$ BEGIN\n"
    "    IF EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
    "            WHERE n.nspname = current_schema() AND c.relname = 'reckoner_raised') THEN\n"
    "        DROP FUNCTION @.reckoner_count(), @.reckoner_raise() CASCADE;\n"
    "        DROP TABLE @.reckoner_raised;\n"
    "        ALTER TABLE @.reckoner_versions DROP CONSTRAINT reckoner_versions_pkey,\n"
    "            ADD COLUMN stripe integer NOT NULL DEFAULT 0;\n"
    "        ALTER TABLE @.reckoner_versions ALTER COLUMN stripe DROP DEFAULT, ADD PRIMARY KEY (table_name, stripe);\n"
    "        UPDATE @.reckoner_versions SET version = pg_catalog.abs(version);\n"
    "    END IF;\n"
    "END $body#$;\n"
    "CREATE TABLE IF NOT EXISTS @.reckoner_versions (table_name text, stripe integer, version bigint NOT NULL,\n"
    "    PRIMARY KEY (table_name, stripe)) WITH (fillfactor = 50);\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_stripe() RETURNS integer LANGUAGE plpgsql AS $body#$\n"
    "DECLARE\n"
    "    is_frozen boolean := pg_catalog.starts_with(pg_catalog.current_setting('transaction_isolation'), 'read') IS FALSE;\n"
    "    kept integer := nullif(pg_catalog.current_setting('reckoner.stripe_#', true), '');\n"
    "    stripe integer := coalesce(kept, 0);\n"
    "BEGIN\n"
    "    IF is_frozen THEN\n"
    "        stripe := 64 OPERATOR(pg_catalog.+) pg_catalog.mod(pg_catalog.pg_backend_pid(), 64);\n"
    "    END IF;\n"
    "    WHILE NOT pg_catalog.pg_try_advisory_xact_lock(#, stripe) LOOP\n"
    "        stripe := stripe OPERATOR(pg_catalog.+) 1;\n"
    "    END LOOP;\n"
    "    IF NOT is_frozen AND coalesce(kept OPERATOR(pg_catalog.<>) stripe, true) THEN\n"
    "        PERFORM pg_catalog.set_config('reckoner.stripe_#', stripe::pg_catalog.text, false);\n"
    "    END IF;\n"
    "    RETURN stripe;\n"
    "END $body#$;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_raise() RETURNS trigger\n"
    "LANGUAGE plpgsql SECURITY DEFINER AS $body#$\n"
    "DECLARE\n"
    "    root oid := pg_catalog.pg_partition_root(TG_RELID);\n"
    "    name text := TG_TABLE_NAME;\n"
    "    mine integer := nullif(pg_catalog.current_setting('reckoner.stripe_#', true), '');\n"
    "BEGIN\n"
    "    IF root OPERATOR(pg_catalog.<>) TG_RELID THEN\n"
    "        name := relname FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) root;\n"
    "    END IF;\n"
    "    IF NOT pg_catalog.starts_with(pg_catalog.current_setting('transaction_isolation'), 'read')\n"
    "        OR pg_catalog.pg_try_advisory_xact_lock(#, mine) IS NOT TRUE THEN\n"
    "        mine := @.reckoner_stripe();\n"
    "    END IF;\n"
    "    UPDATE @.reckoner_versions SET version = version OPERATOR(pg_catalog.+) 1\n"
    "    WHERE table_name OPERATOR(pg_catalog.=) name AND stripe OPERATOR(pg_catalog.=) mine;\n"
    "    IF NOT FOUND THEN\n"
    "        INSERT INTO @.reckoner_versions AS v (table_name, stripe, version) VALUES (name, mine, 1)\n"
    "        ON CONFLICT (table_name, stripe) DO UPDATE SET version = v.version OPERATOR(pg_catalog.+) 1;\n"
    "    END IF;\n"
    "    name := pg_catalog.set_config(TG_ARGV[0], 'yes', true);\n"
    "    RETURN NULL;\n"
    "END $body#$;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_here() RETURNS void\n"
    "LANGUAGE plpgsql SECURITY DEFINER SET search_path = @, pg_temp AS $body#$\n"
    "DECLARE\n"
    "    server bigint := hashtextextended(system_identifier::text, 0) & 1073741823 FROM pg_control_system();\n"
    "    timeline bigint := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint;\n"
    "    here bigint := -1 - (server << 32 | timeline);\n"
    "BEGIN\n"
    "    IF NOT EXISTS (SELECT FROM reckoner_versions WHERE table_name = '' AND stripe = -1 AND version = here) THEN\n"
    "        PERFORM set_config('synchronous_commit', 'local', true);\n"
    "        INSERT INTO reckoner_versions (table_name, stripe, version) VALUES ('', -1, here)\n"
    "        ON CONFLICT (table_name, stripe) DO UPDATE SET version = here;\n"
    "        DELETE FROM reckoner_changes WHERE writer >= pg_snapshot_xmax(pg_current_snapshot())\n"
    "            AND writer <> pg_current_xact_id();\n"
    "        UPDATE reckoner_buckets SET pruned = '0' WHERE pruned >= pg_snapshot_xmax(pg_current_snapshot());\n"
    "    END IF;\n"
    "END $body#$;\n"
    "REVOKE ALL ON FUNCTION @.reckoner_stripe(), @.reckoner_raise() FROM PUBLIC;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_track() RETURNS void\n"
    "LANGUAGE plpgsql SET search_path = @, pg_temp AS $body#$\n"
    "DECLARE\n"
    "    has_changed boolean := pg_current_xact_id_if_assigned() IS NOT NULL;\n"
    "    schema oid := oid FROM pg_namespace WHERE nspname = current_schema();\n"
    "    added oid[];\n"
    "    target oid;\n"
    "    raised text;\n"
    "BEGIN\n"
    "    SELECT array_agg(c.oid) INTO added FROM pg_class c\n"
    "    WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p')\n"
    "        AND c.relname NOT IN " PG_OWN_TABLES " AND has_table_privilege(c.oid, 'TRIGGER')\n"
    "        AND NOT EXISTS (SELECT FROM pg_trigger t\n"
    "            WHERE t.tgrelid = c.oid AND t.tgname = 'reckoner_raise');\n"
    "    IF added IS NOT NULL THEN\n" // a table takes no trigger while checks of its rows are still to come
    "        SET CONSTRAINTS ALL IMMEDIATE;\n"
    "    END IF;\n"
    "    FOREACH target IN ARRAY coalesce(added, '{}') LOOP\n"
    "        raised := 'reckoner.raised_' || replace(gen_random_uuid()::text, '-', '');\n"
    "        EXECUTE format('CREATE TRIGGER reckoner_raise AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s'\n"
    "            ' FOR EACH STATEMENT WHEN (current_setting(%L, true) IS DISTINCT FROM ''yes'')'\n"
    "            ' EXECUTE FUNCTION reckoner_raise(%L)', target::regclass, raised, raised);\n"
    "    END LOOP;\n"
    "    FOR target IN SELECT c.oid FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid\n"
    "        WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p') AND t.tgname = 'reckoner_raise'\n"
    "            AND t.tgenabled = 'O' AND pg_has_role(c.relowner, 'USAGE') LOOP\n"
    "        EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER reckoner_raise', target::regclass);\n"
    "    END LOOP;\n"
    "    PERFORM reckoner_here();\n"
    "    WITH app AS (\n"
    "        SELECT root.relname AS name, root.relkind = 'v' OR bool_and(t.tgname IS NOT NULL AND NOT EXISTS\n"
    "            (SELECT FROM pg_subscription_rel WHERE srrelid = c.oid)) AS is_counted,\n"
    "            coalesce(bool_or(c.oid = ANY (added)), false) AS is_new\n"
    "        FROM pg_class c\n"
    "        JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)\n"
    "        LEFT JOIN pg_trigger t\n"
    "            ON t.tgrelid = c.oid AND t.tgname = 'reckoner_raise' AND t.tgenabled IN ('O', 'A')\n"
    "        WHERE c.relnamespace = schema AND root.relnamespace = schema AND c.relkind IN ('r', 'p', 'v')\n"
    "            AND c.relname NOT IN " PG_OWN_TABLES "\n"
    "        GROUP BY root.relname, root.relkind\n"
    "    ), counted_again AS (\n"
    "        DELETE FROM reckoner_versions v USING app\n"
    "        WHERE v.table_name = app.name AND v.stripe = -1 AND app.is_counted RETURNING v.table_name\n"
    "    ), uncounted AS (\n"
    "        INSERT INTO reckoner_versions (table_name, stripe, version) SELECT name, -1, -1 FROM app\n"
    "        WHERE NOT is_counted ON CONFLICT DO NOTHING RETURNING table_name\n"
    "    )\n"
    "    INSERT INTO reckoner_versions AS v (table_name, stripe, version)\n"
    "    SELECT name, stripe, 1 FROM app, reckoner_stripe() AS stripe\n"
    "    WHERE has_changed OR is_new\n"
    "        OR NOT EXISTS (SELECT FROM reckoner_versions old WHERE old.table_name = name AND old.stripe >= 0)\n"
    "        OR name IN (SELECT table_name FROM counted_again UNION ALL SELECT table_name FROM uncounted)\n"
    "    ORDER BY name COLLATE \"C\"\n"
    "    ON CONFLICT (table_name, stripe) DO UPDATE SET version = v.version + 1;\n"
    "    IF has_changed OR added IS NOT NULL THEN\n"
    "        INSERT INTO reckoner_changes (id, writer, buckets) SELECT id, pg_current_xact_id(), NULL FROM reckoner_buckets\n"
    "        ON CONFLICT (id, writer) DO UPDATE SET buckets = NULL;\n"
    "    END IF;\n"
    "END $body#$;\n";

uint32_t pg_tracking_number(const struct pg_store *store)
{
    return (uint32_t)XXH3_64bits(store->name, strlen(store->name)) & INT32_MAX;
}

static void append_for(const struct pg_store *store, char mark, struct buf *sql)
{
    switch (mark) {
    case '@':
        sql_append_name(sql, span_of(store->name));
        break;
    case '%':
        sql_append_literal(sql, span_of(store->name));
        break;
    case '#':
        buf_printf(sql, "%" PRIu32, pg_tracking_number(store));
        break;
    case '~':
        buf_printf(sql, "%d", LIMIT_BUCKETS);
        break;
    case '`':
        buf_printf(sql, "%d", LIMIT_BUCKET_SETS);
        break;
    default:
        assert(false && "a mark");
    }
}

void pg_expand(const struct pg_store *store, const char *text, const char *marks, struct buf *sql)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (strchr(marks, *at) != NULL)
            append_for(store, *at, sql);
        else
            buf_append_byte(sql, *at);
    }
}

void pg_append_tracking(const struct pg_store *store, struct buf *sql)
{
    pg_expand(store, script, "@#", sql);
}
