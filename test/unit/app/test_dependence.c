// SPDX-License-Identifier: Apache-2.0
// What answers hang on, and @depends, on each kind of store.
#include "app/dependence.h"

#include <stdio.h>
#include <string.h>

#include "../../store/fixture.h"
#include "app/app_check.h"
#include "app/depends.h"
#include "app/directives.h"
#include "app/keep_advice.h"
#include "base/mem.h"

enum { ARENA_BYTES = 16 * 1024 * 1024 };

static const char schema[] =
    "CREATE TABLE prices (shop text, day date, price integer, PRIMARY KEY (shop, day, price));"
    "CREATE TABLE shops (code text PRIMARY KEY, name text);"
    "CREATE VIEW cheap AS SELECT shop, price FROM prices WHERE price < 10;"
    "INSERT INTO prices VALUES ('a', '2026-01-01', 1), ('a', '2026-01-02', 2), ('b', '2026-01-01', 3);"
    "INSERT INTO shops VALUES ('a', 'A'), ('b', 'B');";

struct trying {
    struct fixture *f;        // whose reader the plan is prepared on
    char file[4000];          // the endpoint's
    struct arena arena;       // of the endpoint
    struct diags diags;       //
    struct endpoint endpoint; //
    struct plan *plan;        //
};

static void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

static void parse(struct trying *trying, struct fixture *f, const char *lines)
{
    struct err err = {0};
    memset(trying, 0, sizeof(*trying));
    trying->f = f;
    snprintf(trying->file, sizeof(trying->file),
        "-- @endpoint GET /t\n-- @param shop text\n-- @param day date\n%s\n", lines);
    arena_init(&trying->arena, ARENA_BYTES);
    diags_init(&trying->diags);
    enum err_code code = directives_parse("x.sql", span_of(trying->file),
        f->is_sqlite ? SQL_SQLITE : SQL_POSTGRESQL, &trying->arena, &trying->diags, &trying->endpoint, &err);
    diags_print(&trying->diags, stderr);
    must_be_fine(code, &err);
}

static void start(struct trying *trying, struct fixture *f, const char *lines)
{
    struct err err = {0};
    parse(trying, f, lines);
    enum err_code code = plan_new(&trying->endpoint, f->reader, &trying->diags, &trying->plan, &err);
    diags_print(&trying->diags, stderr);
    must_be_fine(code, &err);
}

static void end(struct trying *trying)
{
    plan_free(trying->plan);
    diags_fini(&trying->diags);
    arena_fini(&trying->arena);
}

// The tables whose versions the endpoint's answers hang on, with commas between them; or why they are not
// kept.
static const char *hangs_on(struct fixture *f, const char *lines)
{
    static const char *const tables[] = {"prices", "shops"};
    static char told[1000];
    struct trying trying;
    struct dependence dependence;
    struct err err = {0};
    start(&trying, f, lines);
    must_be_fine(dependence_find(trying.plan, f->store, &dependence, &err), &err);
    assert_int_equal(dependence.is_kept, dependence.why == NULL);
    snprintf(told, sizeof(told), "%s", dependence.why != NULL ? dependence.why : "");
    for (size_t i = 0; dependence.is_kept && i < dependence.count; i++) {
        for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++) {
            if (dependence.sources[i].table == versions_of(f->store, tables[k]))
                snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s", told[0] != '\0' ? "," : "",
                    tables[k]);
        }
    }
    dependence_fini(&dependence);
    end(&trying);
    return told;
}

#define USE "-- @reject 400 none\nSELECT 1 AS one WHERE :shop IS NULL AND :day IS NULL;\n"

static void the_tables_of_all_statements_and_conditions_count(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    // On SQLite tables may share a version.
    bool is_shared = versions_of(f->store, "prices") == versions_of(f->store, "shops");
    assert_string_equal(hangs_on(f, USE "-- @answer\nSELECT 1 AS one;"), "it reads no table");
    if (is_shared)
        return;
    assert_string_equal(hangs_on(f, USE "-- @answer\nSELECT price FROM cheap;"), "prices");
    assert_string_equal(
        hangs_on(f, USE
            "-- @answer when EXISTS (SELECT 1 FROM shops)\nSELECT 1 AS one;\n-- @answer\nSELECT 2 AS one;"),
        "shops");
    assert_string_equal(hangs_on(f, USE "-- @reject 404 no\nSELECT 1 AS one FROM shops WHERE code = :shop;\n"
                                        "-- @answer\nSELECT price FROM prices;"),
        "shops,prices");
}

