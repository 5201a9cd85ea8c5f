// SPDX-License-Identifier: Apache-2.0
// Endpoints with @page, walked from page to page on a real store in memory.
#include "app/page.h"

#include <stdio.h>
#include <string.h>

#include "app/plan.h"
#include "base/limits.h"
#include "plan_fixture.h"
#include "store/driver.h"

enum { MOST_PARAMS = 4 };

static const char SCHEMA[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price REAL, day TEXT NOT NULL);\n"
    "CREATE INDEX t_day ON t (day, id);\n"
    "CREATE INDEX t_mixed ON t (day DESC, name, id);\n"
    "INSERT INTO t VALUES (1, 'a', 0.1, '2024-01-01'), (2, 'b', 0.2, '2024-01-01'),\n"
    "  (3, 'c', 0.30000000000000004, '2024-01-02'), (4, 'd', 0.3, '2024-01-03'), (5, 'e', 1e300, '2024-01-03');\n";

static int set_up(void **state)
{
    return fixture_set_up(state, SCHEMA);
}

// The plan of a GET endpoint in pages with this answer, in the place of the one before.
static void plan(struct fixture *f, const char *lines)
{
    char file[8000];
    snprintf(file, sizeof(file), "-- @endpoint GET /t\n-- @page 2 max 100\n%s\n", lines);
    plan_file(f, file);
}

static void expect_no_pages(struct fixture *f, const char *select, const char *expected)
{
    char file[1000], line[1000];
    snprintf(file, sizeof(file), "-- @endpoint GET /t\n-- @page 2 max 100\n-- @answer\n%s\n", select);
    snprintf(line, sizeof(line), "x.sql:%s\n", expected);
    expect_refused(f, file, line);
}

// Asks for a page; `cursor` NULL: the first one. Further parameters are null.
static enum err_code ask(
    struct fixture *f, enum answer_format format, int64_t limit, const char *cursor, struct err *err)
{
    struct value params[MOST_PARAMS] = {0};
    struct answered answered = {0};
    params[f->endpoint.limit_param] = (struct value){.kind = VALUE_INTEGER, .integer = limit};
    if (cursor != NULL)
        params[f->endpoint.cursor_param] = (struct value){.kind = VALUE_TEXT, .text = span_of(cursor)};
    return answer(f, format, params, &answered, err);
}

// Walks from page to page; what comes is one text, with a blank behind each row and a bar behind each page.
static void expect_pages(struct fixture *f, int64_t limit, const char *expected)
{
    AUTO(buf_fini) struct buf text;
    char cursor[sizeof(f->cursor)] = "";
    buf_init(&text, 10000);
    do {
        struct err err = {0};
        must_be_fine(ask(f, FORMAT_CSV, limit, cursor[0] != '\0' ? cursor : NULL, &err), &err);
        for (const char *at = strchr(f->out.buf.data, '\n') + 1; *at != '\0'; at++) {
            if (*at != '\r')
                buf_append_byte(&text, *at == '\n' ? ' ' : *at);
        }
        buf_append_byte(&text, '|');
        strcpy(cursor, f->cursor);
    } while (cursor[0] != '\0' && text.len < 1000);
    assert_int_equal(buf_append_byte(&text, '\0'), ERR_NONE);
    assert_string_equal(text.data, expected);
}

static void expect_fails(struct fixture *f, int64_t limit, const char *cursor, enum err_code code,
    const char *text, const char *hint)
{
    struct err err = {0};
    assert_int_equal(ask(f, FORMAT_JSON, limit, cursor, &err), code);
    assert_string_equal(err.text, text);
    assert_string_equal(err.hint, hint);
}

// --- walking

static void pages_follow_each_other_in_order(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY id;");
    expect_pages(f, 2, "1,a 2,b |3,c 4,d |5,e |");
    expect_pages(f, 5, "1,a 2,b 3,c 4,d 5,e |");
    expect_pages(f, 1, "1,a |2,b |3,c |4,d |5,e |");
    expect_pages(f, 100, "1,a 2,b 3,c 4,d 5,e |");
}

