// SPDX-License-Identifier: Apache-2.0
// A history on PostgreSQL. The archive is partitioned by months, which a step makes when it needs them: by
// ATTACH, which unlike CREATE TABLE … PARTITION OF waits for no reader. An upsert cannot find a row that a
// trigger puts in its way ("cannot affect row a second time"). So what a batch brings anew is fetched from
// the archive before its first @write (app/app_history.c), and a trigger behind each statement refuses rows
// whose key is in the archive all the same, with what the unique key itself would say. Pure texts.
//
// A transaction that is REPEATABLE READ does not see moves that were committed since its snapshot. There the
// trigger locks the table's row of reckoner_history, which each move changes: so PostgreSQL refuses it.
#include <stddef.h>

#include "store/history_sql.h"

#define TABLE   "to_regclass(quote_ident(:name))"
#define ARCHIVE "to_regclass(quote_ident(:name || '_archive'))"
#define HERE    "quote_ident(current_schema())::regnamespace"

static const char *const refusals[] = {
    "SELECT format('there is no table %s; a migration has to make it', :name) WHERE NOT EXISTS"
    " (SELECT FROM pg_class WHERE oid = " TABLE " AND relnamespace = " HERE " AND relkind = 'r')",

    "SELECT format('%s has no column %s', :name, :day) WHERE NOT EXISTS"
    " (SELECT FROM pg_attribute WHERE attrelid = " TABLE
    " AND attname = :day AND attnum > 0 AND NOT attisdropped)",

    "SELECT format('%s of %s is declared %s: a history goes by a date or a timestamp', :day, :name,"
    " format_type(atttypid, atttypmod)) FROM pg_attribute WHERE attrelid = " TABLE " AND attname = :day"
    " AND atttypid NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)",

    "SELECT format('the column %s of %s is a generated one: a table with a history has none', attname, :name)"
    " FROM pg_attribute WHERE attrelid = " TABLE " AND attgenerated <> ''",

    "SELECT format('the trigger %s is on %s: a move would set it off, so a table with a history has none', tgname, :name)"
    " FROM pg_trigger WHERE tgrelid = " TABLE " AND NOT tgisinternal AND tgname NOT LIKE 'reckoner\\_%'",

    "SELECT format('%s refers to %s, whose old rows would be gone for it: take the reference away', conrelid::regclass, :name)"
    " FROM pg_constraint WHERE contype = 'f' AND confrelid = " TABLE,

    "SELECT format('%s and %s inherit from each other: a table with a history stands alone', inhparent::regclass,"
    " inhrelid::regclass) FROM pg_inherits WHERE " TABLE " IN (inhparent, inhrelid)",

    "SELECT format('the unique index %s of %s is of a part of the rows, of an expression, or put off to the commit:"
    " a table with a history has none', indexrelid::regclass, :name) FROM pg_index WHERE indrelid = " TABLE
    " AND (indisunique OR indisexclusion) AND (indisexclusion OR indpred IS NOT NULL OR indexprs IS NOT NULL"
    " OR NOT indimmediate OR indnullsnotdistinct)",

    "SELECT format('no index of %s begins with %s, by which old rows are found: let a migration make one,"
    " as CREATE INDEX ON %s (%s)', :name, :day, :name, :day) WHERE NOT EXISTS (SELECT FROM pg_index i"
    " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
    " WHERE i.indrelid = " TABLE " AND a.attname = :day AND i.indpred IS NULL AND i.indisvalid)",

    "SELECT format('the app has %s itself, whose name the history of %s needs: rename it', relname, :name)"
    " FROM pg_class WHERE relnamespace = " HERE " AND relname IN (:name || '_archive', :name || '_all')"
    " AND NOT EXISTS (SELECT FROM reckoner_history WHERE table_name = :name)",

    "SELECT format('the history of %s goes by %s, and cannot go by %s', :name, day_column, :day)"
    " FROM reckoner_history WHERE table_name = :name AND day_column <> :day",

    "SELECT format('%s_archive has the column %s, and %s has not: it stays, or is dropped or renamed in both, in %s_archive by hand',"
    " :name, a.attname, :name, :name) FROM pg_attribute a WHERE a.attrelid = " ARCHIVE
    " AND a.attnum > 0 AND NOT a.attisdropped"
    " AND NOT EXISTS (SELECT FROM pg_attribute h WHERE h.attrelid = " TABLE
    " AND h.attname = a.attname AND NOT h.attisdropped)",

    "SELECT format('the column %s is %s in %s and %s in %s_archive: change it in %s_archive alike, by hand', a.attname,"
    " format_type(h.atttypid, h.atttypmod), :name, format_type(a.atttypid, a.atttypmod), :name, :name)"
    " FROM pg_attribute a JOIN pg_attribute h ON h.attname = a.attname AND h.attrelid = " TABLE
    " WHERE a.attrelid = " ARCHIVE " AND a.attnum > 0 AND (a.atttypid, a.atttypmod, a.attcollation)"
    " IS DISTINCT FROM (h.atttypid, h.atttypmod, h.attcollation)",
    NULL,
};

