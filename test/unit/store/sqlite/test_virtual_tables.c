// SPDX-License-Identifier: Apache-2.0
// SQLite's own index structures that are virtual tables, R*Tree and FTS5, in schemas and endpoints.
#include "../../../store/fixture.h"

#include <stdio.h>

#include "store/migrate.h"

static const char areas[] =
    "CREATE TABLE shops (id integer PRIMARY KEY, lat real, lng real);"
    "CREATE VIRTUAL TABLE places USING rtree(id, lat_min, lat_max, lng_min, lng_max);"
    "CREATE TRIGGER shop_new AFTER INSERT ON shops BEGIN"
    "  INSERT INTO places VALUES (new.id, new.lat, new.lat, new.lng, new.lng); END;"
    "CREATE TRIGGER shop_moved AFTER UPDATE ON shops BEGIN"
    "  UPDATE places SET lat_min = new.lat, lat_max = new.lat, lng_min = new.lng, lng_max = new.lng"
    "    WHERE id = old.id; END;"
    "CREATE TRIGGER shop_gone AFTER DELETE ON shops BEGIN DELETE FROM places WHERE id = old.id; END;";

static const char texts[] =
    "CREATE TABLE notes (id integer PRIMARY KEY, body text);"
    "CREATE VIRTUAL TABLE words USING fts5(body, content=notes, content_rowid=id);"
    "CREATE TRIGGER note_new AFTER INSERT ON notes BEGIN"
    "  INSERT INTO words (rowid, body) VALUES (new.id, new.body); END;"
    "CREATE TRIGGER note_gone AFTER DELETE ON notes BEGIN"
    "  INSERT INTO words (words, rowid, body) VALUES ('delete', old.id, old.body); END;";

// Connections that have not met the tables yet: SQLite makes a virtual table known to each of them while it
// compiles the first statement that names it.
static void reconnect(struct fixture *f)
{
    struct err err = {0};
    store_disconnect(f->reader);
    store_disconnect(f->writer);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    assert_int_equal(store_connect(f->store, STORE_READ, &f->reader, &err), ERR_NONE);
}

static void write_it(struct fixture *f, const char *sql)
{
    assert_error(error_of_run(f->writer, sql), ERR_NONE, "");
}

static void an_rtree_is_kept_by_triggers_and_asked_by_endpoints(void **state)
{
    struct fixture *f = *state;
    begin(f->writer);
    run_script(f->writer, areas);
    commit(f->writer);
    reconnect(f);
    begin(f->writer);
    write_it(f, "INSERT INTO shops VALUES (1, 59.3, 18.0), (2, 59.4, 18.1), (3, -10, 100)");
    write_it(f, "UPDATE shops SET lat = 59.35 WHERE id = 2");
    write_it(f, "DELETE FROM shops WHERE id = 1");
    commit(f->writer);
    static const char near[] = "SELECT s.id, s.lat FROM places p JOIN shops s ON s.id = p.id"
                               " WHERE p.lat_min <= 60 AND p.lat_max >= 59 AND p.lng_min <= 19 ORDER BY 1";
    assert_rows(f->reader, near, "2|59.3500000000000\n");
    assert_rows(f->writer, near, "2|59.3500000000000\n");
}

static void an_rtree_is_written_by_endpoints(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, areas);
    reconnect(f);
    write_it(f, "INSERT INTO places VALUES (7, 1, 2, 3, 4)");
    assert_rows(f->reader, "SELECT id FROM places WHERE lat_min > 0", "7\n");
    assert_int_equal(error_of_run(f->reader, "DELETE FROM places").code, ERR_STORE); // the reader may not
    write_it(f, "DELETE FROM places WHERE id = 7");
    assert_rows(f->reader, "SELECT count(*) FROM places", "0\n");
}

static void what_is_rolled_back_is_gone_from_an_rtree(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, areas);
    reconnect(f);
    begin(f->writer);
    write_it(f, "INSERT INTO shops VALUES (1, 1, 1)");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    write_it(f, "INSERT INTO shops VALUES (2, 2, 2)");
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "SELECT id FROM places", "1\n");
    store_rollback(f->writer);
    assert_rows(f->writer, "SELECT id FROM places", "");
}

static void words_are_found_by_fts5(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, texts);
    reconnect(f);
    assert_rows(f->reader, "SELECT rowid FROM words WHERE words MATCH 'ship'", "");
    begin(f->writer);
    write_it(f, "INSERT INTO notes VALUES (1, 'a ship at sea'), (2, 'the sea'), (3, 'a ship')");
    write_it(f, "DELETE FROM notes WHERE id = 3");
    commit(f->writer);
    assert_rows(f->reader, "SELECT rowid, highlight(words, 0, '<', '>') FROM words WHERE words MATCH 'ship'",
        "1|'a <ship> at sea'\n");
    assert_rows(f->reader,
        "SELECT n.id FROM words w JOIN notes n ON n.id = w.rowid WHERE words MATCH 'sea' ORDER BY rank, 1",
        "2\n1\n");
}

