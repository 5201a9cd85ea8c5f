// SPDX-License-Identifier: Apache-2.0
// A history on SQLite. The archive is made by the table's own text under another name, so that types,
// collations, checks and references are the same. An archived row whose unique key comes again goes back into
// the table first, by a trigger that runs before each insertion: what follows is as in a single table, for a
// plain INSERT, an upsert, OR REPLACE and OR IGNORE. Pure texts.
#include <stddef.h>

#include "store/history_sql.h"

#define UNIQUE_KEYS(of)                                                                                        \
    "SELECT (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY name))" \
    " AS key FROM pragma_index_list(:name || '" of "') AS i WHERE i.\"unique\""

static const char *const refusals[] = {
    "SELECT printf('there is no table %s; a migration has to make it', :name) WHERE NOT EXISTS"
    " (SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name = :name)",

    "SELECT printf('%s has no column %s', :name, :day)"
    " WHERE NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(:name) WHERE name = :day)",

    "SELECT printf('%s of %s is declared %s: a history goes by a date or a timestamp', :day, :name,"
    " iif(type = '', 'without a type', type)) FROM pragma_table_xinfo(:name) WHERE name = :day"
    " AND lower(type) NOT IN ('text', 'date', 'datetime', 'timestamp', 'timestamptz')",

    "SELECT printf('the column %s of %s is a generated one: a table with a history has none', name, :name)"
    " FROM pragma_table_xinfo(:name) WHERE hidden <> 0",

    "SELECT printf('the trigger %s is on %s: a move would set it off, so a table with a history has none', name, :name)"
    " FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :name COLLATE NOCASE"
    " AND name NOT LIKE 'reckoner\\_history\\_%' ESCAPE '\\'",

    "SELECT printf('%s refers to %s, whose old rows would be gone for it: take the reference away', s.name, :name)"
    " FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f"
    " WHERE s.type = 'table' AND f.\"table\" = :name COLLATE NOCASE",

    "SELECT printf('the unique index %s of %s is of a part of the rows, or of an expression: a table with a history has none',"
    " i.name, :name) FROM pragma_index_list(:name) AS i WHERE i.\"unique\""
    " AND (i.partial OR EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name) AS x WHERE x.key AND x.cid < 0))",

    "SELECT printf('%s gives a new row the number that %s has free, and it may be an archived one''s:"
    " declare it INTEGER PRIMARY KEY AUTOINCREMENT, or bigint', c.name, :name)"
    " FROM pragma_table_xinfo(:name) AS c JOIN sqlite_schema AS s ON s.type = 'table' AND s.name = :name"
    " WHERE c.pk = 1 AND s.sql NOT LIKE '%AUTOINCREMENT%'"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(:name) WHERE origin = 'pk')",

    "SELECT printf('no index of %s begins with %s, by which old rows are found: let a migration make one,"
    " as CREATE INDEX %s_%s ON %s (%s)', :name, :day, :name, :day, :name, :day)"
    " WHERE NOT EXISTS (SELECT 1 FROM pragma_index_list(:name) AS i JOIN pragma_index_xinfo(i.name) AS x"
    " WHERE NOT i.partial AND x.seqno = 0 AND x.name = :day AND x.coll = 'BINARY' AND NOT x.desc)",

    "SELECT printf('the app has %s itself, whose name the history of %s needs: rename it', name, :name)"
    " FROM sqlite_schema WHERE name IN (:name || '_archive', :name || '_all')"
    " AND NOT EXISTS (SELECT 1 FROM reckoner_history WHERE table_name = :name)",

    "SELECT printf('the history of %s goes by %s, and cannot go by %s', :name, day_column, :day)"
    " FROM reckoner_history WHERE table_name = :name AND day_column <> :day",

    "SELECT printf('the column %s of %s has a collation of its own, which cannot be added to rows that are archived:"
    " make it without', h.name, :name) FROM pragma_table_xinfo(:name) AS h, sqlite_schema AS s"
    " WHERE s.name = :name AND s.type = 'table'"
    " AND EXISTS (SELECT 1 FROM sqlite_schema WHERE name = :name || '_archive')"
    " AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(:name || '_archive') AS a WHERE a.name = h.name)"
    " AND substr(s.sql, instr(lower(s.sql), lower(h.name))) LIKE '%collate%'",

    "SELECT printf('%s_archive has the column %s, and %s has not: it stays, or is dropped or renamed in both, in %s_archive by hand',"
    " :name, a.name, :name, :name) FROM pragma_table_xinfo(:name || '_archive') AS a"
    " WHERE NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(:name) AS h WHERE h.name = a.name)",

    "SELECT printf('the column %s is %s in %s and %s in %s_archive: change it in %s_archive alike, by hand', a.name, h.type, :name,"
    " a.type, :name, :name) FROM pragma_table_xinfo(:name || '_archive') AS a"
    " JOIN pragma_table_xinfo(:name) AS h USING (name) WHERE a.type <> h.type COLLATE NOCASE",

    "SELECT printf('%s is NOT NULL in one of %s and %s_archive alone: change it in %s_archive alike, by hand', a.name, :name,"
    " :name, :name) FROM pragma_table_xinfo(:name || '_archive') AS a"
    " JOIN pragma_table_xinfo(:name) AS h USING (name) WHERE a.\"notnull\" <> h.\"notnull\"",

    "SELECT printf('%s of %s_archive refers to %s, and of %s it does not: change %s_archive alike, by hand', a.\"from\", :name,"
    " a.\"table\", :name, :name) FROM pragma_foreign_key_list(:name || '_archive') AS a WHERE NOT EXISTS"
    " (SELECT 1 FROM pragma_foreign_key_list(:name) AS h WHERE h.\"from\" = a.\"from\" AND h.\"table\" = a.\"table\""
    " AND h.\"to\" IS a.\"to\")",

    "SELECT printf('%s_archive has the unique key (%s), and %s has not: change %s_archive alike, by hand', :name, key, :name,"
    " :name) FROM (" UNIQUE_KEYS("_archive") ") WHERE key NOT IN (" UNIQUE_KEYS("") ")",
    NULL,
};