#define COLUMNS                                                                                              \
    "columns (list, taken) AS (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),"               \
    " string_agg('a.' || quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"                      \
    " WHERE attrelid = " TABLE " AND attnum > 0 AND NOT attisdropped)"

// The unique keys: how an archived row `a` is found by a row `f`; what is shown of it, and which columns it
// has. Of a key with the day there is more to know: only a row of no later day than the newest archived one
// may be in the archive (may_be), and only in the months of these rows (near). @fresh@ stands for them.
#define KEYS                                                                                                 \
    "behind (day) AS (SELECT format('(SELECT %s FROM %I.reckoner_history WHERE table_name = %L)',"           \
    " CASE WHEN atttypid = 'timestamptz'::regtype"                                                           \
    " THEN '(archived_to::date + 1)::timestamp AT TIME ZONE ''UTC'' ' ELSE 'archived_to::date + 1' END,"     \
    " current_schema(), :name) FROM pg_attribute WHERE attrelid = " TABLE " AND attname = :day),"            \
    " indexed AS (SELECT c.relname AS name, bool_or(t.attname = :day) AS has_day,"                           \
    " string_agg(format('a.%I = f.%I', t.attname, t.attname), ' AND ' ORDER BY n) AS met,"                   \
    " string_agg(format('a.%I', t.attname), ', ' ORDER BY n) AS shown,"                                      \
    " string_agg(t.attname, ', ' ORDER BY n) AS columns, array_agg(t.attname::text ORDER BY n) AS names,"    \
    " string_agg(quote_ident(t.attname), ', ' ORDER BY n) AS quoted"                                         \
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"                                               \
    " CROSS JOIN generate_series(0, i.indnkeyatts - 1) AS n"                                                 \
    " JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[n]"                             \
    " WHERE i.indrelid = " TABLE " AND i.indisunique GROUP BY c.relname),"                                   \
    " keys AS (SELECT indexed.*, CASE WHEN has_day THEN"                                                     \
    " format('EXISTS (SELECT FROM @fresh@ AS f WHERE f.%I < %s)', :day, behind.day) ELSE 'true' END"         \
    " AS may_be, CASE WHEN has_day THEN format('a.%1$I >= (SELECT min(f.%1$I) FROM @fresh@ AS f)"            \
    " AND a.%1$I <= (SELECT max(f.%1$I) FROM @fresh@ AS f WHERE f.%1$I < %2$s)', :day, behind.day)"          \
    " ELSE 'true' END AS near FROM indexed, behind)"

// Of keys that no guard has minded until now, or not those of all archived rows.
static const char doubles[] =
    "WITH " KEYS
    " SELECT format('SELECT %L || concat_ws('', '', %s) || %L FROM %I WHERE %s GROUP BY %s HAVING count(*) > 1 LIMIT 1',"
    " :name || '_all has more than one row of (' || columns || ')=(', quoted, '), which ' || name || ' does not allow: delete all but one',"
    " :name || '_all', (SELECT string_agg(format('%I IS NOT NULL', n), ' AND ') FROM unnest(names) AS n), quoted)"
    " FROM indexed WHERE " ARCHIVE " IS NOT NULL AND (NOT EXISTS (SELECT FROM pg_class"
    " WHERE relname = left(:name || '_archive_' || name, 63) AND relnamespace = " HERE ") OR NOT EXISTS"
    " (SELECT FROM pg_trigger WHERE tgrelid = " TABLE
    " AND tgname = 'reckoner_history_' || :name || '_insert'))";

