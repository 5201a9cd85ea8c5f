// SPDX-License-Identifier: Apache-2.0
// Plans: which tables a statement reads as a whole, and whether columns hold a unique key. The words of a
// plan are the database's own.
#include "../../../store/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char schema[] =
    "CREATE TABLE shops (id integer PRIMARY KEY, name text NOT NULL, lat real, UNIQUE (name));"
    "CREATE TABLE products (id integer PRIMARY KEY, shop_id integer, title text, popularity real, code text);"
    "CREATE INDEX by_popularity ON products (popularity DESC, id);"
    "CREATE INDEX by_shop ON products (shop_id);"
    "CREATE UNIQUE INDEX by_code ON products (code);"
    "CREATE TABLE sums (origin text, day text, total integer, PRIMARY KEY (origin, day));"
    "CREATE VIEW offers AS SELECT p.title, s.name FROM products p JOIN shops s ON s.id = p.shop_id;"
    "INSERT INTO shops VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);"
    "INSERT INTO products VALUES (1, 1, 'x', 5, 'c'), (2, 1, 'y', 6, 'd');"
    "INSERT INTO sums VALUES ('a', '2016-01-01', 3);";

static const struct store_name params[] = {{.name = {"n", 1}, .type = TYPE_INTEGER},
    {.name = {"t", 1}, .type = TYPE_TEXT}, {.name = {"tags", 4}, .type = TYPE_TEXT, .is_list = true}};

// What on_line makes of a plan.
struct plan {
    char whole[500]; // the tables read as a whole, with their rows: "shops 3;"
    char text[1000]; // its lines, indented by a blank a depth, a line feed behind each
};

static void on_line(void *ctx, const struct store_plan_line *line)
{
    struct plan *plan = ctx;
    size_t len = strlen(plan->text);
    snprintf(plan->text + len, sizeof(plan->text) - len, "%*s%s\n", (int)line->depth, "", line->text);
    len = strlen(plan->whole);
    if (line->read_whole != NULL)
        snprintf(plan->whole + len, sizeof(plan->whole) - len, "%s %" PRId64 ";", line->read_whole,
            line->table_rows);
    else
        assert_int_equal(line->table_rows, 0);
}

static struct plan plan_of_stmt(struct store_stmt *stmt)
{
    struct plan plan = {0};
    struct err err = {0};
    if (store_explain(stmt, on_line, &plan, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return plan;
}

static struct plan plan_of(struct store_conn *conn, const char *sql)
{
    struct store_stmt *stmt = prepare(conn, sql, params, ARRAY_LEN(params));
    struct plan plan = plan_of_stmt(stmt);
    store_finalize(stmt);
    return plan;
}

struct whole_case {
    const char *sql, *whole;
};

static void assert_whole(struct store_conn *conn, const struct whole_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct plan plan = plan_of(conn, cases[i].sql);
        if (strcmp(plan.whole, cases[i].whole) != 0)
            fail_msg("%s\n%sreads \"%s\", not \"%s\"", cases[i].sql, plan.text, plan.whole, cases[i].whole);
    }
}

static void tables_that_are_read_as_a_whole_are_told_by_their_own_names(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    static const struct whole_case cases[] = {
        {"SELECT * FROM shops", "shops 3;"},
        {"SELECT * FROM shops AS products", "shops 3;"},
        {"SELECT * FROM shops s WHERE lat = 3", "shops 3;"},
        {"SELECT id FROM products p", "products 2;"}, // of an index, without a bound
        {"SELECT count(*) FROM products p", "products 2;"},
        {"SELECT count(*), (SELECT count(*) FROM shops) FROM sums", "sums 1;shops 3;"},
        {"SELECT title FROM products p GROUP BY title", "products 2;"},
        {"SELECT a.id, b.id FROM shops a, shops b WHERE a.lat < b.lat", "shops 3;shops 3;"},
        {"SELECT name FROM offers", "products 2;"},
        {"SELECT name FROM (SELECT name, lat FROM shops) x WHERE lat > :n", "shops 3;"},
        {"WITH x AS MATERIALIZED (SELECT lat FROM shops) SELECT * FROM x a, x b", "shops 3;"},
        {"SELECT id FROM products WHERE id = :n UNION ALL SELECT id FROM shops s WHERE lat = :n", "shops 3;"},
        {"SELECT (SELECT name FROM shops s WHERE s.lat = p.popularity) FROM products p WHERE id = :n",
            "shops 3;"},
        {"SELECT * FROM shops s LEFT JOIN sums m ON m.total = s.lat WHERE s.id = :n", "sums 1;"},
        {"SELECT title FROM products WHERE title IN (SELECT value FROM list(:tags))", "products 2;"},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + s.id FROM n, shops s WHERE i < 5) "
         "SELECT i FROM n",
            "shops 3;"},
        {"VALUES (1), (2) UNION ALL SELECT id FROM shops", "shops 3;"},
        {"SELECT name FROM shops ORDER BY lat LIMIT 1", "shops 3;"},
        {"SELECT max(lat), min(lat) FROM shops", "shops 3;"},
    };
    assert_whole(f->reader, cases, ARRAY_LEN(cases));
}