// Each unique key: the archived rows that have that of the new row.
#define KEYS                                                                                                              \
    "keys (met) AS (SELECT iif(max(x.name = :day), printf('NEW.\"%w\" <= (SELECT max(\"%w\") FROM \"%w_archive\") AND '," \
    " :day, :day, :name), '') || group_concat(printf('\"%w_archive\".\"%w\" = NEW.\"%w\" COLLATE \"%w\"',"                \
    " :name, x.name, x.name, x.coll), ' AND ')"                                                                           \
    " FROM pragma_index_list(:name) AS i JOIN pragma_index_xinfo(i.name) AS x"                                            \
    " WHERE i.\"unique\" AND x.key GROUP BY i.name"                                                                       \
    " UNION ALL SELECT printf('\"%w_archive\".\"%w\" = NEW.\"%w\"', :name, name, name)"                                   \
    " FROM pragma_table_xinfo(:name) WHERE pk = 1"                                                                        \
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(:name) WHERE origin = 'pk')),"                                      \
    "met (any_of, exists_of) AS (SELECT group_concat('(' || met || ')', ' OR '),"                                         \
    " group_concat(printf('EXISTS (SELECT 1 FROM \"%w_archive\" WHERE %s)', :name, met), ' OR ') FROM keys"               \
    " HAVING count(*) > 0),"