// What a guard does. Where there were more moves since the batch has fetched, one came in between: then the
// transaction is to run again, which a batch of Reckoner's does.
#define GUARDING                                                                                                  \
    "guarding (body) AS (SELECT"                                                                                  \
    " format('DECLARE kept text; BEGIN IF current_setting(''transaction_isolation'') NOT LIKE ''read%%'' THEN"    \
    " PERFORM FROM %I.reckoner_history WHERE table_name = %L FOR SHARE; END IF;', current_schema(), :name)"       \
    " || string_agg(format(' IF %s THEN SELECT concat_ws('', '', %s) INTO kept FROM @fresh@ AS f"                 \
    " JOIN %I.%I AS a ON %s WHERE %s LIMIT 1;', may_be, shown, current_schema(), :name || '_archive', met, near)" \
    " || format(' IF FOUND THEN IF nullif(current_setting(%L, true), '''') <> (SELECT moves::text"                \
    " FROM %I.reckoner_history WHERE table_name = %L) THEN RAISE serialization_failure USING MESSAGE = %L;"       \
    " END IF;', 'reckoner.fetched_' || :name, current_schema(), :name, :name || ' has lost rows to its archive')" \
    " || format(' RAISE unique_violation USING MESSAGE = %L, DETAIL = %L || kept || %L, HINT = %L,"               \
    " SCHEMA = %L, TABLE = %L, CONSTRAINT = %L; END IF; END IF;',"                                                \
    " 'duplicate key value violates unique constraint \"' || name || '\"', 'Key (' || columns || ')=(',"          \
    " ') already exists.', 'The row is in ' || :name || '_archive.', current_schema(), :name, name),"             \
    " '' ORDER BY name) || ' RETURN NULL; END' FROM keys HAVING count(*) > 0)"

// A function and its trigger, where they are not there as they should be. `columns` is whose change sets the
// trigger off, a list and their numbers.
#define GUARD(when, event, columns, fresh, each)                                                             \
    "WITH " KEYS ", " GUARDING ", wanted AS (SELECT 'reckoner_history_' || :name || '_" when "' AS called,"  \
    " replace(body, '@fresh@', '" fresh "') AS body FROM guarding), watched (list, numbers) AS (" columns    \
    ")"                                                                                                      \
    " SELECT format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"      \
    " SET search_path = pg_catalog, pg_temp AS %L', called, body) FROM wanted WHERE NOT EXISTS"              \
    " (SELECT FROM pg_proc WHERE proname = called AND pronamespace = " HERE " AND prosrc = body)"            \
    " UNION ALL SELECT format('CREATE OR REPLACE TRIGGER %I AFTER " event "%s ON %I " each                   \
    " EXECUTE FUNCTION %I()', called, list, :name, called) FROM wanted, watched"                             \
    " WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = " TABLE " AND tgname = called AND numbers ="  \
    " ARRAY(SELECT n FROM unnest(tgattr::int2[]) AS n ORDER BY n))"

