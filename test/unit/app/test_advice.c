// SPDX-License-Identifier: Apache-2.0
// Warnings about endpoint files, on a real store in memory with a table that is big and one that is not.
#include "app/advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/directives.h"
#include "base/mem.h"

enum { ARENA_BYTES = 16 * 1024 * 1024 };

static const char SCHEMA[] =
    "CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL, shop INTEGER, code TEXT);\n"
    "CREATE INDEX big_price ON big (price, id);\n"
    "CREATE UNIQUE INDEX big_name ON big (name);\n"
    "CREATE TABLE small (id INTEGER PRIMARY KEY, name TEXT);\n"
    "CREATE TABLE parent (id INTEGER PRIMARY KEY);\n"
    "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent);\n"
    "INSERT INTO child (id) SELECT CAST(julianday(day) AS integer) FROM calendar('2020-01-01', '2023-12-31');\n"
    "INSERT INTO big SELECT CAST(julianday(day) AS integer), day, 1, 1, 'x' FROM calendar('2020-01-01', '2023-12-31');\n"
    "INSERT INTO small SELECT CAST(julianday(day) AS integer), day FROM calendar('2020-01-01', '2020-12-31');\n";

static struct store *store;
static struct store_conn *conn;

static int open_all(void **state)
{
    (void)state;
    struct err err = {0};
    if (store_open("sqlite::memory:", "test", &store, &err) != ERR_NONE ||
        store_connect(store, STORE_WRITE, &conn, &err) != ERR_NONE ||
        store_exec(conn, span_of(SCHEMA), &err) != ERR_NONE) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    store_disconnect(conn);
    store_close(store);
    return 0;
}

static void print_warnings(const struct diags *diags, struct buf *out)
{
    for (size_t i = 0; i < diags->count; i++)
        buf_printf(out, "%s%u:%u %s", i > 0 ? "\n" : "", diags->items[i].line, diags->items[i].column,
            diags->items[i].text);
    buf_append_byte(out, '\0');
}