static void an_answer_without_rows_is_one_empty_page(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT id, name FROM t WHERE id > 5 ORDER BY id;");
    expect_pages(f, 2, "|");
}

static void every_direction_is_walked_in_its_own_order(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT id, day FROM t ORDER BY day DESC, id DESC;");
    expect_pages(f, 2, "5,2024-01-03 4,2024-01-03 |3,2024-01-02 2,2024-01-01 |1,2024-01-01 |");
    plan(f, "-- @answer\nSELECT id, day FROM t ORDER BY day DESC, id;");
    expect_pages(f, 1, "4,2024-01-03 |5,2024-01-03 |3,2024-01-02 |1,2024-01-01 |2,2024-01-01 |");
    plan(f, "-- @answer\nSELECT id, day FROM t ORDER BY day, id DESC;");
    expect_pages(f, 2, "2,2024-01-01 1,2024-01-01 |3,2024-01-02 5,2024-01-03 |4,2024-01-03 |");
    plan(f, "-- @answer\nSELECT 1 AS one, day, id FROM t ORDER BY one DESC, day ASC, id DESC;");
    expect_pages(f, 3, "1,2024-01-01,2 1,2024-01-01,1 1,2024-01-02,3 |1,2024-01-03,5 1,2024-01-03,4 |");
}

static void reals_come_back_to_the_last_bit(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT price FROM t ORDER BY price;");
    expect_pages(f, 1, "0.1 |0.2 |0.3 |0.30000000000000004 |1e+300 |");
    plan(f, "-- @answer\nSELECT 9e999 AS x UNION ALL SELECT -9e999 UNION ALL SELECT 0 ORDER BY x DESC;");
    expect_pages(f, 1, " |0 | |");
}

static void any_column_of_the_answer_may_be_in_the_order(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT upper(name) AS \"shop.a \"\"name\"\"\", id FROM t\n"
            "ORDER BY \"shop.a \"\"name\"\"\" DESC -- the last first\n;");
    expect_pages(f, 2, "E,5 D,4 |C,3 B,2 |A,1 |");
    plan(f, "-- @answer\nSELECT id AS Id, name AS id2 FROM t ORDER BY [Id] DESC;");
    expect_pages(f, 4, "5,e 4,d 3,c 2,b |1,a |");
    plan(f, "-- @answer\nSELECT id AS Id, name AS id2 FROM t ORDER BY iD;");
    expect_pages(f, 4, "1,a 2,b 3,c 4,d |5,e |");
}

static void any_statement_that_ends_with_an_order_can_be_paged(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nWITH x AS (SELECT * FROM t ORDER BY name LIMIT 4)\n"
            "SELECT day, count(*) AS n, (SELECT max(id) FROM t ORDER BY 1) AS most FROM x -- each day\n"
            "GROUP BY day HAVING n > 0 ORDER BY day;");
    expect_pages(f, 2, "2024-01-01,2,5 2024-01-02,1,5 |2024-01-03,1,5 |");
    plan(f, "-- @answer\nSELECT id FROM t UNION SELECT id + 5 FROM t /* all */ ORDER BY id DESC;");
    expect_pages(f, 4, "10 9 8 7 |6 5 4 3 |2 1 |");
}

static void rows_that_come_and_go_neither_repeat_nor_hide_others(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    plan(f, "-- @answer\nSELECT id FROM t ORDER BY id;");
    must_be_fine(ask(f, FORMAT_JSON, 2, NULL, &err), &err);
    assert_string_equal(f->out.buf.data, "[{\"id\":1},{\"id\":2}]");
    run_script(f, "DELETE FROM t WHERE id IN (1, 2); INSERT INTO t VALUES (-1, 'x', 1, '2024-01-01');");
    char cursor[sizeof(f->cursor)];
    strcpy(cursor, f->cursor);
    must_be_fine(ask(f, FORMAT_JSON, 2, cursor, &err), &err);
    assert_string_equal(f->out.buf.data, "[{\"id\":3},{\"id\":4}]");
}

