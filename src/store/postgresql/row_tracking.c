// SPDX-License-Identifier: Apache-2.0
// The text of what notes the buckets of the rows that a transaction changes, whichever program makes it.
//
//     reckoner_buckets   a row for each set: a table, and columns by which somebody has asked for buckets;
//                        `pruned`: of writers below that, changes may be gone
//     reckoner_changes   a row for each transaction that has written to such a table, the *writer*:
//                        the buckets that it raises; null: all of them, as there are many, or they are not
//                        known
//     reckoner_rows_1()  the trigger of the set 1. It runs after each statement, and is given its old and its
//                        new rows. What it has noted in the transaction it keeps in a setting, as
//                        reckoner_raise() does, so that the row is not written anew for nothing. What it
//                        cannot work out raises all: a column may have another name or type by now. TRUNCATE
//                        does not fire it, as it gives the table another shape (known.c)
//     reckoner_body()    the text of that
//     reckoner_kinds()   how the values of columns are made into one text (bucket_hash.h), a letter each
//     reckoner_by()      puts the triggers on the table and all its partitions, where they are not. False:
//                        its columns are not of these kinds, or not any more; there are too many sets; or a
//                        right is missing
//
// No transaction waits for another one here: each has a row of its own. Now and then one removes those of old
// writers, unless somebody else is about it. Who asks what has changed is told `pruned`, too (known.c).
//
// A function with another hash or other texts than this one has to have other letters.
#include "store/postgresql/row_tracking.h"

#include "store/postgresql/tracking.h"