static void tables_of_which_a_part_is_read_are_not(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    static const struct whole_case cases[] = {
        {"SELECT * FROM shops WHERE id = :n", ""},
        {"SELECT * FROM shops WHERE name = :t", ""},
        {"SELECT * FROM products WHERE popularity > :n", ""},
        {"SELECT * FROM sums WHERE origin = :t AND day > :t", ""},
        {"SELECT * FROM products WHERE id = :n OR code = :t", ""},
        {"SELECT max(popularity) FROM products", ""},
        {"SELECT c.day, m.total FROM calendar(:t, :t) c LEFT JOIN sums m ON m.origin = :t AND m.day = c.day",
            ""},
        {"SELECT p.title FROM list(:tags) l JOIN products p ON p.code = l.value", ""},
        {"SELECT 1", ""},
        {"VALUES (1), (2)", ""},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n", ""},
        {"SELECT x.id FROM (SELECT id FROM products WHERE shop_id = :n LIMIT 5) x", ""},
    };
    assert_whole(f->reader, cases, ARRAY_LEN(cases));
}

static void a_limit_that_ends_the_reading_is_seen(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    static const struct whole_case cases[] = {
        {"SELECT title FROM products ORDER BY popularity DESC, id LIMIT :n", ""},
        {"SELECT title FROM products p WHERE title > :t ORDER BY popularity DESC, id LIMIT :n", ""},
        {"SELECT p.title FROM products p JOIN shops s ON s.id = p.shop_id WHERE s.lat > :n "
         "ORDER BY p.popularity DESC LIMIT 10",
            ""},
        {"SELECT * FROM (SELECT * FROM products ORDER BY popularity DESC LIMIT 100) LIMIT :n", ""},
        {"SELECT * FROM (SELECT title, popularity FROM products) x WHERE popularity < 5 "
         "ORDER BY popularity DESC LIMIT :n",
            ""},
        {"SELECT popularity FROM (SELECT DISTINCT popularity FROM products) LIMIT 1", ""},
        {"SELECT * FROM shops LIMIT 2", ""},
        {"SELECT EXISTS (SELECT 1 FROM shops)", ""},
        // and one that does not
        {"SELECT * FROM shops WHERE lat = :n LIMIT 1", "shops 3;"},
        {"SELECT EXISTS (SELECT 1 FROM shops WHERE lat = :n)", "shops 3;"},
        {"SELECT * FROM (SELECT title, max(popularity) OVER () FROM products p) LIMIT 1", "products 2;"},
        {"SELECT title FROM products ORDER BY title LIMIT 1", "products 2;"},
        {"SELECT (SELECT title FROM products WHERE id = s.id LIMIT 1) FROM shops s", "shops 3;"},
    };
    assert_whole(f->reader, cases, ARRAY_LEN(cases));
}