static void what_cannot_be_told_is_not_kept(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    assert_string_equal(
        hangs_on(f, USE "-- @answer\nSELECT random() AS r FROM prices;"), "it calls random()");
    assert_string_equal(
        hangs_on(f, USE "-- @answer when random() > 0\nSELECT 1 AS r;\n-- @answer\nSELECT 2 AS r;"),
        "it calls random()");
    if (f->is_sqlite)
        assert_string_equal(hangs_on(f, USE "-- @answer\nSELECT date(:shop) AS d;"), "it reads no table");
    else
        assert_string_equal(
            hangs_on(f, USE "-- @answer\nSELECT relname::text AS n FROM pg_catalog.pg_class;"),
            "it reads more than the app's own tables");
}

static void a_statement_sees_the_rows_of_its_depends_alone(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *rows;
    } cases[] = {
        {"SELECT price FROM prices ORDER BY price", "1\n2\n"},
        {"SELECT p.price FROM prices AS p WHERE p.day > :day ORDER BY 1", "2\n"},
        {"SELECT s.code, (SELECT max(price) FROM PRICES q) FROM shops s ORDER BY 1", "'a'|2\n'b'|2\n"},
        {"WITH x AS (SELECT price FROM prices) SELECT sum(price) FROM x", "3\n"},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2)\n"
         "SELECT i, (SELECT count(*) FROM \"prices\") FROM n ORDER BY i",
            "1|2\n2|2\n"},
        {"SELECT * FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2)"
         " SELECT i, (SELECT count(*) FROM prices) FROM n) AS found ORDER BY i",
            "1|2\n2|2\n"},
        {"SELECT 1 FROM shops s LEFT JOIN prices p ON p.shop = s.code AND p.price = 3 WHERE p.price = 3", ""},
        {"SELECT price FROM prices WHERE shop = 'b'", ""},
        {"(SELECT price FROM prices) UNION SELECT 0 AS price ORDER BY price", "0\n1\n2\n"},
    };
    const struct value values[] = {text_of("a"), text_of("2026-01-01")};
    run_script(f->writer, schema);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trying trying;
        char lines[1000];
        bool is_for_one = f->is_sqlite ? cases[i].sql[0] == '(' : strncmp(cases[i].sql, "WITH REC", 8) == 0;
        if (is_for_one)
            continue;
        snprintf(
            lines, sizeof(lines), "-- @depends prices (shop = :shop)\n" USE "-- @answer\n%s;", cases[i].sql);
        parse(&trying, f, lines);
        const struct endpoint *endpoint = &trying.endpoint;
        struct span sql = endpoint->statements[endpoint->statement_count - 1].sql;
        char text[2000];
        snprintf(text, sizeof(text), "%.*s", (int)sql.len, sql.at);
        struct store_stmt *stmt = prepare(f->reader, text, endpoint->param_names, endpoint->param_count);
        assert_string_equal(rows_of_stmt(stmt, values), cases[i].rows);
        store_finalize(stmt);
        end(&trying);
    }
}

static void a_depends_has_a_version_for_each_value(void **state)
{
    struct fixture *f = *state;
    struct trying trying;
    struct dependence dependence;
    struct err err = {0};
    const struct version *a[2], *b[2];
    if (!f->is_sqlite)
        return;
    run_script(f->writer, schema);
    start(&trying, f,
        "-- @depends prices (shop = :shop)\n" USE
        "-- @answer\nSELECT price FROM prices p JOIN shops s ON s.code = p.shop;");
    must_be_fine(dependence_find(trying.plan, f->store, &dependence, &err), &err);
    assert_int_equal(dependence.wide, 0);
    assert_int_equal(dependence.count, 2);
    const struct value first[] = {text_of("a"), text_of("2026-01-01")};
    const struct value second[] = {text_of("b"), text_of("2026-01-01")};
    dependence_versions(&dependence, first, a);
    dependence_versions(&dependence, second, b);
    assert_ptr_equal(a[0], versions_of(f->store, "shops"));
    assert_ptr_equal(b[0], a[0]);
    assert_ptr_not_equal(a[1], b[1]);
    assert_ptr_not_equal(a[1], versions_of(f->store, "prices"));
    dependence_fini(&dependence);
    end(&trying);
}