// Brings the archived rows back that the batch has the keys of, in front of what the batch writes. A batch
// that does not have all columns of a key by their names brings none; then the guards refuse it, as they do
// what is archived on another server: a transaction on two servers might be committed on one of them alone.
// It notes how many moves there were, and is false always.
#define FETCH                                                                                                         \
    "WITH " KEYS ", " COLUMNS ", fetching (body) AS (SELECT format('DECLARE part regclass; BEGIN"                     \
    " PERFORM pg_catalog.set_config(%L, moves::text, true) FROM %I.reckoner_history WHERE table_name = %L; ',"        \
    " 'reckoner.fetched_' || :name, current_schema(), :name)"                                                         \
    " || coalesce((SELECT string_agg(format('IF (SELECT count(*) FROM pg_catalog.pg_attribute b"                      \
    " JOIN pg_catalog.pg_type bt ON bt.oid = b.atttypid JOIN pg_catalog.pg_attribute h ON h.attname = b.attname"      \
    " JOIN pg_catalog.pg_type ht ON ht.oid = h.atttypid WHERE b.attrelid = pg_catalog.to_regclass(''pg_temp.batch'')" \
    " AND h.attrelid = %L::pg_catalog.regclass AND b.attname = ANY (%L) AND (bt.oid = ht.oid"                         \
    " OR bt.typcategory = ht.typcategory AND bt.typcategory IN (''N'', ''S'', ''D''))) = %s THEN IF %s THEN"          \
    " FOR part IN SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = ''r'' AND c.oid IN"                       \
    " (SELECT a.tableoid FROM @fresh@ AS f JOIN %I.%I AS a ON %s WHERE %s) LOOP"                                      \
    " EXECUTE ''WITH gone AS (DELETE FROM '' || part || %L; END LOOP; END IF; END IF; ',"                             \
    " format('%I.%I', current_schema(), :name), names, cardinality(names), may_be,"                                   \
    " current_schema(), :name || '_archive', met, near,"                                                              \
    " format(' AS a USING @fresh@ AS f WHERE %s RETURNING %s) INSERT INTO %I.%I (%s) OVERRIDING SYSTEM VALUE"         \
    " SELECT %s FROM gone', met, taken, current_schema(), :name, list, list)), '' ORDER BY name) FROM keys), '')"     \
    " || 'RETURN false; END' FROM columns),"                                                                          \
    " wanted AS (SELECT 'reckoner_history_' || :name || '_fetch' AS called,"                                          \
    " replace(body, '@fresh@', 'pg_temp.batch') AS body FROM fetching)"                                               \
    " SELECT format('CREATE OR REPLACE FUNCTION %I() RETURNS boolean LANGUAGE plpgsql AS %L', called, body)"          \
    " FROM wanted WHERE NOT EXISTS"                                                                                   \
    " (SELECT FROM pg_proc WHERE proname = called AND pronamespace = " HERE " AND prosrc = body)"

// Foreign keys: their names and definitions, as a table.
#define REFERENCES_OF(table)                                                                                 \
    "SELECT conname, regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '') AS definition"             \
    " FROM pg_constraint WHERE conrelid = " table " AND contype = 'f' AND conparentid = 0"

#define REFERENCES_OF_TABLE   REFERENCES_OF(TABLE)
#define REFERENCES_OF_ARCHIVE REFERENCES_OF(ARCHIVE)