// The warnings about one endpoint file are `wanted`, a line each: "line:column warning: …".
static void warns(const char *text, const char *wanted)
{
    AUTO(arena_fini) struct arena arena;
    AUTO(diags_fini) struct diags diags;
    AUTO(buf_fini) struct buf out;
    struct endpoint endpoint;
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    buf_init(&out, ARENA_BYTES);
    enum err_code code =
        directives_parse("x.sql", span_of(text), SQL_SQLITE, &arena, &diags, &endpoint, &err);
    diags_print(&diags, stderr);
    assert_int_equal(code, ERR_NONE);
    assert_int_equal(diags.count, 0);
    struct app app = {.endpoints = &endpoint, .endpoint_count = 1};
    if (app_advise(&app, conn, &diags, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    print_warnings(&diags, &out);
    assert_string_equal(out.data, wanted);
}

// The same for the statement of a GET.
static void answer_warns(const char *sql, const char *wanted)
{
    char text[4096];
    snprintf(text, sizeof(text), "-- @endpoint GET /x\n-- @answer\n%s;\n", sql);
    warns(text, wanted);
}

#define READS_BIG                                                                                            \
    "3:1 warning: reads all 1461 rows of big each time; an index on the columns that it compares, joins or " \
    "sorts by would spare that"
#define NO_ORDER "warning: a LIMIT without an ORDER BY of its own: which rows it lets through is not sure"
#define NO_KEY                                                                                               \
    "warning: rows that are equal in this ORDER BY come in any order, and the LIMIT cuts between them: add " \
    "a unique column at its end, such as the key"

static void reading_a_big_table_as_a_whole_is_told(void **state)
{
    (void)state;
    answer_warns("SELECT id FROM big WHERE code = 'y'", READS_BIG);
    answer_warns("SELECT count(*) AS n FROM big WHERE code = 'y'", READS_BIG);
    answer_warns("SELECT s.id FROM small s JOIN big b ON b.code = s.name", READS_BIG);
    answer_warns(
        "SELECT id FROM small WHERE EXISTS (SELECT 1 FROM big b WHERE b.code = small.name)", READS_BIG);
    answer_warns("SELECT a.id FROM big a JOIN big b ON a.code = b.code", READS_BIG);
}

static void what_an_index_answers_is_not_told(void **state)
{
    (void)state;
    answer_warns("SELECT id FROM big WHERE id = 3", "");
    answer_warns("SELECT id FROM big WHERE price BETWEEN 3 AND 5 ORDER BY price", "");
    answer_warns("SELECT id FROM big WHERE name = 'x'", "");
    answer_warns("SELECT max(price) AS price FROM big", "");
}

static void small_tables_and_helpers_are_not_told(void **state)
{
    (void)state;
    answer_warns("SELECT name FROM small", "");
    answer_warns("SELECT day FROM calendar('1900-01-01', '2000-01-01')", "");
    warns("-- @endpoint GET /x\n-- @param t text list\n-- @answer\nSELECT value FROM list(:t);\n", "");
    warns(
        "-- @endpoint POST /x\n-- @field id integer\n-- @write\nINSERT INTO small (id) SELECT id FROM batch;\n"
        "-- @answer\nSELECT count(*) AS n FROM batch;\n",
        "");
}

static void a_read_that_stops_at_its_limit_is_not_told(void **state)
{
    (void)state;
    answer_warns("SELECT id FROM big WHERE code = 'x' ORDER BY price, id LIMIT 5", "");
    answer_warns("SELECT id FROM big ORDER BY id LIMIT 5", "");
    answer_warns("SELECT id FROM big WHERE code = 'y' LIMIT 1", READS_BIG "\n3:37 " NO_ORDER);
    answer_warns("SELECT id FROM big ORDER BY code, id LIMIT 5", READS_BIG);
    answer_warns(
        "SELECT s.id FROM small s JOIN big b ON b.code = s.name ORDER BY s.id, b.id LIMIT 5", READS_BIG);
    warns(
        "-- @endpoint GET /x\n-- @page 10 max 20\n-- @answer\nSELECT price, id FROM big ORDER BY price, id;\n",
        "");
    warns(
        "-- @endpoint GET /x\n-- @page 10 max 20\n-- @answer\nSELECT code, id FROM big ORDER BY code, id;\n",
        "4:1 warning: reads all 1461 rows of big each time; an index on the columns that it compares, joins or "
        "sorts by would spare that");
}

static void a_first_row_that_has_to_be_searched_is_told(void **state)
{
    (void)state;
    warns("-- @endpoint GET /x\n-- @shape value\n-- @answer\nSELECT id FROM big WHERE code = 'y';\n",
        "4:1 warning: reads all 1461 rows of big each time; an index on the columns that it compares, joins or "
        "sorts by would spare that");
    warns(
        "-- @endpoint GET /x\n-- @shape value\n-- @answer\nSELECT price FROM big ORDER BY price DESC;\n", "");
}

static void writes_are_told_but_not_loads(void **state)
{
    (void)state;
#define WRITE                                                                                                \
    "-- @field code text\n-- @write\nDELETE FROM big WHERE code IN (SELECT code FROM batch);\n-- @answer\nSELECT 1 AS one;\n"
    warns("-- @endpoint POST /x\n" WRITE,
        "4:1 warning: reads all 1461 rows of big each time; an index on the columns that it compares, joins or "
        "sorts by would spare that");
    warns("-- @endpoint POST /x\n-- @private\n" WRITE, "");
#undef WRITE
}

static void tables_that_refer_to_one_are_told_when_rows_of_it_go(void **state)
{
    (void)state;
    warns("-- @endpoint POST /x\n-- @field id integer\n-- @write\n"
          "INSERT INTO parent (id) SELECT id FROM batch WHERE true ON CONFLICT DO NOTHING;\n"
          "-- @answer\nSELECT 1 AS one;\n",
        "");
    warns("-- @endpoint POST /x\n-- @field id integer\n-- @write\n"
          "DELETE FROM parent WHERE id IN (SELECT id FROM batch);\n-- @answer\nSELECT 1 AS one;\n",
        "4:1 warning: reads all 1461 rows of child each time; an index on the columns that it compares, joins "
        "or sorts by would spare that");
}

static void a_limit_without_an_order_is_told_where_it_stands(void **state)
{
    (void)state;
    answer_warns("SELECT name FROM small LIMIT 5", "3:24 " NO_ORDER);
    answer_warns("SELECT name\nFROM small -- LIMIT 3\nWHERE name > 'LIMIT'\nLIMIT 5", "6:1 " NO_ORDER);
    answer_warns("SELECT name FROM (SELECT name FROM small LIMIT 5) ORDER BY name", "3:42 " NO_ORDER);
    answer_warns("SELECT name FROM (SELECT name FROM small ORDER BY id) LIMIT 5", "3:55 " NO_ORDER);
    answer_warns("SELECT name, row_number() OVER (ORDER BY id) AS n FROM small LIMIT 5", "3:62 " NO_ORDER);
    answer_warns("SELECT name FROM small UNION SELECT name FROM small LIMIT 5", "3:53 " NO_ORDER);
}

static void limits_that_cut_nothing_are_not_told(void **state)
{
    (void)state;
    answer_warns("SELECT name FROM small WHERE id = 1 LIMIT 1", "");
    answer_warns("SELECT name FROM small s WHERE 7 = s.id LIMIT 1", "");
    answer_warns("SELECT count(*) AS n FROM small LIMIT 1", "");
    answer_warns("SELECT 1 AS one LIMIT 1", "");
    answer_warns("SELECT name FROM small WHERE EXISTS (SELECT 1 FROM small LIMIT 1)", "");
    warns("-- @endpoint GET /x\n-- @reject 404 x\nSELECT name AS parameter FROM small LIMIT 1;\n-- @answer\n"
          "SELECT 1 AS one;\n",
        "");
    answer_warns("SELECT \"limit\" FROM (SELECT 1 AS \"limit\")", "");
}

static void an_order_without_a_key_is_told(void **state)
{
    (void)state;
    answer_warns("SELECT name FROM small ORDER BY name LIMIT 5", "3:38 " NO_KEY);
    answer_warns("SELECT name FROM small ORDER BY name DESC NULLS LAST LIMIT 5", "3:54 " NO_KEY);
    answer_warns("SELECT s.name AS n FROM small s ORDER BY n LIMIT 5", "3:44 " NO_KEY);
    answer_warns("SELECT s.name n FROM small s ORDER BY n LIMIT 5", "3:41 " NO_KEY);
    answer_warns("SELECT name FROM small WHERE id >= 5 ORDER BY name LIMIT 5", "3:52 " NO_KEY);
    warns("-- @endpoint GET /x\n-- @page 10 max 20\n-- @answer\nSELECT name FROM small ORDER BY name;\n",
        "4:24 warning: the columns of this ORDER BY do not look unique, and a @page needs that they are: add a "
        "unique column at its end, such as the key");
}

static void an_order_with_a_key_is_not_told(void **state)
{
    (void)state;
    answer_warns("SELECT name FROM small ORDER BY name, id LIMIT 5", "");
    answer_warns("SELECT name FROM small s ORDER BY s.name, \"id\" LIMIT 5", "");
    answer_warns("SELECT id AS number FROM small ORDER BY number DESC LIMIT 5", "");
    answer_warns("SELECT id number FROM small ORDER BY number LIMIT 5", "");
    answer_warns("SELECT name FROM big ORDER BY name LIMIT 5", "");
    answer_warns("SELECT name FROM small WHERE id = 5 ORDER BY name LIMIT 5", "");
}

static void an_order_that_cannot_be_judged_is_not_told(void **state)
{
    (void)state;
    answer_warns("SELECT name FROM small ORDER BY lower(name) LIMIT 5", "");
    answer_warns("SELECT name FROM small ORDER BY 1 LIMIT 5", "");
    answer_warns("SELECT lower(name) AS n FROM small ORDER BY n LIMIT 5", "");
    answer_warns("SELECT name, count(*) AS n FROM small GROUP BY name ORDER BY name LIMIT 5", "");
    answer_warns("SELECT DISTINCT name FROM small ORDER BY name LIMIT 5", "");
    answer_warns("SELECT name FROM small UNION SELECT name FROM small ORDER BY name LIMIT 5", "");
    answer_warns("SELECT name FROM small ORDER BY name COLLATE NOCASE LIMIT 5", "");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char TEXT[] =
        "-- @endpoint GET /x\n-- @answer\nSELECT name FROM small ORDER BY name LIMIT 5;\n";
    AUTO(arena_fini) struct arena arena;
    AUTO(diags_fini) struct diags diags;
    struct endpoint endpoint;
    struct err parse_err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    assert_int_equal(
        directives_parse("x.sql", span_of(TEXT), SQL_SQLITE, &arena, &diags, &endpoint, &parse_err),
        ERR_NONE);
    struct app app = {.endpoints = &endpoint, .endpoint_count = 1};
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        struct err err = {0};
        mem_fail_after(n);
        code = app_advise(&app, conn, &diags, &err);
        mem_fail_after(-1);
        if (code != ERR_NONE)
            assert_int_equal(code, ERR_NO_MEMORY);
        assert_true(n < 100);
    }
    assert_true(diags_total(&diags) > 0);
}

static void patterns_that_repeat_a_repetition_are_told(void **state)
{
    (void)state;
    warns(
        "-- @endpoint POST /x\n-- @field a text pattern \"(a+)+b\"\n"
        "-- @field b text pattern \"(x|y|z)*w?\"\n-- @write\nINSERT INTO small (name) SELECT a FROM batch;\n"
        "-- @answer 201\nSELECT 1 AS n;\n",
        "2:11 warning: the pattern of a repeats a repetition, as (a+)+ does: some texts take too long to match "
        "and are refused; write a+ instead, or (a++)+");
    warns("-- @endpoint GET /x\n-- @param q text pattern \"(?:\\p{L}+ ?)*\" name \"The Q\"\n"
          "-- @answer\nSELECT name FROM small WHERE name = :q ORDER BY name;\n",
        "2:11 warning: the pattern of The Q repeats a repetition, as (a+)+ does: some texts take too long to "
        "match and are refused; write a+ instead, or (a++)+");
}

static void an_open_endpoint_that_sees_who_asks_is_told_unless_it_says_so(void **state)
{
    (void)state;
    warns("-- @endpoint GET /x\n-- @answer\nSELECT :client AS me;\n",
        "1:4 warning: the endpoint is open, so :client says nothing of who comes without a key: say @access key, "
        "or @access open if that is meant");
    warns("-- @endpoint GET /x\n-- @claim level integer = 1\n-- @claim tenant text\n-- @answer\n"
          "SELECT :client AS me, :level AS level, :tenant AS tenant;\n",
        "2:11 warning: the endpoint is open, so :level says nothing of who comes without a key: say @access key, "
        "or @access open if that is meant");
    warns("-- @endpoint GET /x\n-- @access open\n-- @answer\nSELECT :client AS me;\n", "");
    warns("-- @endpoint GET /x\n-- @access key\n-- @answer\nSELECT :client AS me;\n", "");
    warns("-- @endpoint GET /x\n-- @param me text\n-- @answer\nSELECT :me AS me;\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_a_big_table_as_a_whole_is_told),
        cmocka_unit_test(what_an_index_answers_is_not_told),
        cmocka_unit_test(small_tables_and_helpers_are_not_told),
        cmocka_unit_test(a_read_that_stops_at_its_limit_is_not_told),
        cmocka_unit_test(a_first_row_that_has_to_be_searched_is_told),
        cmocka_unit_test(writes_are_told_but_not_loads),
        cmocka_unit_test(tables_that_refer_to_one_are_told_when_rows_of_it_go),
        cmocka_unit_test(a_limit_without_an_order_is_told_where_it_stands),
        cmocka_unit_test(limits_that_cut_nothing_are_not_told),
        cmocka_unit_test(an_order_without_a_key_is_told),
        cmocka_unit_test(an_order_with_a_key_is_not_told),
        cmocka_unit_test(an_order_that_cannot_be_judged_is_not_told),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(patterns_that_repeat_a_repetition_are_told),
        cmocka_unit_test(an_open_endpoint_that_sees_who_asks_is_told_unless_it_says_so),
    };
    return cmocka_run_group_tests_name("app/advice", tests, open_all, close_all);
}