static void writes_have_plans_too(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    const struct store_name fields[] = {{.name = span_of("name"), .type = TYPE_TEXT}};
    struct err err = {0};
    begin(f->writer);
    assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
    static const struct whole_case cases[] = {
        {"UPDATE shops SET lat = :n", "shops 3;"},
        {"DELETE FROM products WHERE title = :t", "products 2;"},
        {"DELETE FROM products WHERE id = :n", ""},
        {"INSERT INTO sums SELECT name, name, 1 FROM shops s WHERE lat > 1", "shops 3;"},
        {"INSERT INTO shops (name) SELECT name FROM batch", ""}, // which is there to be read
        {"INSERT INTO shops (name) SELECT b.name FROM batch b JOIN products p ON p.title = b.name",
            "products 2;"},
    };
    assert_whole(f->writer, cases, ARRAY_LEN(cases));
    commit(f->writer);
    assert_rows(f->reader, "SELECT count(*), sum(lat) FROM shops", "3|6.00000000000000\n"); // nothing ran
}

static void lines_are_in_their_order_and_depth(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    struct plan plan = plan_of(f->reader,
        "SELECT id FROM shops WHERE lat = 1 UNION SELECT (SELECT max(id) FROM shops WHERE lat = p.id) "
        "FROM products p WHERE id = 1 UNION SELECT 3");
    assert_string_equal(plan.text, "COMPOUND QUERY\n"
                                   " LEFT-MOST SUBQUERY\n"
                                   "  SCAN shops\n"
                                   " UNION USING TEMP B-TREE\n"
                                   "  SEARCH p USING INTEGER PRIMARY KEY (rowid=?)\n"
                                   "  CORRELATED SCALAR SUBQUERY 2\n"
                                   "   SEARCH shops\n"
                                   " UNION USING TEMP B-TREE\n"
                                   "  SCAN CONSTANT ROW\n");
}