static void their_own_tables_are_not_to_be_written(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, areas);
    assert_error(error_of_prepare(f->writer, "DELETE FROM places_node"), ERR_CONFIG,
        "table places_node may not be modified");
    assert_error(error_of_prepare(f->writer, "UPDATE sqlite_schema SET sql = ''"), ERR_CONFIG,
        "table sqlite_master may not be modified");
    assert_error(error_of_prepare(f->writer, "CREATE VIRTUAL TABLE x USING rtree(id, a, b)"), ERR_CONFIG,
        "CREATE is not allowed here: only a migration changes the schema");
    assert_error(error_of_prepare(f->writer, "DROP TABLE places"), ERR_CONFIG,
        "DROP is not allowed here: only a migration changes the schema");
    assert_error(error_of_prepare(f->writer, "PRAGMA data_version"), ERR_CONFIG,
        "PRAGMA is not allowed here: the store has its settings");
}

static void on_plan_line(void *ctx, const struct store_plan_line *line)
{
    const char **ret_whole = ctx;
    if (line->read_whole != NULL)
        *ret_whole = "something";
}

static void they_are_never_read_as_a_whole(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, areas);
    run_script(f->writer, texts);
    reconnect(f);
    static const char *const cases[] = {"SELECT * FROM places", "SELECT * FROM words",
        "SELECT s.id FROM places p JOIN shops s ON s.id = p.id WHERE p.lat_min > 3"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct store_stmt *stmt = prepare(f->reader, cases[i], NULL, 0);
        struct err err = {0};
        const char *whole = "";
        assert_int_equal(store_explain(stmt, on_plan_line, &whole, &err), ERR_NONE);
        assert_string_equal(whole, "");
        store_finalize(stmt);
    }
}

// --- what a read hangs on

static void append_name(void *ctx, const char *table)
{
    strcat(strcat(ctx, ((char *)ctx)[0] != '\0' ? " " : ""), table);
}

static const char *reads_of(struct fixture *f, const char *sql)
{
    static char names[200];
    struct err err = {0};
    struct store_stmt *stmt = prepare(f->reader, sql, NULL, 0);
    names[0] = '\0';
    assert_int_equal(store_reads(stmt, append_name, names, &err), ERR_NONE);
    store_finalize(stmt);
    return names;
}

static void a_read_of_what_a_module_keeps_tells_all_that_it_hangs_on(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *reads;
        bool is_covered;
    } cases[] = {
        {"SELECT id FROM places", "places", true},
        {"SELECT rowid FROM words('x')", "notes words", true},
        {"SELECT rowid FROM short('x')", "notes short", true},
        {"SELECT rowid FROM lone('x')", "lone", true},
        {"SELECT rowid FROM empty('x')", "empty", true},
        {"SELECT rowid FROM viewed('x')", "sqlite_schema viewed", true},
        {"SELECT term FROM terms", "sqlite_schema terms", true},
        {"SELECT count(*) FROM words_data", "sqlite_schema", true},
        {"SELECT count(*) FROM places_node, shops", "shops sqlite_schema", true},
        {"SELECT name FROM sqlite_schema", "sqlite_schema", true},
        {"SELECT value FROM json_each('[1]')", "", true},
        {"SELECT name FROM pragma_table_info('notes')", "", false},
        {"SELECT id FROM notes WHERE id IN (SELECT cid FROM pragma_table_info('notes'))", "notes", false},
        {"WITH x AS (SELECT 1) SELECT count(*) FROM x", "", true},
        {"SELECT id FROM reckoner_things", "", false},
    };
    run_script(f->writer, areas);
    run_script(f->writer, texts);
    run_script(f->writer,
        "CREATE VIRTUAL TABLE short USING fts5(body, /* an option */ con = \"notes\");"
        "CREATE VIRTUAL TABLE lone USING fts5(content); CREATE VIRTUAL TABLE empty USING fts5(body, content='');"
        "CREATE VIEW bodies AS SELECT id, body FROM notes;"
        "CREATE VIRTUAL TABLE viewed USING fts5(body, content='bodies', content_rowid=id);"
        "CREATE VIRTUAL TABLE terms USING fts5vocab(words, 'row'); CREATE TABLE reckoner_things (id integer)");
    reconnect(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(reads_of(f, cases[i].sql), cases[i].reads);
        assert_int_equal(is_covered(f->reader, cases[i].sql, NULL, 0), cases[i].is_covered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_rtree_is_kept_by_triggers_and_asked_by_endpoints),
        STORE_TEST(an_rtree_is_written_by_endpoints),
        STORE_TEST(what_is_rolled_back_is_gone_from_an_rtree),
        STORE_TEST(words_are_found_by_fts5),
        STORE_TEST(their_own_tables_are_not_to_be_written),
        STORE_TEST(they_are_never_read_as_a_whole),
        STORE_TEST(a_read_of_what_a_module_keeps_tells_all_that_it_hangs_on),
    };
    return fixture_run_of("sqlite", tests);
}