static const char *const makers[] = {
    "SELECT format('CREATE TABLE %I (LIKE %I) PARTITION BY RANGE (%I)', :name || '_archive', :name, :day)"
    " WHERE " ARCHIVE " IS NULL",

    // The value of rows that are older than the column, or else its default.
    "SELECT format('ALTER TABLE %I ADD COLUMN %I %s%s%s%s', :name || '_archive', h.attname, format_type(h.atttypid, h.atttypmod),"
    " (SELECT ' COLLATE ' || c.oid::regcollation::text FROM pg_collation c WHERE c.oid = h.attcollation AND c.collname <> 'default'),"
    " CASE WHEN h.atthasmissing THEN ' DEFAULT ' || quote_literal((h.attmissingval::text::text[])[1])"
    " WHEN h.attnotnull THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END,"
    " CASE WHEN h.attnotnull THEN ' NOT NULL' ELSE '' END)"
    " FROM pg_attribute h LEFT JOIN pg_attrdef d ON d.adrelid = h.attrelid AND d.adnum = h.attnum"
    " WHERE h.attrelid = " TABLE " AND h.attnum > 0 AND NOT h.attisdropped AND NOT EXISTS"
    " (SELECT FROM pg_attribute a WHERE a.attrelid = " ARCHIVE
    " AND a.attname = h.attname AND NOT a.attisdropped) ORDER BY h.attnum",

    "WITH wanted AS (SELECT left(:name || '_archive_' || c.relname, 63) AS called, pg_get_indexdef(c.oid) AS def"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = " TABLE " AND i.indisvalid)"
    " SELECT regexp_replace(def, '^CREATE (UNIQUE )?INDEX .*? ON .*? USING ',"
    " format('CREATE INDEX %I ON %I USING ', called, :name || '_archive')) FROM wanted"
    " WHERE NOT EXISTS (SELECT FROM pg_class WHERE relname = called AND relnamespace = " HERE ")",

    // A column at the end goes into the view that is there.
    "WITH " COLUMNS
    ", had (list) AS (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = to_regclass(quote_ident(:name || '_all')) AND attnum > 0)"
    " SELECT format('DROP VIEW %I', :name || '_all') FROM columns, had WHERE NOT starts_with(columns.list || ',', had.list || ',')"
    " UNION ALL SELECT format('CREATE OR REPLACE VIEW %I AS SELECT %s FROM %I UNION ALL SELECT %s FROM %I', :name || '_all',"
    " columns.list, :name, columns.list, :name || '_archive') FROM columns, had WHERE columns.list IS DISTINCT FROM had.list",

    // What the table requires of a row, and no more.
    "SELECT format('ALTER TABLE %I ALTER COLUMN %I %s NOT NULL', :name || '_archive', h.attname,"
    " CASE WHEN h.attnotnull THEN 'SET' ELSE 'DROP' END) FROM pg_attribute h JOIN pg_attribute a"
    " ON a.attname = h.attname AND a.attnotnull <> h.attnotnull WHERE h.attrelid = " TABLE
    " AND a.attrelid = " ARCHIVE " AND h.attnum > 0 AND NOT h.attisdropped",

    "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', :name || '_archive', conname) FROM (" REFERENCES_OF_ARCHIVE
    ") AS a WHERE definition NOT IN (SELECT definition FROM (" REFERENCES_OF_TABLE ") AS h)",

    // A foreign table takes none.
    "SELECT format('ALTER TABLE %I ADD %s', :name || '_archive', definition) FROM (" REFERENCES_OF_TABLE
    ") AS h WHERE definition NOT IN (SELECT definition FROM (" REFERENCES_OF_ARCHIVE ") AS a)"
    " AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'f'"
    " WHERE i.inhparent = " ARCHIVE ")",

    GUARD("insert", "INSERT", "SELECT '', '{}'::int2[]", "fresh",
        "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"),

    GUARD("update", "UPDATE",
        "SELECT ' OF ' || string_agg(quote_ident(attname), ', ' ORDER BY attnum), array_agg(attnum ORDER BY attnum)"
        " FROM pg_attribute WHERE attrelid = " TABLE " AND attname::text IN (SELECT unnest(names) FROM keys)",
        "(SELECT NEW.*)", "FOR EACH ROW"),

    // Where there is no key any more.
    "SELECT format('DROP TRIGGER %I ON %I', tgname, :name) FROM pg_trigger WHERE tgrelid = " TABLE
    " AND tgname IN ('reckoner_history_' || :name || '_insert', 'reckoner_history_' || :name || '_update')"
    " AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = " TABLE " AND indisunique)",

    FETCH,
    NULL,
};

// The session's time zone is UTC, so a date is compared as its first moment there. Rows of a month that is on
// another server stay where they are: a transaction on two servers might be committed on one of them alone.
#define TODAY "(now() AT TIME ZONE ''UTC'')::date"
#define OLD   "%I >= ''0001-01-01'' AND %I < " TODAY " - %s%s"
#define FAR                                                                                                                        \
    "far (those) AS (SELECT coalesce(string_agg(format(' AND NOT (%I >= %L AND %I < %L)', :day, days[1], :day, days[2]), ''), '')" \
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'f',"                                               \
    " regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM .''(.*)''. TO .''(.*)''.$') AS days"                      \
    " WHERE i.inhparent = " ARCHIVE ")"

