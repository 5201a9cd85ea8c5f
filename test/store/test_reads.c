// SPDX-License-Identifier: Apache-2.0
// What every store tells of the tables that a statement may read or write.
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/versions.h"

static const char schema[] =
    "CREATE TABLE ports (code text PRIMARY KEY, region text);"
    "CREATE TABLE regions (slug text PRIMARY KEY, parent text);"
    "CREATE TABLE prices (orig text, dest text, day date, price integer);"
    "CREATE TABLE \"Odd name\" (a integer);"
    "CREATE TABLE calendar_notes (a integer); CREATE TABLE batch_notes (a integer);"
    "CREATE VIEW northern AS SELECT code FROM ports WHERE region = 'north';"
    "CREATE VIEW dear AS SELECT p.price FROM prices p JOIN northern n ON n.code = p.orig";

static const struct store_name params[] = {{.name = {"n", 1}, .type = TYPE_INTEGER},
    {.name = {"tags", 4}, .type = TYPE_TEXT, .is_list = true}, {.name = {"day", 3}, .type = TYPE_DATE}};

static void on_table(void *ctx, const char *table)
{
    char *names = ctx;
    size_t len = strlen(names);
    snprintf(names + len, 200 - len, "%s%s", len > 0 ? "," : "", table);
}

static const char *reads_of_stmt(struct store_stmt *stmt)
{
    static char names[200];
    struct err err = {0};
    names[0] = '\0';
    if (store_reads(stmt, on_table, names, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return names;
}

static const char *reads_of(struct store_conn *conn, const char *sql)
{
    struct store_stmt *stmt = prepare(conn, sql, params, sizeof(params) / sizeof(params[0]));
    const char *names = reads_of_stmt(stmt);
    store_finalize(stmt);
    return names;
}

static void tables_are_told_by_their_own_names_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *reads;
    } cases[] = {
        {"SELECT 1", ""},
        {"SELECT :n + 1", ""},
        {"SELECT count(*) FROM ports", "ports"},
        {"SELECT count(*) FROM PORTS AS p, ports, northern", "ports"},
        {"SELECT 1 FROM batch_notes", "batch_notes"},
        {"SELECT x.code FROM ports AS x", "ports"},
        {"SELECT p.code, q.code FROM ports p, ports q", "ports"},
        {"SELECT p.code FROM regions r LEFT JOIN ports p ON p.region = r.slug", "ports,regions"},
        {"SELECT r.slug FROM regions r LEFT JOIN ports p ON p.code = r.slug", "ports,regions"},
        {"SELECT code FROM ports WHERE region IN (SELECT slug FROM regions)", "ports,regions"},
        {"SELECT (SELECT max(price) FROM prices WHERE orig = code) FROM ports", "ports,prices"},
        {"SELECT code FROM ports WHERE EXISTS (SELECT 1 FROM regions)", "ports,regions"},
        {"SELECT a.n FROM (SELECT count(*) AS n FROM (SELECT DISTINCT slug FROM regions) b) a", "regions"},
        {"SELECT code FROM ports UNION SELECT slug FROM regions", "ports,regions"},
        {"SELECT a FROM \"Odd name\"", "Odd name"},
        {"SELECT CODE FROM Ports WHERE :n > 1", "ports"},
        {"SELECT code FROM ports WHERE code = 'regions' -- prices", "ports"},
        {"SELECT code FROM northern", "ports"},
        {"SELECT price FROM dear", "ports,prices"},
        {"SELECT code FROM ports AS regions", "ports"},
        {"SELECT ports.code FROM (SELECT slug AS code FROM regions) AS ports", "regions"},
        {"WITH x AS (SELECT slug FROM regions) SELECT slug FROM x", "regions"},
        {"WITH ports AS (SELECT slug AS code FROM regions) SELECT code FROM ports", "regions"},
        {"WITH ports AS (SELECT 'x' AS code) SELECT code FROM ports", ""},
        {"WITH RECURSIVE up (slug) AS (SELECT slug FROM regions WHERE slug = 'a' UNION SELECT r.parent FROM"
         " regions r JOIN up ON up.slug = r.slug) SELECT slug FROM up",
            "regions"},
        {"SELECT day FROM calendar('2016-01-01', '2016-01-02')", ""},
        {"SELECT c.day, p.price FROM calendar(:day, :day) c LEFT JOIN prices p ON p.day = c.day", "prices"},
        {"SELECT code FROM ports WHERE code IN (SELECT value FROM list(:tags))", "ports"},
        {"SELECT distance_m(1, 2, 3, :n), a FROM calendar_notes", "calendar_notes"},
        {"SELECT name FROM reckoner_migrations", ""},
    };
    run_script(f->writer, schema);
    run_script(f->writer, "CREATE TABLE reckoner_migrations (name text)");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(reads_of(f->reader, cases[i].sql), cases[i].reads);
}