static void a_depends_whose_rows_cannot_be_told_apart_goes_by_the_table(void **state)
{
    struct fixture *f = *state;
    struct trying trying;
    struct err err = {0};
    if (!f->is_sqlite)
        return;
    run_script(f->writer, "CREATE TABLE prices (name text, shop text AS (lower(name)), price integer)");
    parse(&trying, f, "-- @depends prices (shop = :shop)\n" USE "-- @answer\nSELECT price FROM prices;");
    struct app app = {.dir = "x", .endpoints = &trying.endpoint, .endpoint_count = 1};
    must_be_fine(app_check(&app, f->writer, &trying.diags, &err), &err);
    must_be_fine(keep_advise(&app, f->store, f->writer, &trying.diags, &err), &err);
    assert_int_equal(trying.diags.count, 1);
    assert_string_equal(trying.diags.items[0].text,
        "warning: answers hang on all rows of prices: the table has generated columns");
    end(&trying);
    run_script(f->writer, "CREATE TABLE numbers (shop integer)");
    parse(&trying, f, "-- @depends numbers (shop = :shop)\n" USE "-- @answer\nSELECT shop FROM numbers;");
    app = (struct app){.dir = "x", .endpoints = &trying.endpoint, .endpoint_count = 1};
    must_be_fine(keep_advise(&app, f->store, f->writer, &trying.diags, &err), &err);
    assert_int_equal(trying.diags.count, 1);
    assert_string_equal(trying.diags.items[0].text,
        "warning: answers hang on all rows of numbers: a column may "
        "hold values of another type than its parameter's");
    end(&trying);
}

// What app_check says of an endpoint, without the word of the file in front.
static void expect_refused(
    struct fixture *f, const char *lines, const char *on_sqlite, const char *on_postgresql)
{
    struct trying trying;
    struct err err = {0};
    char told[2000] = "";
    parse(&trying, f, lines);
    struct app app = {.dir = "x", .endpoints = &trying.endpoint, .endpoint_count = 1};
    assert_int_equal(app_check(&app, f->writer, &trying.diags, &err), ERR_CONFIG);
    diags_sort(&trying.diags);
    for (size_t i = 0; i < trying.diags.count; i++)
        snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%u:%u %s", i > 0 ? "\n" : "",
            trying.diags.items[i].line, trying.diags.items[i].column, trying.diags.items[i].text);
    assert_string_equal(told, f->is_sqlite ? on_sqlite : on_postgresql);
    end(&trying);
}

static void a_depends_that_does_not_fit_the_tables_is_refused_at_its_place(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    expect_refused(f, "-- @depends pricess (shop = :shop)\n" USE "-- @answer\nSELECT * FROM pricess;",
        "4:13 no such table: pricess", "4:13 relation \"pricess\" does not exist");
    static const char no_column[] =
        "4:21 the table prices has no column shp; did you mean shop?\n4:34 the table prices has no column daily";
    expect_refused(f,
        "-- @depends prices (shp = :shop, daily = :day)\n" USE "-- @answer\nSELECT * FROM prices;", no_column,
        no_column);
    static const char no_table[] =
        "4:13 cheap is no table of the app's own; @depends needs the table that holds the rows";
    expect_refused(
        f, "-- @depends cheap (shop = :shop)\n" USE "-- @answer\nSELECT * FROM cheap;", no_table, no_table);
}

static void another_way_to_the_table_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char view[] =
        "8:1 a view or function that is used here reads prices, with rows that the @depends of line 4 leaves out; "
        "read prices itself, or take the @depends away";
    char lines[1000], with_schema[500];
    run_script(f->writer, schema);
    expect_refused(f,
        "-- @depends prices (shop = :shop)\n" USE
        "-- @answer\nSELECT * FROM prices WHERE price IN (SELECT price FROM cheap);",
        view, view);
    const char *own = f->is_sqlite ? "main" : f->name;
    snprintf(lines, sizeof(lines),
        "-- @depends prices (shop = :shop)\n" USE
        "-- @answer\nSELECT p.price\nFROM prices p, \"%s\".prices q WHERE p.shop = q.shop;",
        own);
    snprintf(with_schema, sizeof(with_schema),
        "9:16 \"%s\".prices has rows that the @depends of line 4 leaves out; write prices without its schema",
        own);
    expect_refused(f, lines, with_schema, with_schema);
    // Another statement of the endpoint sees all rows, too.
    static const char other[] =
        "6:1 a view or function that is used here reads prices, with rows that the @depends of line 4 leaves out; "
        "read prices itself, or take the @depends away";
    expect_refused(f,
        "-- @depends prices (shop = :shop)\n-- @reject 400 none\nSELECT 1 FROM cheap WHERE :day IS NULL;\n"
        "-- @answer\nSELECT price FROM prices;",
        other, other);
}