static void parameters_are_bound_on_every_page(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    plan(f,
        "-- @param low integer\n-- @answer\nSELECT id, :low AS low FROM t WHERE :low IS NULL ORDER BY id;");
    must_be_fine(ask(f, FORMAT_JSON, 2, NULL, &err), &err);
    assert_string_equal(f->out.buf.data, "[{\"id\":1,\"low\":null},{\"id\":2,\"low\":null}]");
}

static void each_of_several_answers_has_pages_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char cursor[sizeof(f->cursor)];
    plan(f, "-- @under all\n-- @answer when :limit < 3\nSELECT id FROM t ORDER BY id;\n"
            "-- @answer\nSELECT id FROM t ORDER BY id DESC;");
    must_be_fine(ask(f, FORMAT_JSON, 2, NULL, &err), &err);
    assert_string_equal(f->out.buf.data, "{\"all\":[{\"id\":1},{\"id\":2}]}");
    strcpy(cursor, f->cursor);
    must_be_fine(ask(f, FORMAT_NDJSON, 1, cursor, &err), &err);
    assert_string_equal(f->out.buf.data, "{\"id\":3}\n");
    must_be_fine(ask(f, FORMAT_NDJSON, 3, NULL, &err), &err);
    assert_string_equal(f->out.buf.data, "{\"id\":5}\n{\"id\":4}\n{\"id\":3}\n");
    expect_fails(f, 3, cursor, ERR_INVALID,
        "the cursor is none of this endpoint as it is now: start again without it", "");
}

// --- cursors

static void a_cursor_of_something_else_is_refused(void **state)
{
    static const char text[] = "the cursor is none of this endpoint as it is now: start again without it";
    struct fixture *f = *state;
    struct err err = {0};
    char cursor[sizeof(f->cursor)];
    plan(f, "-- @answer\nSELECT id FROM t ORDER BY id;");
    must_be_fine(ask(f, FORMAT_JSON, 2, NULL, &err), &err);
    strcpy(cursor, f->cursor);
    expect_fails(f, 2, "x", ERR_INVALID, text, "");
    expect_fails(f, 2, "a b", ERR_INVALID, text, "");
    expect_fails(f, 2, "AAAA", ERR_INVALID, text, "");
    for (size_t i = 0; i < strlen(cursor); i++) { // every change of one character
        char wrong[sizeof(cursor)];
        strcpy(wrong, cursor);
        wrong[i] = '!';
        expect_fails(f, 2, wrong, ERR_INVALID, text, "");
        wrong[i] = '\0'; // cut short
        if (i > 0)
            expect_fails(f, 2, wrong, ERR_INVALID, text, "");
    }
    plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY id;"); // an edit of the same endpoint
    expect_fails(f, 2, cursor, ERR_INVALID, text, "");
}

// --- orders that do not tell where a page ends

static void rows_alike_in_their_order_are_an_error_of_the_app(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT day FROM t ORDER BY day;");
    expect_fails(f, 1, NULL, ERR_STORE, "x.sql:4:1: two rows are alike in all that @page orders by",
        "add a unique column to the end of its ORDER BY");
    plan(f, "-- @answer\nSELECT 1 AS x UNION ALL SELECT 1.0 ORDER BY x;");
    expect_fails(f, 1, NULL, ERR_STORE, "x.sql:4:1: two rows are alike in all that @page orders by",
        "add a unique column to the end of its ORDER BY");
}