// Of keys that no trigger has minded until now, or not those of all archived rows.
static const char doubles[] =
    "WITH keyed (name, of, x, coll) AS (SELECT i.name, i.origin, x.name, x.coll"
    " FROM pragma_index_list(:name) AS i JOIN pragma_index_xinfo(i.name) AS x WHERE i.\"unique\" AND x.key"
    " UNION ALL SELECT 'the primary key', 'pk', name, 'BINARY' FROM pragma_table_xinfo(:name) WHERE pk = 1"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(:name) WHERE origin = 'pk'))"
    " SELECT printf('SELECT %Q || %s || %Q FROM \"%w_all\" WHERE %s GROUP BY %s HAVING count(*) > 1 LIMIT 1',"
    " :name || '_all has more than one row of (' || group_concat(x, ', ') || ')=(',"
    " group_concat(printf('\"%w\"', x), ' || '', '' || '),"
    " '), which ' || name || ' does not allow: delete all but one', :name,"
    " group_concat(printf('\"%w\" IS NOT NULL', x), ' AND '),"
    " group_concat(printf('\"%w\" COLLATE \"%w\"', x, coll), ', ')) FROM keyed"
    " WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE name = :name || '_archive')"
    " AND (NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'reckoner_history_' || :name || '_insert')"
    " OR of = 'c' AND NOT EXISTS (SELECT 1 FROM sqlite_schema AS s WHERE s.name = :name || '_archive_' || keyed.name))"
    " GROUP BY name";

#define COLUMNS                                                                                              \
    "columns (list) AS (SELECT group_concat(printf('\"%w\"', name), ', ')"                                   \
    " FROM (SELECT name FROM pragma_table_xinfo(:name) ORDER BY cid))"

// Drops what is there by the name and is another one, and makes what is not there.
#define KEEP(kind)                                                                                           \
    " SELECT printf('DROP " kind " \"%w\"', s.name) FROM wanted AS w JOIN sqlite_schema AS s"                \
    " ON s.name = w.name WHERE s.sql IS NOT w.sql"                                                           \
    " UNION ALL SELECT w.sql FROM wanted AS w WHERE NOT EXISTS"                                              \
    " (SELECT 1 FROM sqlite_schema AS s WHERE s.name = w.name AND s.sql IS w.sql)"

#define BRING_BACK                                                                                           \
    " BEGIN INSERT INTO \"%w\" (%s) SELECT %s FROM \"%w_archive\" WHERE %s; DELETE FROM \"%w_archive\" WHERE %s; END'"