// With marks of pg_expand.
static const char script[] =
    "CREATE TABLE IF NOT EXISTS @.reckoner_buckets (id integer PRIMARY KEY, table_name text NOT NULL,\n"
    "    columns text[] NOT NULL, made text NOT NULL, pruned xid8 NOT NULL, UNIQUE (table_name, columns));\n"
    "CREATE TABLE IF NOT EXISTS @.reckoner_changes (id integer, writer xid8, buckets smallint[],\n"
    "    PRIMARY KEY (id, writer)) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 4000);\n"
    "ALTER TABLE @.reckoner_changes ALTER buckets SET STORAGE PLAIN;\n"
    "GRANT SELECT ON @.reckoner_buckets, @.reckoner_changes TO PUBLIC;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_kinds(of_table text, of_columns text[]) RETURNS text\n"
    "LANGUAGE sql STABLE SET search_path = @, pg_temp AS $body#$\n"
    "    SELECT string_agg(CASE WHEN a.attnum IS NULL THEN '-'\n"
    "        WHEN a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)\n"
    "            THEN CASE WHEN l.collisdeterministic THEN 't' ELSE 'c' END\n"
    "        WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'i'\n"
    "        WHEN a.atttypid = 'date'::regtype THEN 'd'\n"
    "        WHEN a.atttypid = 'uuid'::regtype THEN 'u'\n"
    "        WHEN a.atttypid = 'bool'::regtype THEN 'b' ELSE '?' END, '' ORDER BY named.place)\n"
    "    FROM unnest(of_columns) WITH ORDINALITY AS named (name, place)\n"
    "    LEFT JOIN pg_class c ON c.relname = of_table AND c.relkind IN ('r', 'p')\n"
    "        AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())\n"
    "    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = named.name AND a.attnum > 0\n"
    "        AND NOT a.attisdropped\n"
    "    LEFT JOIN pg_collation l ON l.oid = a.attcollation\n"
    "$body#$;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_body(id integer, of_columns text[], of_kinds text) RETURNS text\n"
    "LANGUAGE sql STABLE SET search_path = @, pg_temp AS $body#$\n"
    "    SELECT format($text$\n"
    "DECLARE\n"
    "    kept text := nullif(current_setting('reckoner.rows_#_%1$s', true), '');\n"
    "    raised smallint[];\n"
    "    edge xid8;\n"
    "BEGIN\n"
    "    IF kept = 'all' THEN RETURN NULL; END IF;\n"
    "    BEGIN\n"
    "        IF TG_OP = 'INSERT' THEN raised := ARRAY(%2$s (SELECT DISTINCT %3$s FROM new_rows AS r) AS r);\n"
    "        ELSIF TG_OP = 'DELETE' THEN raised := ARRAY(%2$s (SELECT DISTINCT %3$s FROM old_rows AS r) AS r);\n"
    "        ELSE\n"
    "            raised := ARRAY(%2$s (SELECT DISTINCT %3$s FROM old_rows AS r\n"
    "                UNION ALL SELECT DISTINCT %3$s FROM new_rows AS r) AS r);\n"
    "        END IF;\n"
    "    EXCEPTION WHEN OTHERS THEN raised := NULL;\n"
    "    END;\n"
    "    IF kept IS NOT NULL AND raised IS NOT NULL THEN\n"
    "        raised := ARRAY(SELECT unnest(raised) EXCEPT SELECT unnest(kept::smallint[]));\n"
    "    END IF;\n"
    "    IF raised = '{}' THEN RETURN NULL; END IF;\n"
    "    raised := CASE WHEN cardinality(raised) <= ~ / 2 THEN coalesce(kept, '{}')::smallint[] || raised END;\n"
    "    IF cardinality(raised) > ~ / 2 THEN raised := NULL; END IF;\n"
    "    INSERT INTO reckoner_changes AS c (id, writer, buckets) VALUES (%1$s, pg_current_xact_id(), raised)\n"
    "    ON CONFLICT (id, writer) DO UPDATE SET buckets =\n"
    "        CASE WHEN c.buckets = excluded.buckets[1:cardinality(c.buckets)] THEN excluded.buckets END;\n"
    "    kept := set_config('reckoner.rows_#_%1$s', coalesce(raised::text, 'all'), true);\n"
    "    IF random() < 0.008 AND starts_with(current_setting('transaction_isolation'), 'read') THEN\n"
    "        edge := writer FROM reckoner_changes WHERE id = %1$s ORDER BY writer DESC OFFSET 1000 LIMIT 1;\n"
    "        PERFORM FROM reckoner_buckets WHERE id = %1$s AND pruned < edge FOR UPDATE SKIP LOCKED;\n"
    "        IF FOUND THEN\n"
    "            DELETE FROM reckoner_changes WHERE id = %1$s AND writer < edge;\n"
    "            UPDATE reckoner_buckets SET pruned = edge WHERE id = %1$s;\n"
    "        END IF;\n"
    "    END IF;\n"
    "    RETURN NULL;\n"
    "END $text$, id, 'SELECT DISTINCT (hashtext('\n"
    "        || 'concat_ws(E''\\x1f'', ' || string_agg(format(CASE kind WHEN 't' THEN 'rtrim(r.%1$I::text)'\n"
    "            WHEN 'i' THEN 'r.%1$I::int8::text' WHEN 'b' THEN 'r.%1$I::bool::text'\n"
    "            WHEN 'd' THEN 'to_char(r.%1$I::date::timestamp, ''YYYY-MM-DD'')'\n"
    "            WHEN 'u' THEN 'replace(r.%1$I::uuid::text, ''-'', '''')' END, name), ', ' ORDER BY place)\n"
    "        || ') COLLATE \"C\") & (~ - 1))::smallint FROM', string_agg(format('r.%I', name), ', ' ORDER BY place))\n"
    "    FROM unnest(of_columns, string_to_array(of_kinds, NULL)) WITH ORDINALITY AS named (name, kind, place)\n"
    "$body#$;\n"
    "CREATE OR REPLACE FUNCTION @.reckoner_by(of_table text, of_columns text[], of_kinds text) RETURNS boolean\n"
    "LANGUAGE plpgsql SECURITY DEFINER SET search_path = @, pg_temp SET lock_timeout = '100ms' AS $body#$\n"
    "DECLARE\n"
    "    root oid := c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n"
    "        WHERE n.nspname = current_schema() AND c.relname = of_table AND c.relkind IN ('r', 'p');\n"
    "    found_id integer;\n"
    "    former text;\n"
    "    body text;\n"
    "    name text;\n"
    "    missing record;\n"
    "BEGIN\n"
    "    IF root IS NULL OR NOT has_table_privilege(session_user, root, 'SELECT')\n"
    "        OR translate(of_kinds, 'tidub', '') <> '' OR reckoner_kinds(of_table, of_columns) IS DISTINCT FROM of_kinds THEN\n"
    "        RETURN false;\n"
    "    END IF;\n"
    "    PERFORM pg_advisory_xact_lock(#, -1);\n"
    "    SELECT id, made INTO found_id, former FROM reckoner_buckets WHERE table_name = of_table AND columns = of_columns;\n"
    "    IF found_id IS NULL THEN\n"
    "        IF (SELECT count(*) FROM reckoner_buckets) >= ` THEN RETURN false; END IF;\n"
    "        found_id := coalesce(max(id), 0) + 1 FROM reckoner_buckets;\n"
    "        INSERT INTO reckoner_buckets VALUES (found_id, of_table, of_columns, '', '0');\n"
    "    END IF;\n"
    "    name := 'reckoner_rows_' || found_id;\n"
    "    body := reckoner_body(found_id, of_columns, of_kinds);\n"
    "    IF body IS DISTINCT FROM former THEN\n"
    "        EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'\n"
    "            ' SET search_path = %I, pg_temp AS %L', name, current_schema(), body);\n"
    "        EXECUTE format('REVOKE ALL ON FUNCTION %I() FROM PUBLIC', name);\n"
    "        UPDATE reckoner_buckets SET made = body WHERE id = found_id;\n"
    "        INSERT INTO reckoner_changes VALUES (found_id, pg_current_xact_id(), NULL)\n"
    "        ON CONFLICT (id, writer) DO UPDATE SET buckets = NULL;\n"
    "    END IF;\n"
    "    FOR missing IN SELECT part, pg_has_role(c.relowner, 'USAGE') AS is_mine, event, rows, called\n"
    "        FROM (SELECT root AS part UNION SELECT relid FROM pg_partition_tree(root)) AS parts\n"
    "        JOIN pg_class c ON c.oid = part\n"
    "        CROSS JOIN (VALUES ('INSERT', 'REFERENCING NEW TABLE AS new_rows'),\n"
    "            ('UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),\n"
    "            ('DELETE', 'REFERENCING OLD TABLE AS old_rows')) AS events (event, rows),\n"
    "        lower(name || '_' || event) AS called\n"
    "        WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = part AND t.tgname = called) LOOP\n"
    "        IF NOT has_table_privilege(missing.part, 'TRIGGER') THEN RETURN false; END IF;\n"
    "        EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',\n"
    "            missing.called, missing.event, missing.part::regclass, missing.rows, name);\n"
    "        IF missing.is_mine THEN\n"
    "            EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', missing.part::regclass, missing.called);\n"
    "        END IF;\n"
    "    END LOOP;\n"
    "    RETURN true;\n"
    "END $body#$;\n";

void pg_append_row_tracking(const struct pg_store *store, struct buf *sql)
{
    pg_expand(store, script, "@#~`", sql);
}