static void a_plan_is_that_of_the_parameters_of_the_run(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    run_script(f->writer, "CREATE INDEX by_title ON products (title COLLATE nocase);");
    struct store_stmt *stmt = prepare(f->reader, "SELECT id FROM products WHERE title LIKE :t", params, 2);
    const struct value start[] = {integer_of(1), text_of("x%")}, any[] = {integer_of(1), text_of("%x")};
    struct err err = {0};
    bool row;
    assert_string_equal(plan_of_stmt(stmt).whole, "products 2;"); // nothing is known
    assert_int_equal(store_bind(stmt, start, &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    assert_string_equal(plan_of_stmt(stmt).whole, "");
    store_reset(stmt);
    assert_string_equal(rows_of_stmt(stmt, start), "1\n"); // the parameters are its own again
    assert_int_equal(store_bind(stmt, any, &err), ERR_NONE);
    assert_string_equal(plan_of_stmt(stmt).whole, "products 2;");
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    assert_true(row);
    store_reset(stmt);
    store_finalize(stmt);
}

static void parameters_are_not_looked_at_after_the_run(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    run_script(f->writer, "CREATE INDEX by_title ON products (title COLLATE nocase);");
    struct store_stmt *stmt = prepare(f->reader, "SELECT id FROM products WHERE title LIKE :t", params, 2);
    char *text = mem_strndup("x%", 2);
    assert_non_null(text);
    const struct value values[] = {integer_of(1), text_of(text)};
    rows_of_stmt(stmt, values);
    mem_free(text);
    assert_string_equal(plan_of_stmt(stmt).whole, "products 2;");
    store_finalize(stmt);
}

static void an_explain_has_no_plan(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    assert_string_equal(plan_of(f->reader, "EXPLAIN SELECT * FROM shops").text, "");
}

static void without_memory_there_is_no_plan(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    struct store_stmt *stmt = prepare(f->reader,
        "SELECT a.name FROM shops a, products b WHERE a.lat = b.popularity UNION ALL SELECT title FROM products "
        "UNION ALL SELECT origin FROM sums",
        NULL, 0);
    enum err_code code;
    long count = 0;
    do {
        struct plan plan = {0};
        struct err err = {0};
        mem_fail_after(count++);
        code = store_explain(stmt, on_line, &plan, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
    } while (code != ERR_NONE);
    assert_true(count > 10);
    count = 0;
    do {
        struct err err = {0};
        const struct span column = span_of("nothing");
        bool unique = true;
        mem_fail_after(count++);
        code = store_is_unique(stmt, &column, 1, &unique, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE ? !unique : code == ERR_NO_MEMORY && unique);
    } while (code != ERR_NONE);
    assert_true(count > 4);
    store_finalize(stmt);
}

// --- unique keys

static bool is_unique(struct store_conn *conn, const char *sql, const char *columns)
{
    struct span names[8], rest = span_of(columns);
    size_t count = 0;
    while (rest.len > 0)
        names[count++] = span_split(&rest, ',');
    struct store_stmt *stmt = prepare(conn, sql, params, ARRAY_LEN(params));
    struct err err = {0};
    bool unique = false;
    if (store_is_unique(stmt, names, count, &unique, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    store_finalize(stmt);
    return unique;
}

static void keys_are_found_in_the_tables_that_are_read(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    run_script(f->writer, "CREATE TABLE dated (day text NOT NULL, place text NOT NULL, note text);"
                          "CREATE UNIQUE INDEX per_day ON dated (day, place);"
                          "CREATE UNIQUE INDEX noted ON dated (place) WHERE note IS NOT NULL;"
                          "CREATE UNIQUE INDEX lowered ON dated (lower(note));");
    static const struct {
        const char *sql, *columns;
        bool unique;
    } cases[] = {
        {"SELECT * FROM products", "id", true},
        {"SELECT * FROM products", "popularity,ID", true},
        {"SELECT * FROM products", "popularity", false},
        {"SELECT * FROM products", "code", false}, // may be null
        {"SELECT * FROM products", "", false},
        {"SELECT name FROM shops", "name", true},
        {"SELECT total FROM sums", "origin", false},
        {"SELECT total FROM sums", "total,day,origin", true},
        {"SELECT day FROM dated", "place,day", true},
        {"SELECT day FROM dated", "place", false}, // a part of them only
        {"SELECT note FROM dated", "note", false}, // an expression
        {"SELECT day FROM dated", "day", false},
        {"SELECT name FROM offers", "id", true},
        {"SELECT 1 FROM shops s WHERE s.id = :n", "id", true},
        {"SELECT day FROM calendar(:t, :t)", "day", false},
        {"SELECT 1", "id", false},
        {"SELECT count(*) AS total FROM products", "total", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (is_unique(f->reader, cases[i].sql, cases[i].columns) != cases[i].unique)
            fail_msg("%s by %s", cases[i].sql, cases[i].columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(tables_that_are_read_as_a_whole_are_told_by_their_own_names),
        STORE_TEST(tables_of_which_a_part_is_read_are_not),
        STORE_TEST(a_limit_that_ends_the_reading_is_seen),
        STORE_TEST(writes_have_plans_too),
        STORE_TEST(lines_are_in_their_order_and_depth),
        STORE_TEST(a_plan_is_that_of_the_parameters_of_the_run),
        STORE_TEST(parameters_are_not_looked_at_after_the_run),
        STORE_TEST(an_explain_has_no_plan),
        STORE_TEST(without_memory_there_is_no_plan),
        STORE_TEST(keys_are_found_in_the_tables_that_are_read),
    };
    return fixture_run_of("sqlite", tests);
}