// The oldest of the old rows.
#define OLDEST(columns) "SELECT " columns " FROM %I WHERE " OLD " ORDER BY %I LIMIT %s"
#define OLDEST_DAYS     OLDEST("%I AS day")
#define OLDEST_ROWS     OLDEST("ctid")

static const char prepares[] =
    "WITH " FAR
    " SELECT format('WITH months AS (SELECT DISTINCT date_trunc(''month'', day)::date AS first FROM"
    " (" OLDEST_DAYS " FOR UPDATE SKIP LOCKED) AS old),"
    " missing AS (SELECT first, (SELECT called FROM (SELECT n, %L || to_char(first, ''_YYYY_MM'')"
    " || CASE WHEN n > 1 THEN ''_'' || n ELSE '''' END AS called FROM generate_series(1, 99) AS n) AS names"
    " WHERE to_regclass(quote_ident(called)) IS NULL ORDER BY n LIMIT 1) FROM months WHERE NOT EXISTS"
    " (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) AS bound,"
    " regexp_match(bound, ''^FOR VALUES FROM .''''(\\d{4}-\\d\\d-\\d\\d).* TO .''''(\\d{4}-\\d\\d-\\d\\d)'') AS days"
    " WHERE i.inhparent = to_regclass(quote_ident(%L))"
    " AND (bound = ''DEFAULT'' OR (days[1]::date <= first AND days[2]::date > first))))"
    " SELECT sql FROM missing, LATERAL (VALUES (1, format(''CREATE TABLE %%I (LIKE %%I)'', called, %L)),"
    " (2, format(''ALTER TABLE %%I ATTACH PARTITION %%I FOR VALUES FROM (%%L) TO (%%L)'', %L, called, first,"
    " (first + interval ''1 month'')::date))) AS made (n, sql) ORDER BY first, n',"
    " :day, :name, :day, :day, :days, those, :day, :most, a, a, a, a)"
    " FROM far, (SELECT :name || '_archive' AS a) AS named";

// What a DELETE has returned is what goes in, whatever others do meanwhile. Rows that somebody has locked
// stay for a later step; so the months are those of rows that `prepares` could lock.
//
// Of a table prices (port, day, price) that is kept for 90 days it gives:
//
//     WITH old AS (SELECT ctid FROM prices WHERE day >= '0001-01-01'
//         AND day < (now() AT TIME ZONE 'UTC')::date - 90 ORDER BY day LIMIT 1000 FOR UPDATE SKIP LOCKED),
//     gone AS (DELETE FROM prices WHERE ctid = ANY (ARRAY(SELECT ctid FROM old)) RETURNING port, day, price),
//     kept AS (INSERT INTO prices_archive (port, day, price) SELECT port, day, price FROM gone RETURNING
//     day), told AS (UPDATE reckoner_history SET moves = moves + 1, archived_to = … WHERE table_name =
//     'prices' …) SELECT 1 FROM kept
static const char moves[] =
    "WITH " COLUMNS ", " FAR " SELECT format('WITH old AS (" OLDEST_ROWS " FOR UPDATE SKIP LOCKED),"
    " gone AS (DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM old)) RETURNING %s),"
    " kept AS (INSERT INTO %I (%s) SELECT %s FROM gone RETURNING %I),"
    " told AS (UPDATE reckoner_history SET moves = moves + 1,"
    " archived_to = greatest(archived_to, (SELECT max(%I)::date::text FROM kept))"
    " WHERE table_name = %L AND EXISTS (SELECT FROM kept)) SELECT 1 FROM kept',"
    " :name, :day, :day, :days, those, :day, :most, :name, list, :name || '_archive', list, list,"
    " :day, :day, :name) FROM columns, far";

const struct history_sql history_postgresql = {
    .refusals = refusals,
    .doubles = doubles,
    .makers = makers,
    .is_old = "WITH " FAR " SELECT format('SELECT 1 FROM %I WHERE " OLD
              " LIMIT 1', :name, :day, :day, :days, those) FROM far",
    .prepares = prepares,
    .moves = moves,
    .oldest = "SELECT format('SELECT " TODAY
              " - min(%I)::date FROM %I WHERE %I >= ''0001-01-01'' ', :day, :name, :day)",
};