static void nulls_are_walked_where_the_store_has_them(void **state)
{
    struct fixture *f = *state;
    run_script(f, "UPDATE t SET name = NULL WHERE id IN (2, 3);");
    plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY name, id;");
    expect_pages(f, 1, "2, |3, |1,a |4,d |5,e |");
    expect_pages(f, 2, "2, 3, |1,a 4,d |5,e |");
    expect_pages(f, 3, "2, 3, 1,a |4,d 5,e |");
    plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY name DESC, id;");
    expect_pages(f, 1, "5,e |4,d |1,a |2, |3, |");
    expect_pages(f, 2, "5,e 4,d |1,a 2, |3, |");
    plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY name NULLS LAST, id DESC;");
    expect_pages(f, 2, "1,a 4,d |5,e 3, |2, |");
    plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY name DESC NULLS FIRST, id DESC;");
    expect_pages(f, 2, "3, 2, |5,e 4,d |1,a |");
    plan(f, "-- @answer\nSELECT id, day, name FROM t ORDER BY day, name DESC, id;");
    expect_pages(f, 1, "1,2024-01-01,a |2,2024-01-01, |3,2024-01-02, |5,2024-01-03,e |4,2024-01-03,d |");
    run_script(f, "UPDATE t SET name = NULL WHERE id <> 4;");
    plan(f, "-- @answer\nSELECT name FROM t WHERE id > 3 ORDER BY name;");
    expect_pages(f, 1, " |d |");
    plan(f, "-- @answer\nSELECT name FROM t WHERE id > 3 ORDER BY name DESC;");
    expect_pages(f, 1, "d | |");
}

static void a_null_that_an_outer_join_makes_is_walked_too(void **state)
{
    struct fixture *f = *state;
    static const char *const answers[] = {
        "SELECT t.id AS id, o.day AS day FROM t LEFT JOIN t AS o ON o.id = t.id + 3 ORDER BY day DESC, id;",
        "SELECT id, (SELECT o.day FROM t AS o WHERE o.id = t.id + 3) AS day FROM t ORDER BY day DESC, id;",
        "SELECT id, day FROM later ORDER BY day DESC, id;"};
    run_script(f, "CREATE VIEW later AS "
                  "SELECT t.id AS id, o.day AS day FROM t LEFT JOIN t AS o ON o.id = t.id + 3;");
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        char lines[200];
        snprintf(lines, sizeof(lines), "-- @answer\n%s", answers[i]);
        plan(f, lines);
        expect_pages(f, 2, "1,2024-01-03 2,2024-01-03 |3, 4, |5, |");
    }
}

static void values_alike_to_a_collation_keep_their_order_beside_nulls(void **state)
{
    struct fixture *f = *state;
    run_script(f, "CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT COLLATE NOCASE);"
                  "INSERT INTO words VALUES (1, 'b'), (2, 'A'), (3, NULL), (4, 'a'), (5, 'C'), (6, 'B');");
    plan(f, "-- @answer\nSELECT id, word FROM words ORDER BY word DESC, id;");
    expect_pages(f, 1, "5,C |1,b |6,B |2,A |4,a |3, |");
    plan(f, "-- @answer\nSELECT id, word FROM words ORDER BY word, id;");
    expect_pages(f, 4, "3, 2,A 4,a 1,b |6,B 5,C |");
}

// A view hides its outer join, and its table is named beside it.
static void a_null_where_there_can_be_none_is_an_error_of_the_app(void **state)
{
    static const char text[] = "x.sql:4:1: a row has no day, and @page orders by it";
    static const char hint[] = "order by columns without nulls: coalesce(…) AS day, or leave such rows out";
    struct fixture *f = *state;
    struct err err = {0};
    run_script(
        f, "CREATE VIEW x AS SELECT t.id AS id, o.day AS day FROM t LEFT JOIN t AS o ON o.id = t.id + 3;");
    plan(f, "-- @answer\nSELECT x.id AS id, x.day AS day FROM x JOIN t ON t.id = x.id ORDER BY day, id;");
    expect_fails(f, 2, NULL, ERR_STORE, text, hint); // it comes first
    plan(
        f, "-- @answer\nSELECT x.id AS id, x.day AS day FROM x JOIN t ON t.id = x.id ORDER BY day DESC, id;");
    must_be_fine(ask(f, FORMAT_JSON, 1, NULL, &err), &err); // it comes last
    char cursor[sizeof(f->cursor)];
    strcpy(cursor, f->cursor);
    expect_fails(f, 2, cursor, ERR_STORE, text, hint); // no page would show it
}