static void what_is_only_counted_is_no_other_way(void **state)
{
    struct fixture *f = *state;
    struct trying trying;
    struct err err = {0};
    static const char *const answers[] = {"SELECT 1 AS one FROM shops WHERE EXISTS (SELECT 1 FROM prices)",
        "SELECT count(*) AS n FROM prices", "SELECT prices.price FROM shops, prices",
        "SELECT q.price, prices FROM prices AS q, (SELECT 1 AS prices) AS p"};
    run_script(f->writer, schema);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char lines[500];
        snprintf(
            lines, sizeof(lines), "-- @depends prices (shop = :shop)\n" USE "-- @answer\n%s;", answers[i]);
        parse(&trying, f, lines);
        struct app app = {.dir = "x", .endpoints = &trying.endpoint, .endpoint_count = 1};
        enum err_code code = app_check(&app, f->writer, &trying.diags, &err);
        diags_print(&trying.diags, stderr);
        must_be_fine(code, &err);
        end(&trying);
    }
}

static void errors_below_a_depends_have_their_places_in_the_file(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, schema);
    expect_refused(f,
        "-- @depends prices (shop = :shop)\n" USE "-- @answer\nSELECT price,\n  nonsense FROM prices;",
        "9:3 no such column: nonsense", "9:3 column \"nonsense\" does not exist");
    expect_refused(f,
        "-- @depends prices (shop = :shop)\n" USE
        "-- @answer\nWITH x AS (SELECT nonsense FROM prices) SELECT * FROM x;",
        "8:19 no such column: nonsense", "8:19 column \"nonsense\" does not exist");
    expect_refused(f,
        "-- @depends prices (shop = :shop)\n" USE
        "-- @answer when EXISTS (SELECT nonsense FROM prices)\nSELECT 1 AS a;\n-- @answer\nSELECT 2 AS a;",
        "7:32 no such column: nonsense", "7:32 column \"nonsense\" does not exist");
}

// Messages cut what they show; SQL may not be cut.
static void a_long_condition_is_asked_of_the_store_whole(void **state)
{
    static const char first[] = "EXISTS (SELECT 1 FROM prices WHERE price IN (1, 22, 333, 4))";
    static const char other[] =
        "7:17 a view or function that is used here reads prices, with rows that the @depends of line 4 leaves out; "
        "read prices itself, or take the @depends away";
    struct fixture *f = *state;
    struct trying trying;
    struct dependence dependence;
    struct err err = {0};
    char lines[1000];
    assert_int_equal(strlen(first), SHOWN_BYTES); // so that the part would be SQL, too
    run_script(f->writer, schema);
    snprintf(lines, sizeof(lines),
        "-- @depends prices (shop = :shop)\n" USE "-- @answer when %s OR EXISTS (SELECT 1 FROM cheap)\n"
        "SELECT 1 AS one;\n-- @answer\nSELECT 2 AS one;",
        first);
    expect_refused(f, lines, other, other);
    snprintf(lines, sizeof(lines),
        "-- @depends prices (shop = :shop)\n" USE "-- @answer when %s OR EXISTS (SELECT 1 FROM shops)\n"
        "SELECT 1 AS one;\n-- @answer\nSELECT 2 AS one;",
        first);
    start(&trying, f, lines);
    must_be_fine(dependence_find(trying.plan, f->store, &dependence, &err), &err);
    assert_int_equal(dependence.count, 2); // the shop's prices, and all of the shops
    dependence_fini(&dependence);
    end(&trying);
    // 100 bytes, of which the first 60 are no SQL.
    static const char whole[] =
        "EXISTS (SELECT 1 FROM prices WHERE price IN (1, 22, 333) AND day >= '2026-01-01' AND shop IS NOT NULL)";
    snprintf(lines, sizeof(lines),
        "-- @depends prices (shop = :shop)\n" USE "-- @answer when %s\n"
        "SELECT 1 AS one;\n-- @answer\nSELECT 2 AS one;",
        whole);
    start(&trying, f, lines);
    must_be_fine(dependence_find(trying.plan, f->store, &dependence, &err), &err);
    assert_int_equal(dependence.count, 1);
    if (f->is_sqlite)
        assert_ptr_equal(dependence.sources[0].table, NULL);
    dependence_fini(&dependence);
    end(&trying);
}