static void names_with_a_schema_are_told_without_that_of_the_app(void **state)
{
    struct fixture *f = *state;
    char sql[200];
    run_script(f->writer, schema);
    snprintf(sql, sizeof(sql), "SELECT code FROM \"%s\".ports", f->is_sqlite ? "main" : f->name);
    assert_string_equal(reads_of(f->reader, sql), "ports");
}

static void a_statement_that_writes_tells_what_it_reads_and_writes_but_not_batch(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    static const struct store_name fields[] = {{.name = {"code", 4}, .type = TYPE_TEXT}};
    static const struct {
        const char *sql, *reads;
    } cases[] = {
        {"INSERT INTO ports (code) SELECT code FROM batch WHERE line > :n", "ports"},
        {"SELECT line FROM batch WHERE code NOT IN (SELECT code FROM ports)", "ports"},
        {"WITH batch AS (SELECT slug FROM regions) SELECT slug FROM batch", "regions"},
        {"INSERT INTO ports (code, region) SELECT b.code, r.slug FROM batch b CROSS JOIN regions r WHERE true"
         " ON CONFLICT (code) DO UPDATE SET region = excluded.region",
            "ports,regions"},
        {"UPDATE prices SET price = 1 WHERE orig IN (SELECT code FROM batch)", "prices"},
        {"DELETE FROM ports", "ports"},
    };
    run_script(f->writer, schema);
    assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(reads_of(f->writer, cases[i].sql), cases[i].reads);
    assert_rows(f->writer, "SELECT count(*) FROM ports", "0\n");
}

static void a_statement_can_be_asked_before_and_after_it_runs(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    char tags[] = "a,b";
    const struct value values[] = {integer_of(1), text_of(tags), null_value()};
    struct store_stmt *stmt =
        prepare(f->reader, "SELECT code FROM ports WHERE code IN (SELECT value FROM list(:tags))", params, 3);
    assert_string_equal(reads_of_stmt(stmt), "ports");
    assert_string_equal(rows_of_stmt(stmt, values), "");
    memset(tags, 'x', sizeof(tags)); // no longer borrowed
    assert_string_equal(reads_of_stmt(stmt), "ports");
    begin(f->reader);
    assert_rows(f->reader, "SELECT count(*) FROM ports", "0\n");
    commit(f->reader);
    store_finalize(stmt);
}

static void versions_cover_the_tables_of_the_app(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[] = {"SELECT 1", "SELECT :n + 1", "SELECT code FROM ports, regions",
        "SELECT price FROM dear", "SELECT a FROM \"Odd name\"",
        "SELECT c.day, distance_m(1, 2, 3, :n) FROM calendar(:day, :day) c, list(:tags)"};
    run_script(f->writer, schema);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_true(is_covered(f->reader, cases[i], params, sizeof(params) / sizeof(params[0])));
}

static void without_memory_it_is_not_told_what_versions_cover(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    struct store_stmt *stmt = prepare(f->reader, "SELECT 1 FROM ports, regions", NULL, 0);
    for (unsigned n = 0;; n++) {
        struct err err = {0};
        bool is_covered = false;
        mem_fail_after(n);
        enum err_code code = versions_cover(stmt, &is_covered, &err);
        mem_fail_after(-1);
        assert_int_equal(is_covered, code == ERR_NONE);
        if (code == ERR_NONE)
            break;
        assert_int_equal(code, ERR_NO_MEMORY);
        assert_int_equal(err.code, ERR_NO_MEMORY);
    }
    store_finalize(stmt);
}

static void without_memory_the_tables_are_not_told_in_part(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    struct store_stmt *stmt = prepare(f->reader, "SELECT 1 FROM ports, regions, prices", NULL, 0);
    for (unsigned n = 0;; n++) {
        char names[200] = "";
        struct err err = {0};
        mem_fail_after(n);
        enum err_code code = store_reads(stmt, on_table, names, &err);
        mem_fail_after(-1);
        assert_string_equal(names, code == ERR_NONE ? "ports,prices,regions" : "");
        if (code == ERR_NONE)
            break;
        assert_int_equal(code, ERR_NO_MEMORY);
        assert_int_equal(err.code, ERR_NO_MEMORY);
    }
    store_finalize(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(tables_are_told_by_their_own_names_once_and_in_order),
        STORE_TEST(names_with_a_schema_are_told_without_that_of_the_app),
        STORE_TEST(a_statement_that_writes_tells_what_it_reads_and_writes_but_not_batch),
        STORE_TEST(a_statement_can_be_asked_before_and_after_it_runs),
        STORE_TEST(without_memory_the_tables_are_not_told_in_part),
        STORE_TEST(versions_cover_the_tables_of_the_app),
        STORE_TEST(without_memory_it_is_not_told_what_versions_cover),
    };
    return fixture_run(tests);
}