static void keys_that_no_cursor_can_hold_are_an_error_of_the_app(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @answer\nSELECT printf('%.*c', 4000, 'x') || id AS x FROM t ORDER BY x;");
    expect_fails(f, 1, NULL, ERR_STORE,
        "x.sql:4:1: the columns that @page orders by hold more than 3000 bytes", "order by shorter columns");
    plan(f, "-- @answer\nSELECT CAST(x'ff' AS TEXT) || id AS x FROM t ORDER BY x;");
    expect_fails(
        f, 1, NULL, ERR_STORE, "x.sql:4:1: a column that @page orders by holds text that is not UTF-8", "");
    expect_pages(f, 5,
        "\xEF\xBF\xBD"
        "1 \xEF\xBF\xBD"
        "2 \xEF\xBF\xBD"
        "3 \xEF\xBF\xBD"
        "4 \xEF\xBF\xBD"
        "5 |");
}

// --- statements that have no such order

static void a_statement_without_an_order_of_its_columns_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char none[] =
        "4:1: @page needs a statement that ends with ORDER BY and names of its columns";
    expect_no_pages(f, "SELECT id FROM t;", none);
    expect_no_pages(f, "SELECT id FROM t LIMIT 3;", none);
    expect_no_pages(f, "SELECT id FROM (SELECT id FROM t ORDER BY id);", none);
    expect_no_pages(f, "SELECT id, row_number() OVER (ORDER BY id) AS n FROM t;", none);
    expect_no_pages(f, "SELECT id\nFROM t ORDER BY\n  name;",
        "6:3: @page orders by names of the answer's columns, and \"name\" is none");
    expect_no_pages(f, "SELECT id FROM t ORDER BY id + 1;",
        "4:30: @page orders by names, with ASC or DESC at most, and not by \"id +\"");
    expect_no_pages(f, "SELECT id FROM t ORDER BY t.id;",
        "4:27: @page orders by names of the answer's columns: write id for t.id");
    expect_no_pages(f, "SELECT id FROM t ORDER BY 1;",
        "4:27: @page orders by names of the answer's columns, and \"1\" is none");
    expect_no_pages(
        f, "SELECT id FROM t ORDER BY id LIMIT 3;", "4:30: @page sets the limit itself: leave out LIMIT");
    expect_no_pages(f, "SELECT id, name FROM t ORDER BY id, name COLLATE NOCASE;",
        "4:42: @page orders by names, with ASC or DESC at most, and not by \"name COLLATE\"");
}

static void an_order_of_too_many_columns_is_refused(void **state)
{
    expect_no_pages(*state,
        "SELECT 1 AS a, 2 AS b FROM t ORDER BY a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b,\n a;",
        "5:2: @page orders by at most 16 columns");
}

// --- speed

struct lines {
    char text[1000];
};

static void on_run(void *ctx, const struct statement_run *run)
{
    struct store_stmt **stmt = ctx;
    *stmt = run->stmt;
}

static void on_line(void *ctx, const struct store_plan_line *line)
{
    struct lines *lines = ctx;
    strncat(lines->text, line->text, sizeof(lines->text) - strlen(lines->text) - 2);
    strcat(lines->text, "\n");
}

// How the store runs the page behind the first one.
static void expect_plan(struct fixture *f, const char *lines, const char *expected)
{
    struct err err = {0};
    struct store_stmt *stmt = NULL;
    struct lines shown = {""};
    char cursor[sizeof(f->cursor)];
    plan(f, lines);
    plan_observe(f->plan, on_run, &stmt);
    must_be_fine(ask(f, FORMAT_JSON, 2, NULL, &err), &err);
    strcpy(cursor, f->cursor);
    must_be_fine(ask(f, FORMAT_JSON, 2, cursor, &err), &err);
    must_be_fine(store_explain(stmt, on_line, &shown, &err), &err);
    assert_string_equal(shown.text, expected);
}