#define LONG_TABLE  "prices_of_all_shops_in_every_town_of_the_whole_wide_country_61"
#define LONG_COLUMN "the_shop_that_has_a_price_in_the_town_of_the_wide_country_061"

static void a_depends_may_have_long_names(void **state)
{
    struct fixture *f = *state;
    struct trying trying;
    struct dependence dependence;
    struct err err = {0};
    assert_in_range(strlen(LONG_TABLE), SHOWN_BYTES + 1, 63); // PostgreSQL has no longer ones
    assert_in_range(strlen(LONG_COLUMN), SHOWN_BYTES + 1, 63);
    run_script(f->writer, "CREATE TABLE " LONG_TABLE " (" LONG_COLUMN " text, price integer)");
    start(&trying, f,
        "-- @param " LONG_COLUMN " text\n"
        "-- @depends " LONG_TABLE " (" LONG_COLUMN " = :" LONG_COLUMN ")\n" USE
        "-- @answer\nSELECT price FROM " LONG_TABLE ";");
    must_be_fine(dependence_find(trying.plan, f->store, &dependence, &err), &err);
    assert_int_equal(dependence.count, 1);
    if (f->is_sqlite)
        assert_ptr_equal(dependence.sources[0].table, NULL);
    dependence_fini(&dependence);
    end(&trying);
}

static void a_new_schema_ends_what_was_found(void **state)
{
    struct fixture *f = *state;
    struct trying trying;
    struct dependence dependence;
    struct err err = {0};
    if (!f->is_sqlite)
        return;
    run_script(f->writer, schema);
    start(&trying, f, USE "-- @answer\nSELECT price FROM cheap;");
    must_be_fine(dependence_find(trying.plan, f->store, &dependence, &err), &err);
    assert_true(dependence_holds(&dependence, trying.plan));
    run_script(f->writer, "DROP VIEW cheap; CREATE VIEW cheap AS SELECT name AS price FROM shops");
    const struct value values[] = {text_of("a"), null_value()};
    struct spool out;
    struct answered answered;
    spool_init(&out, NULL, 1000);
    must_be_fine(plan_answer(trying.plan, values, FORMAT_JSON, &out, &answered, &err), &err);
    assert_false(dependence_holds(&dependence, trying.plan));
    spool_fini(&out);
    dependence_fini(&dependence);
    end(&trying);
}

static void without_memory_nothing_is_leaked(void **state)
{
    struct fixture *f = *state;
    struct trying trying;
    struct err err = {0};
    bool is_done = false;
    run_script(f->writer, schema);
    start(&trying, f,
        "-- @depends prices (shop = :shop)\n" USE "-- @answer\nSELECT p.price FROM prices p, shops;");
    for (long n = 0; !is_done; n++) {
        struct dependence dependence;
        err = (struct err){0};
        mem_fail_after(n);
        enum err_code code = dependence_find(trying.plan, f->store, &dependence, &err);
        mem_fail_after(-1);
        is_done = code == ERR_NONE;
        if (!is_done)
            assert_int_equal(code, ERR_NO_MEMORY);
        dependence_fini(&dependence);
    }
    end(&trying);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_tables_of_all_statements_and_conditions_count),
        STORE_TEST(what_cannot_be_told_is_not_kept),
        STORE_TEST(a_statement_sees_the_rows_of_its_depends_alone),
        STORE_TEST(a_depends_has_a_version_for_each_value),
        STORE_TEST(a_depends_whose_rows_cannot_be_told_apart_goes_by_the_table),
        STORE_TEST(a_depends_that_does_not_fit_the_tables_is_refused_at_its_place),
        STORE_TEST(another_way_to_the_table_is_refused),
        STORE_TEST(what_is_only_counted_is_no_other_way),
        STORE_TEST(errors_below_a_depends_have_their_places_in_the_file),
        STORE_TEST(a_long_condition_is_asked_of_the_store_whole),
        STORE_TEST(a_depends_may_have_long_names),
        STORE_TEST(a_new_schema_ends_what_was_found),
        STORE_TEST(without_memory_nothing_is_leaked),
    };
    return fixture_run(tests);
}