static const char *const makers[] = {
    "SELECT printf('CREATE TABLE \"%w_archive\" %s', name, substr(sql, instr(sql, '('))) FROM sqlite_schema"
    " WHERE type = 'table' AND name = :name"
    " AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = :name || '_archive')",

    "SELECT printf('ALTER TABLE \"%w_archive\" ADD COLUMN \"%w\" %s%s%s', :name, h.name, h.type,"
    " iif(h.\"notnull\", ' NOT NULL', ''), coalesce(' DEFAULT (' || h.dflt_value || ')', ''))"
    " FROM pragma_table_xinfo(:name) AS h WHERE NOT EXISTS"
    " (SELECT 1 FROM pragma_table_xinfo(:name || '_archive') AS a WHERE a.name = h.name) ORDER BY h.cid",

    "WITH wanted (name, sql) AS (SELECT :name || '_archive_' || i.name, printf('CREATE INDEX \"%w_archive_%w\" ON"
    " \"%w_archive\" (%s)', :name, i.name, :name, (SELECT group_concat(part, ', ') FROM (SELECT printf('\"%w\" COLLATE \"%w\"%s',"
    " x.name, x.coll, iif(x.desc, ' DESC', '')) AS part FROM pragma_index_xinfo(i.name) AS x WHERE x.key ORDER BY x.seqno)))"
    " FROM pragma_index_list(:name) AS i WHERE i.origin = 'c' AND NOT i.partial"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name) AS x WHERE x.key AND x.cid < 0))" KEEP(
        "INDEX"),

    "WITH " COLUMNS ", wanted (name, sql) AS (SELECT :name || '_all',"
    " printf('CREATE VIEW \"%w_all\" AS SELECT %s FROM \"%w\" UNION ALL SELECT %s FROM \"%w_archive\"',"
    " :name, list, :name, list, :name) FROM columns)" KEEP("VIEW"),

    "WITH " KEYS COLUMNS ", wanted (name, sql) AS (SELECT 'reckoner_history_' || :name || '_insert',"
    " printf('CREATE TRIGGER \"reckoner_history_%w_insert\" BEFORE INSERT ON \"%w\" WHEN %s" BRING_BACK ","
    " :name, :name, exists_of, :name, list, list, :name, any_of, :name, any_of) FROM columns, met)" KEEP(
        "TRIGGER"),

    "WITH " KEYS COLUMNS ", changed (names, told) AS (SELECT group_concat(printf('\"%w\"', name), ', '),"
    " group_concat(printf('NEW.\"%w\" IS NOT OLD.\"%w\"', name, name), ' OR ') FROM (SELECT DISTINCT x.name"
    " FROM pragma_index_list(:name) AS i JOIN pragma_index_xinfo(i.name) AS x WHERE i.\"unique\" AND x.key"
    " UNION SELECT name FROM pragma_table_xinfo(:name) WHERE pk > 0 ORDER BY 1)),"
    " wanted (name, sql) AS (SELECT 'reckoner_history_' || :name || '_update',"
    " printf('CREATE TRIGGER \"reckoner_history_%w_update\" BEFORE UPDATE OF %s ON \"%w\" WHEN (%s) AND (%s)" BRING_BACK
    ","
    " :name, names, :name, told, exists_of, :name, list, list, :name, any_of, :name, any_of) FROM columns, met, changed)" KEEP(
        "TRIGGER"),

    "SELECT printf('DROP TRIGGER \"%w\"', name) FROM sqlite_schema WHERE type = 'trigger'"
    " AND name IN ('reckoner_history_' || :name || '_insert', 'reckoner_history_' || :name || '_update')"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_list(:name) WHERE \"unique\")"
    " AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(:name) WHERE pk > 0)",
    NULL,
};

// Rows are told apart by their rowid, or else by their primary key, in an order that leaves no choice: so all
// statements of a step are about the same rows. A number in the column is no day; it sorts before all texts.
#define OLD    "\"%w\" >= ''0000'' AND \"%w\" < date(''now'', ''-%d days'')"
#define CHOSEN "WHERE (%s) IN (SELECT %s FROM \"%w\" WHERE " OLD " ORDER BY \"%w\", %s LIMIT %d)"

static const char moves[] =
    "WITH " COLUMNS ", keyed (keys) AS (SELECT iif(t.wr, (SELECT group_concat(printf('\"%w\"', name), ', ')"
    " FROM (SELECT name FROM pragma_table_info(:name) WHERE pk > 0 ORDER BY pk)), '_rowid_')"
    " FROM pragma_table_list AS t WHERE t.schema = 'main' AND t.name = :name),"
    " chosen (those) AS (SELECT printf('" CHOSEN
    "', keys, keys, :name, :day, :day, :days, :day, keys, :most) FROM keyed)"
    " SELECT printf('INSERT INTO \"%w_archive\" (%s) SELECT %s FROM \"%w\" %s RETURNING 1', :name, list, list, :name, those)"
    " FROM columns, chosen UNION ALL SELECT printf('DELETE FROM \"%w\" %s RETURNING 1', :name, those) FROM chosen";

const struct history_sql history_sqlite = {
    .refusals = refusals,
    .doubles = doubles,
    .makers = makers,
    .is_old = "SELECT printf('SELECT 1 FROM \"%w\" WHERE " OLD " LIMIT 1', :name, :day, :day, :days)",
    .prepares = NULL,
    .moves = moves,
    .oldest = "SELECT printf('SELECT CAST(julianday(date(''now'')) - julianday(date(min(\"%w\"))) AS INTEGER)"
              " FROM \"%w\" WHERE \"%w\" >= ''0000'' ', :day, :name, :day)",
};