static void an_index_on_the_order_finds_the_first_row_of_any_page(void **state)
{
    struct fixture *f = *state;
    expect_plan(f, "-- @answer\nSELECT id, price FROM t ORDER BY id;",
        "SEARCH t USING INTEGER PRIMARY KEY (rowid>?)\n");
    expect_plan(f, "-- @answer\nSELECT id, day FROM t ORDER BY day, id;",
        "SEARCH t USING COVERING INDEX t_day (day>?)\n");
    expect_plan(f, "-- @answer\nSELECT id, price, day FROM t WHERE price > 0 ORDER BY day DESC, id DESC;",
        "SEARCH t USING INDEX t_day (day<?)\n");
    expect_plan(f, "-- @answer\nSELECT price, day, name, id FROM t ORDER BY day DESC, name, id;",
        "SEARCH t USING INDEX t_mixed (day<?)\n");
    expect_plan(f,
        "-- @answer\nWITH x AS (SELECT * FROM t) SELECT id AS \"the.id\", day FROM x ORDER BY day, \"the.id\";",
        "SEARCH t USING COVERING INDEX t_day (day>?)\n");
}

static void each_part_of_a_page_with_nulls_has_its_range_of_the_index(void **state)
{
    struct fixture *f = *state;
    run_script(f, "CREATE INDEX t_name ON t (name, id); UPDATE t SET name = NULL WHERE id < 3;");
    expect_plan(f, "-- @answer\nSELECT id, name FROM t ORDER BY name, id;",
        "MERGE (UNION ALL)\nLEFT\nMERGE (UNION ALL)\nLEFT\n"
        "CO-ROUTINE part0\nSEARCH t USING COVERING INDEX t_name (name>?)\nSCAN part0\nUSE TEMP B-TREE FOR ORDER BY\n"
        "RIGHT\n"
        "CO-ROUTINE part1\nSEARCH t USING COVERING INDEX t_name (name>?)\nSCAN part1\nUSE TEMP B-TREE FOR ORDER BY\n"
        "RIGHT\n"
        "CO-ROUTINE part2\nSEARCH t USING COVERING INDEX t_name (name=? AND id>?)\nSCAN part2\n"
        "USE TEMP B-TREE FOR ORDER BY\n");
}

// --- memory

// As when somebody else changes them between the two: what is found out of the statement alone is old then.
static void pages_of_tables_that_have_just_changed_are_not_prepared(void **state)
{
    struct fixture *f = *state;
    static const char *const changes[] = {"ALTER TABLE t ADD COLUMN more TEXT",
        "ALTER TABLE t RENAME COLUMN more TO less", "ALTER TABLE t DROP COLUMN less"};
    parse(f, "-- @endpoint GET /t\n-- @page 2 max 100\n-- @answer\nSELECT * FROM t ORDER BY id\n");
    const struct statement *statement = &f->endpoint.statements[0];
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct err err = {0};
        struct answer answer;
        struct store_stmt *stmt;
        struct page *page = NULL;
        must_be_fine(store_prepare(f->conn, statement->sql, f->endpoint.param_names, f->endpoint.param_count,
                         &stmt, &err),
            &err);
        must_be_fine(
            answer_init(&answer, &f->endpoint, statement, f->conn, stmt, &f->arena, &f->diags, &err), &err);
        run_script(f, changes[i]);
        assert_int_equal(
            page_new(&f->endpoint, statement, &answer, f->conn, &f->arena, &f->diags, &page, &err),
            ERR_STALE);
        assert_null(page);
        store_finalize(stmt);
    }
    plan(f, "-- @answer\nSELECT * FROM t ORDER BY id");
    assert_int_equal(diags_total(&f->diags), 0);
}

// A connection on which the tables change before a statement is prepared.
struct changing {
    struct store_driver driver;
    struct fixture *fixture;
    unsigned prepared; // so far
    unsigned changes;  // likewise
    unsigned most;     // changes
};

static struct changing *changing;

// Each endpoint here has a statement, which comes first, and those that pages are made of.
static enum err_code change_and_prepare(struct store_conn *conn, struct span sql,
    const struct store_name *params, size_t param_count, struct store_stmt **ret_stmt, struct err *err)
{
    char change[80];
    if (memmem(sql.at, sql.len, "AS page", 7) != NULL && changing->prepared % 2 == 1 &&
        changing->changes < changing->most) {
        snprintf(change, sizeof(change), "ALTER TABLE t ADD COLUMN more%u TEXT", ++changing->changes);
        run_script(changing->fixture, change);
    }
    changing->prepared++;
    return sqlite_driver.prepare(conn, sql, params, param_count, ret_stmt, err);
}

static void what_changes_while_it_is_prepared_is_prepared_again(void **state)
{
    struct fixture *f = *state;
    struct changing c = {.driver = sqlite_driver, .fixture = f, .most = 2};
    struct err err = {0};
    c.driver.prepare = change_and_prepare;
    changing = &c;
    f->conn->driver = &c.driver;
    parse(f, "-- @endpoint GET /t\n-- @page 2 max 100\n-- @answer\nSELECT * FROM t ORDER BY id\n");
    must_be_fine(plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err), &err);
    assert_int_equal(c.changes, 2);
    plan_free(f->plan);
    f->plan = NULL;
    c.most = 1000; // all the time
    c.changes = 2;
    c.prepared = 0;
    assert_int_equal(plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err), ERR_STALE);
    assert_int_equal(c.changes, 2 + LIMIT_READ_TRIES);
    f->conn->driver = &sqlite_driver;
}

static void without_memory_planning_says_so_and_leaks_nothing(void **state)
{
    expect_memory_faults_of_planning(*state,
        "-- @endpoint GET /t\n-- @page 2 max 10\n-- @answer\nSELECT id, day FROM t ORDER BY day DESC, id;\n",
        6);
}

int main(void)
{
#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        PAGE_TEST(pages_follow_each_other_in_order),
        PAGE_TEST(an_answer_without_rows_is_one_empty_page),
        PAGE_TEST(every_direction_is_walked_in_its_own_order),
        PAGE_TEST(reals_come_back_to_the_last_bit),
        PAGE_TEST(any_column_of_the_answer_may_be_in_the_order),
        PAGE_TEST(any_statement_that_ends_with_an_order_can_be_paged),
        PAGE_TEST(rows_that_come_and_go_neither_repeat_nor_hide_others),
        PAGE_TEST(parameters_are_bound_on_every_page),
        PAGE_TEST(each_of_several_answers_has_pages_of_its_own),
        PAGE_TEST(a_cursor_of_something_else_is_refused),
        PAGE_TEST(rows_alike_in_their_order_are_an_error_of_the_app),
        PAGE_TEST(nulls_are_walked_where_the_store_has_them),
        PAGE_TEST(a_null_that_an_outer_join_makes_is_walked_too),
        PAGE_TEST(values_alike_to_a_collation_keep_their_order_beside_nulls),
        PAGE_TEST(a_null_where_there_can_be_none_is_an_error_of_the_app),
        PAGE_TEST(keys_that_no_cursor_can_hold_are_an_error_of_the_app),
        PAGE_TEST(a_statement_without_an_order_of_its_columns_is_refused),
        PAGE_TEST(an_order_of_too_many_columns_is_refused),
        PAGE_TEST(an_index_on_the_order_finds_the_first_row_of_any_page),
        PAGE_TEST(each_part_of_a_page_with_nulls_has_its_range_of_the_index),
        PAGE_TEST(pages_of_tables_that_have_just_changed_are_not_prepared),
        PAGE_TEST(what_changes_while_it_is_prepared_is_prepared_again),
        PAGE_TEST(without_memory_planning_says_so_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
