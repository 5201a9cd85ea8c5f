// SPDX-License-Identifier: Apache-2.0
// Endpoint files, parsed and run on a real store in memory.
#include "app/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/directives.h"
#include "base/mem.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, OUT_BYTES = 1 << 20 };

static const char SCHEMA[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);\n"
    "INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two \"2\"', 2), (3, 'three', NULL);\n";

struct fixture {
    struct store *store;
    struct store_conn *conn;
    struct arena arena;
    struct diags diags;
    struct endpoint endpoint;
    struct plan *plan;
    struct spool out;
};

static void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};
    must_be_fine(store_open("sqlite::memory:", "test", &f->store, &err), &err);
    must_be_fine(store_connect(f->store, STORE_WRITE, &f->conn, &err), &err);
    must_be_fine(store_exec(f->conn, span_of(SCHEMA), &err), &err);
    arena_init(&f->arena, ARENA_BYTES);
    diags_init(&f->diags);
    spool_init(&f->out, NULL, OUT_BYTES);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    plan_free(f->plan);
    store_disconnect(f->conn);
    store_close(f->store);
    spool_fini(&f->out);
    diags_fini(&f->diags);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static void parse(struct fixture *f, const char *text)
{
    struct err err = {0};
    enum err_code code =
        directives_parse("x.sql", span_of(text), SQL_SQLITE, &f->arena, &f->diags, &f->endpoint, &err);
    diags_print(&f->diags, stderr);
    must_be_fine(code, &err);
}

static void plan(struct fixture *f, const char *text)
{
    struct err err = {0};
    parse(f, text);
    enum err_code code = plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err);
    diags_print(&f->diags, stderr);
    must_be_fine(code, &err);
}

static void expect_diags(struct fixture *f, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    diags_sort(&f->diags);
    diags_print(&f->diags, file);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}

static void expect_refused(struct fixture *f, const char *text, const char *expected)
{
    struct err err = {0};
    parse(f, text);
    assert_int_equal(plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err), ERR_CONFIG);
    assert_string_equal(err.text, "x.sql has errors");
    assert_null(f->plan);
    expect_diags(f, expected);
}

static struct answered answer_as(struct fixture *f, enum answer_format format, const struct value *params)
{
    struct err err = {0};
    struct answered answered = {0};
    spool_reset(&f->out);
    must_be_fine(plan_answer(f->plan, params, format, &f->out, &answered, &err), &err);
    assert_int_equal(buf_append_byte(&f->out.buf, '\0'), ERR_NONE);
    return answered;
}

static void expect_answer_as(
    struct fixture *f, enum answer_format format, const struct value *params, const char *expected)
{
    struct answered answered = answer_as(f, format, params);
    assert_int_equal(answered.status, 200);
    assert_int_equal(answered.cursor.len, 0);
    assert_string_equal(f->out.buf.data, expected);
}

static void expect_answer(struct fixture *f, const struct value *params, const char *expected)
{
    expect_answer_as(f, FORMAT_JSON, params, expected);
}

// The plan of a GET endpoint with these lines, in the place of the one before.
static void plan_get(struct fixture *f, const char *lines)
{
    char file[4000];
    plan_free(f->plan);
    f->plan = NULL;
    snprintf(file, sizeof(file), "-- @endpoint GET /a\n%s\n", lines);
    plan(f, file);
}

static void expect_answer_fails(struct fixture *f, const char *lines, enum err_code code, const char *text)
{
    struct err err = {0};
    struct answered answered = {.status = 7};
    plan_get(f, lines);
    spool_reset(&f->out);
    assert_int_equal(plan_answer(f->plan, NULL, FORMAT_JSON, &f->out, &answered, &err), code);
    assert_string_equal(err.text, text);
    assert_int_equal(answered.status, 7);
}

// --- answers

static void an_answer_is_an_array_of_objects_in_column_order(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @endpoint GET /t\n-- @answer\nSELECT name, id, price FROM t ORDER BY id;\n");
    assert_ptr_equal(plan_endpoint(f->plan), &f->endpoint);
    static const char expected[] =
        "[{\"name\":\"one\",\"id\":1,\"price\":1.5},{\"name\":\"two \\\"2\\\"\",\"id\":2,\"price\":2.0},"
        "{\"name\":\"three\",\"id\":3,\"price\":null}]";
    expect_answer(f, NULL, expected);
    expect_answer(f, NULL, expected); // again, from the start
}

static void an_answer_without_rows_is_an_empty_array(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @endpoint GET /t\n-- @answer\nSELECT id FROM t WHERE id > 10;\n");
    expect_answer(f, NULL, "[]");
}

static void parameters_are_bound_in_the_order_of_their_declaration(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @endpoint GET /t\n-- @param b text\n-- @param a integer\n-- @answer\n"
            "SELECT :a AS a, :b AS b, :a + 1 AS c;\n");
    struct value params[] = {
        {.kind = VALUE_TEXT, .text = {.at = "x'y", .len = 3}}, {.kind = VALUE_INTEGER, .integer = 41}};
    expect_answer(f, params, "[{\"a\":41,\"b\":\"x'y\",\"c\":42}]");
    params[0] = (struct value){.kind = VALUE_NULL};
    expect_answer(f, params, "[{\"a\":41,\"b\":null,\"c\":42}]");
}

static void declared_columns_have_the_form_of_their_type(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @endpoint GET /t\n-- @column i integer\n-- @column n number\n-- @column b boolean\n"
            "-- @column d date\n-- @answer\n"
            "SELECT 1112.0 AS i, 5 AS n, 1 AS b, '2016-01-06' AS d, 1112.0 AS free\n"
            "UNION ALL SELECT -9223372036854775808.0, 0.1, 0.0, 'any text', 9e999\n"
            "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL;\n");
    expect_answer(f, NULL,
        "[{\"i\":1112,\"n\":5.0,\"b\":true,\"d\":\"2016-01-06\",\"free\":1112.0},"
        "{\"i\":-9223372036854775808,\"n\":0.1,\"b\":false,\"d\":\"any text\",\"free\":null},"
        "{\"i\":null,\"n\":null,\"b\":null,\"d\":null,\"free\":null}]");
}

static void a_value_that_is_not_of_the_declared_type_is_an_error(void **state)
{
    struct fixture *f = *state;
    expect_answer_fails(f, "-- @column x integer\n-- @answer\nSELECT 1.5 AS x", ERR_STORE,
        "column x is declared integer, and a row has 1.5");
    expect_answer_fails(f, "-- @column x integer\n-- @answer\nSELECT 9223372036854775808.0 AS x", ERR_STORE,
        "column x is declared integer, and a row has 9223372036854776000.0");
    expect_answer_fails(f, "-- @column x integer\n-- @answer\nSELECT '1' AS x", ERR_STORE,
        "column x is declared integer, and a row has 1");
    expect_answer_fails(f, "-- @column x number\n-- @answer\nSELECT 'abc' AS x", ERR_STORE,
        "column x is declared number, and a row has abc");
    expect_answer_fails(f, "-- @column x boolean\n-- @answer\nSELECT 2 AS x", ERR_STORE,
        "column x is declared boolean, and a row has 2");
    expect_answer_fails(f, "-- @column x text\n-- @answer\nSELECT 2 AS x", ERR_STORE,
        "column x is declared text, and a row has 2");
    expect_answer_fails(f, "-- @column x date\n-- @answer\nSELECT 2016.5 AS x", ERR_STORE,
        "column x is declared date, and a row has 2016.5");
}

static void an_answer_that_does_not_fit_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct spool small;
    struct err err = {0};
    struct answered answered;
    plan(f, "-- @endpoint GET /t\n-- @answer\nSELECT name FROM t ORDER BY id;\n");
    spool_init(&small, NULL, 20);
    assert_int_equal(plan_answer(f->plan, NULL, FORMAT_JSON, &small, &answered, &err), ERR_STORE);
    assert_string_equal(err.text, "the answer is larger than 20 bytes");
    spool_fini(&small);
    expect_answer(f, NULL, "[{\"name\":\"one\"},{\"name\":\"two \\\"2\\\"\"},{\"name\":\"three\"}]");
}

static void column_names_are_escaped(void **state)
{
    struct fixture *f = *state;
    plan(f, "-- @endpoint GET /t\n-- @answer\nSELECT 1 AS \"a \"\"b\"\"\", 2 AS \"\xc3\xa9\";\n");
    expect_answer(f, NULL, "[{\"a \\\"b\\\"\":1,\"\xc3\xa9\":2}]");
}

// --- shapes

static void an_object_is_the_first_row(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @shape object\n-- @answer\nSELECT id, name FROM t ORDER BY id DESC;");
    expect_answer(f, NULL, "{\"id\":3,\"name\":\"three\"}");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "{\"id\":3,\"name\":\"three\"}\n");
    expect_answer_as(f, FORMAT_CSV, NULL, "id,name\r\n3,three\r\n");
}

static void values_are_an_array_of_the_one_column(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @shape values\n-- @answer\nSELECT price FROM t ORDER BY id;");
    expect_answer(f, NULL, "[1.5,2.0,null]");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "1.5\n2.0\nnull\n");
    expect_answer_as(f, FORMAT_CSV, NULL, "price\r\n1.5\r\n2.0\r\n\r\n");
    plan_get(f, "-- @shape values\n-- @answer\nSELECT name FROM t WHERE id > 9;");
    expect_answer(f, NULL, "[]");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "");
    expect_answer_as(f, FORMAT_CSV, NULL, "name\r\n");
}

static void a_value_is_the_one_column_of_the_first_row(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @column yes boolean\n-- @shape value\n-- @answer\nSELECT 1 AS yes UNION ALL SELECT 5;");
    expect_answer(f, NULL, "true");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "true\n");
    expect_answer_as(f, FORMAT_CSV, NULL, "yes\r\ntrue\r\n");
}

static void a_text_is_written_as_it_is(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @shape text\n-- @answer\nSELECT name FROM t WHERE id = 2;");
    expect_answer_as(f, FORMAT_TEXT, NULL, "two \"2\"");
    plan_get(f, "-- @shape text\n-- @answer\nSELECT 12.0 AS x;");
    expect_answer_as(f, FORMAT_TEXT, NULL, "12.0");
    plan_get(f, "-- @shape text\n-- @answer\nSELECT NULL AS x;");
    expect_answer_as(f, FORMAT_TEXT, NULL, "");
    plan_get(f, "-- @shape text\n-- @answer\nSELECT CAST(x'61ff62' AS TEXT) AS x;");
    expect_answer_as(f, FORMAT_TEXT, NULL,
        "a\xEF\xBF\xBD"
        "b");
}

static void a_shape_that_needs_a_row_and_has_none_is_unknown(void **state)
{
    static const char text[] = "nothing was found for this request";
    struct fixture *f = *state;
    expect_answer_fails(f, "-- @shape object\n-- @answer\nSELECT id FROM t WHERE id > 9;", ERR_UNKNOWN, text);
    expect_answer_fails(f, "-- @shape value\n-- @answer\nSELECT id FROM t WHERE id > 9;", ERR_UNKNOWN, text);
    expect_answer_fails(
        f, "-- @shape value\n-- @under x\n-- @answer\nSELECT id FROM t WHERE id > 9;", ERR_UNKNOWN, text);
}

static void json_may_stand_under_a_key(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @under 'all \"t\"'\n-- @answer\nSELECT id FROM t WHERE id < 3 ORDER BY id;");
    expect_answer(f, NULL, "{\"all \\\"t\\\"\":[{\"id\":1},{\"id\":2}]}");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "{\"id\":1}\n{\"id\":2}\n");
    expect_answer_as(f, FORMAT_CSV, NULL, "id\r\n1\r\n2\r\n");
    plan_get(f, "-- @shape object\n-- @under one\n-- @answer\nSELECT id FROM t WHERE id = 1;");
    expect_answer(f, NULL, "{\"one\":{\"id\":1}}");
    plan_get(f, "-- @shape value\n-- @under one\n-- @answer\nSELECT id FROM t WHERE id = 1;");
    expect_answer(f, NULL, "{\"one\":1}");
    plan_get(f, "-- @under none\n-- @answer\nSELECT id FROM t WHERE id > 9;");
    expect_answer(f, NULL, "{\"none\":[]}");
}

static void a_shape_of_one_column_needs_exactly_one(void **state)
{
    expect_refused(*state, "-- @endpoint GET /t\n-- @shape values\n-- @answer\n SELECT id, name FROM t;\n",
        "x.sql:4:2: @shape values needs an answer of one column, and this one has 2\n");
}

// --- columns with dots

static void columns_with_dots_are_objects_in_objects(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @answer\nSELECT 1 AS id, 2 AS \"shop.id\", 3 AS \"shop.at.lat\", 4 AS \"shop.at.lng\", "
                "'x' AS title\nUNION ALL SELECT 5, NULL, NULL, NULL, NULL;");
    expect_answer(f, NULL,
        "[{\"id\":1,\"shop\":{\"id\":2,\"at\":{\"lat\":3,\"lng\":4}},\"title\":\"x\"},"
        "{\"id\":5,\"shop\":{\"id\":null,\"at\":{\"lat\":null,\"lng\":null}},\"title\":null}]");
    expect_answer_as(
        f, FORMAT_CSV, NULL, "id,shop.id,shop.at.lat,shop.at.lng,title\r\n1,2,3,4,x\r\n5,,,,\r\n");
    plan_get(f, "-- @answer\nSELECT 1 AS \"a.b.c\", 2 AS \"a.d\", 3 AS \"e.b.c\";");
    expect_answer(f, NULL, "[{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":{\"b\":{\"c\":3}}}]");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":{\"b\":{\"c\":3}}}\n");
}

static void a_dot_that_stands_between_no_words_is_part_of_the_name(void **state)
{
    struct fixture *f = *state;
    plan_get(f,
        "-- @answer\nSELECT 1 AS \"No.\", 2 AS \".x\", 3 AS \"a..b\", 4 AS \"St. Name\", round(t.price, 1) "
        "FROM t WHERE id = 1;");
    expect_answer(f, NULL, "[{\"No.\":1,\".x\":2,\"a..b\":3,\"St. Name\":4,\"round(t.price, 1)\":1.5}]");
}

static void columns_of_an_object_have_to_stand_together(void **state)
{
    struct fixture *f = *state;
    expect_refused(f,
        "-- @endpoint GET /t\n-- @answer\nSELECT 1 AS \"shop.id\", 2 AS id, 3 AS \"shop.lat\";\n",
        "x.sql:3:1: the columns of shop have to stand next to each other; shop.lat stands apart from shop.id\n");
}

static void a_value_and_an_object_of_one_name_clash(void **state)
{
    struct fixture *f = *state;
    expect_refused(f, "-- @endpoint GET /t\n-- @answer\nSELECT 1 AS shop, 3 AS \"shop.lat\";\n",
        "x.sql:3:1: the columns shop and shop.lat cannot stand beside each other: rename one by AS\n");
}

static void an_object_and_a_value_of_one_name_clash_at_any_depth(void **state)
{
    struct fixture *f = *state;
    expect_refused(f, "-- @endpoint GET /t\n-- @answer\nSELECT 1 AS \"a.b.c\", 2 AS \"a.x\", 3 AS \"a.b\";\n",
        "x.sql:3:1: the columns a.b.c and a.b cannot stand beside each other: rename one by AS\n");
}

// --- formats

static void csv_is_quoted_where_readers_would_get_it_wrong(void **state)
{
    struct fixture *f = *state;
    plan_get(f,
        "-- @answer\nSELECT 'a,b' AS \"x,\"\"y\"\"\", 'say \"hi\"' AS b, '' AS c, NULL AS d, ' e' AS e, "
        "'a\r\nb' AS f, 9e999 AS g, -1 AS h;");
    expect_answer_as(f, FORMAT_CSV, NULL,
        "\"x,\"\"y\"\"\",b,c,d,e,f,g,h\r\n\"a,b\",\"say \"\"hi\"\"\",\"\",,\" e\",\"a\r\nb\",,-1\r\n");
}

static void csv_has_its_header_without_rows_too(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @answer\nSELECT id, name FROM t WHERE id > 9;");
    expect_answer_as(f, FORMAT_CSV, NULL, "id,name\r\n");
    expect_answer_as(f, FORMAT_NDJSON, NULL, "");
}

static void each_format_has_its_media_type(void **state)
{
    (void)state;
    assert_string_equal(answer_media_type(FORMAT_JSON), "application/json");
    assert_string_equal(answer_media_type(FORMAT_NDJSON), "application/x-ndjson");
    assert_string_equal(answer_media_type(FORMAT_CSV), "text/csv; charset=utf-8; header=present");
    assert_string_equal(answer_media_type(FORMAT_TEXT), "text/plain; charset=utf-8");
}

static void a_large_answer_goes_to_a_file(void **state)
{
    struct fixture *f = *state;
    struct spool_space space = {.dir = "/tmp", .max_bytes = 100 * 1000 * 1000};
    struct spool out;
    struct answered answered;
    struct err err = {0};
    plan_get(f,
        "-- @shape values\n-- @answer\nWITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 200000) SELECT i FROM n;");
    spool_init(&out, &space, 100 * 1000 * 1000);
    must_be_fine(plan_answer(f->plan, NULL, FORMAT_JSON, &out, &answered, &err), &err);
    must_be_fine(spool_end(&out, &err), &err);
    assert_true(out.fd >= 0);
    assert_int_equal(spool_bytes(&out), 1288896);
    spool_fini(&out);
    assert_int_equal(space.used_bytes, 0);
}

// --- several answers

static const char ANSWERS[] = "-- @endpoint GET /t\n-- @param radius number\n-- @column far boolean\n"
                              "-- @answer when :radius < 10\nSELECT 'small' AS plan, :radius AS r;\n"
                              "-- @answer 202 when :radius < 100 -- not so large\nSELECT 'middle' AS plan;\n"
                              "-- @answer\nSELECT 'large' AS plan, 1 AS far;\n";

static void the_first_answer_that_is_true_is_run(void **state)
{
    struct fixture *f = *state;
    struct value radius = {.kind = VALUE_REAL, .real = 5};
    plan(f, ANSWERS);
    expect_answer(f, &radius, "[{\"plan\":\"small\",\"r\":5.0}]");
    radius.real = 50;
    assert_int_equal(answer_as(f, FORMAT_JSON, &radius).status, 202);
    assert_string_equal(f->out.buf.data, "[{\"plan\":\"middle\"}]");
    radius.real = 500;
    expect_answer(f, &radius, "[{\"plan\":\"large\",\"far\":true}]");
    radius.kind = VALUE_NULL; // less than nothing
    expect_answer(f, &radius, "[{\"plan\":\"large\",\"far\":true}]");
}

static void a_condition_may_be_any_number(void **state)
{
    struct fixture *f = *state;
    plan_get(f,
        "-- @answer when 0.0\nSELECT 1 AS a;\n-- @answer when (SELECT count(*) FROM t)\nSELECT 2 AS a;\n"
        "-- @answer\nSELECT 3 AS a;");
    expect_answer(f, NULL, "[{\"a\":2}]");
    expect_answer_fails(f, "-- @answer when 'yes'\nSELECT 1 AS a;\n-- @answer\nSELECT 2 AS a;", ERR_STORE,
        "x.sql:2: the condition is a text, neither true nor false");
}

static void a_condition_that_is_wrong_is_reported_at_its_place(void **state)
{
    struct fixture *f = *state;
    expect_refused(f,
        "-- @endpoint GET /t\n-- @answer when 1 < nonsense\nSELECT 1 AS a;\n"
        "-- @answer when (1\nSELECT 1 AS a;\n-- @answer\nSELECT 2 AS a;\n",
        "x.sql:2:21: no such column: nonsense\n"
        "x.sql:4:17: incomplete input\n");
}

static void a_declared_column_has_to_be_in_one_of_the_answers(void **state)
{
    struct fixture *f = *state;
    expect_refused(f,
        "-- @endpoint GET /t\n-- @column b integer\n-- @column x integer\n"
        "-- @answer when 1\nSELECT 1 AS a;\n-- @answer\nSELECT 1 AS a, 2 AS b;\n",
        "x.sql:3:12: the answer has no column x; it has a, b\n");
}

// --- observing

struct observed {
    char text[1000]; // a line for each run
};

static void on_run(void *ctx, const struct statement_run *run)
{
    struct observed *observed = ctx;
    char line[200];
    assert_non_null(run->stmt);
    snprintf(line, sizeof(line), "%d %s line %u: %d rows, %d columns\n", (int)run->statement->kind,
        run->is_condition ? "condition" : "statement", (unsigned)run->statement->line, (int)run->rows,
        (int)store_column_count(run->stmt));
    strcat(observed->text, line);
}

static void each_run_of_a_statement_can_be_watched(void **state)
{
    struct fixture *f = *state;
    struct observed observed = {0};
    struct value radius = {.kind = VALUE_REAL, .real = 50};
    plan(f, ANSWERS);
    plan_observe(f->plan, on_run, &observed);
    (void)answer_as(f, FORMAT_JSON, &radius);
    assert_string_equal(observed.text, "3 condition line 5: 1 rows, 1 columns\n"
                                       "3 condition line 7: 1 rows, 1 columns\n"
                                       "3 statement line 7: 1 rows, 1 columns\n");
    plan_observe(f->plan, NULL, NULL);
    (void)answer_as(f, FORMAT_JSON, &radius);
    assert_int_equal(strlen(observed.text), 114);
}

// --- what does not prepare

static void every_wrong_statement_is_reported_at_its_place(void **state)
{
    struct fixture *f = *state;
    parse(f, "-- @endpoint GET /t\n\n-- @reject 400 bad\n  SELECT nonsense FROM t;\n"
             "-- @reject 404 worse\nSELECT 1\n  FROM nowhere;\n-- @answer\nSELECT id FROM t WHERE;\n");
    struct err err = {0};
    assert_int_equal(plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err), ERR_CONFIG);
    assert_int_equal(f->diags.count, 3);
    assert_string_equal(f->diags.items[0].file, "x.sql");
    assert_int_equal(f->diags.items[0].line, 4);
    assert_int_equal(f->diags.items[0].column, 10);
    assert_non_null(strstr(f->diags.items[0].text, "nonsense"));
    assert_int_equal(f->diags.items[1].line, 7);
    assert_non_null(strstr(f->diags.items[1].text, "nowhere"));
    assert_int_equal(f->diags.items[2].line, 9);
}

static void a_read_cannot_write(void **state)
{
    expect_refused(*state,
        "-- @endpoint GET /t\n-- @reject 400 bad\nDELETE FROM t RETURNING id;\n-- @answer\nINSERT INTO t VALUES (9, 'x', 1) RETURNING id;\n",
        "x.sql:3:1: a GET endpoint cannot write\nx.sql:5:1: a GET endpoint cannot write\n");
}

static void only_write_statements_write_and_they_all_do(void **state)
{
    expect_refused(*state,
        "-- @endpoint POST /t\n-- @field id integer\n"
        "-- @reject 400 bad\nDELETE FROM t RETURNING id AS line;\n"
        "-- @warn odd\nDELETE FROM t RETURNING id AS line;\n"
        "-- @write\nSELECT * FROM batch;\n"
        "-- @answer\nDELETE FROM t RETURNING id;\n",
        "x.sql:4:1: a @reject cannot write; put what writes under @write\n"
        "x.sql:6:1: a @warn cannot write; put what writes under @write\n"
        "x.sql:8:1: this @write changes nothing; put what reads under @reject or @answer\n"
        "x.sql:10:1: an @answer cannot write; put what writes under @write\n");
}

static void a_check_of_rows_has_to_name_the_row(void **state)
{
    expect_refused(*state,
        "-- @endpoint POST /t\n-- @field id integer\n"
        "-- @reject 422 bad\nSELECT id FROM batch;\n"
        "-- @warn odd\nSELECT 'id' AS field FROM batch;\n"
        "-- @reject 422 fine\nSELECT 'x' AS parameter;\n"
        "-- @reject 422 fine\nSELECT line FROM batch;\n"
        "-- @write\nDELETE FROM t;\n-- @answer\nSELECT 1 AS x;\n",
        "x.sql:4:1: a check of rows needs the column line (or parameter): SELECT line, 'price' AS field, …\n"
        "x.sql:6:1: a check of rows needs the column line (or parameter): SELECT line, 'price' AS field, …\n");
}

static void columns_that_the_answer_does_not_have_are_reported(void **state)
{
    expect_refused(*state,
        "-- @endpoint GET /t\n-- @column nmae text\n-- @column id integer\n-- @column \"a b\" text\n-- @answer\nSELECT id, name FROM t;\n",
        "x.sql:2:12: the answer has no column nmae; it has id, name\n"
        "x.sql:4:12: the answer has no column a b; it has id, name\n");
}

static void two_columns_of_one_name_are_reported(void **state)
{
    expect_refused(*state, "-- @endpoint GET /t\n-- @answer\n\n  SELECT id, name, id FROM t;\n",
        "x.sql:4:3: the answer has two columns id; rename one by AS\n");
}

// --- findings and writes

struct found {
    char text[1000]; // one line a finding
    int left;        // findings to take before on_finding says stop
};

static bool on_finding(void *ctx, const struct finding *finding)
{
    struct found *found = ctx;
    char line[200];
    snprintf(line, sizeof(line), "%d %.*s line %lld field %.*s parameter %.*s value kind %d\n",
        finding->statement->status, (int)finding->statement->code.len, finding->statement->code.at,
        (long long)finding->line, (int)finding->field.len, finding->field.at != NULL ? finding->field.at : "",
        (int)finding->parameter.len, finding->parameter.at != NULL ? finding->parameter.at : "",
        (int)finding->value.kind);
    strcat(found->text, line);
    return --found->left > 0;
}

static void expect_found(struct fixture *f, enum statement_kind kind, const struct value *params, bool first,
    int left, const char *expected)
{
    struct found found = {.left = left};
    struct err err = {0};
    must_be_fine(plan_find(f->plan, kind, params, first, on_finding, &found, &err), &err);
    assert_string_equal(found.text, expected);
}

static const char CHECKS[] =
    "-- @endpoint GET /t\n-- @param a integer\n"
    "-- @reject 400 too small\nSELECT 'a' AS parameter, :a AS value WHERE :a < 10;\n"
    "-- @reject 404 too odd\nSELECT 7 AS line, 'f' AS field, 'x' AS value WHERE :a % 2 = 1\n"
    "UNION ALL SELECT NULL, NULL, NULL WHERE :a % 2 = 1;\n"
    "-- @answer\nSELECT :a AS a;\n";

static void rejects_report_their_rows(void **state)
{
    struct fixture *f = *state;
    struct value a = {.kind = VALUE_INTEGER, .integer = 5};
    plan(f, CHECKS);
    static const char small[] = "400 too_small line 0 field  parameter a value kind 1\n";
    static const char all[] = "400 too_small line 0 field  parameter a value kind 1\n"
                              "404 too_odd line 7 field f parameter  value kind 3\n"
                              "404 too_odd line 0 field  parameter  value kind 0\n";
    expect_found(f, STATEMENT_REJECT, &a, false, 100, all);
    expect_found(f, STATEMENT_REJECT, &a, true, 100, small);
    expect_found(f, STATEMENT_REJECT, &a, false, 1, small);
    expect_found(f, STATEMENT_WARN, &a, false, 100, "");
    a.integer = 11;
    expect_found(f, STATEMENT_REJECT, &a, true, 100,
        "404 too_odd line 7 field f parameter  value kind 3\n"
        "404 too_odd line 0 field  parameter  value kind 0\n");
    a.integer = 12;
    expect_found(f, STATEMENT_REJECT, &a, false, 100, "");
}

static void a_line_that_is_no_integer_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct found found = {.left = 100};
    struct err err = {0};
    plan(f, "-- @endpoint GET /t\n-- @reject 400 bad row\nSELECT 'x' AS line;\n-- @answer\nSELECT 1 AS a;\n");
    assert_int_equal(plan_find(f->plan, STATEMENT_REJECT, NULL, false, on_finding, &found, &err), ERR_STORE);
    assert_string_equal(err.text, "column line of \"bad row\" has to be an integer");
    assert_string_equal(found.text, "");
}

static void add_row(struct fixture *f, int64_t id, const char *name, int64_t line)
{
    struct err err = {0};
    struct value values[] = {
        {.kind = VALUE_INTEGER, .integer = id}, {.kind = VALUE_TEXT, .text = span_of(name)}};
    must_be_fine(store_batch_add(f->conn, values, line, &err), &err);
}

static const char WRITE[] =
    "-- @endpoint POST /t\n-- @param price number default 2.5\n-- @field id integer required\n-- @field name text required\n"
    "-- @reject 422 empty name\nSELECT line, 'name' AS field, name AS value FROM batch WHERE name = '';\n"
    "-- @warn id exists\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @write\nDELETE FROM t WHERE id IN (SELECT id FROM batch);\n"
    "-- @write\nINSERT INTO t SELECT id, name, :price FROM batch RETURNING id;\n"
    "-- @answer\nSELECT count(*) AS rows FROM batch;\n";

static void a_batch_is_checked_and_written(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct value price = {.kind = VALUE_REAL, .real = 9.5};
    plan(f, WRITE);
    must_be_fine(store_begin(f->conn, &err), &err);
    must_be_fine(store_batch_open(f->conn, f->endpoint.field_names, f->endpoint.field_count, &err), &err);
    add_row(f, 2, "two", 1);
    add_row(f, 4, "", 3);
    expect_found(f, STATEMENT_REJECT, &price, false, 100,
        "422 empty_name line 3 field name parameter  value kind 3\n");
    expect_found(
        f, STATEMENT_WARN, &price, false, 100, "0 id_exists line 1 field id parameter  value kind 1\n");
    must_be_fine(plan_write(f->plan, &price, &err), &err);
    expect_answer(f, &price, "[{\"rows\":2}]");
    must_be_fine(store_commit(f->conn, &err), &err);
    plan_free(f->plan);
    f->plan = NULL;
    plan(f, "-- @endpoint GET /t\n-- @answer\nSELECT id, price FROM t ORDER BY id;\n");
    expect_answer(f, NULL,
        "[{\"id\":1,\"price\":1.5},{\"id\":2,\"price\":9.5},{\"id\":3,\"price\":null},{\"id\":4,\"price\":9.5}]");
}

static void a_write_that_breaks_a_constraint_fails(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    plan(f, "-- @endpoint POST /t\n-- @field id integer\n-- @write\nINSERT INTO t VALUES (1, 'again', 0);\n"
            "-- @answer\nSELECT 1 AS a;\n");
    must_be_fine(store_begin(f->conn, &err), &err);
    assert_int_equal(plan_write(f->plan, NULL, &err), ERR_CONFLICT);
    store_rollback(f->conn);
}

// --- memory

static void without_memory_planning_says_so_and_leaks_nothing(void **state)
{
    struct fixture *f = *state;
    parse(f, WRITE);
    bool done = false;
    int failures = 0;
    for (long n = 0; !done; n++) {
        struct err err = {0};
        mem_fail_after(n);
        enum err_code code = plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err);
        mem_fail_after(-1);
        done = code == ERR_NONE;
        if (!done) {
            assert_int_equal(code, ERR_NO_MEMORY);
            assert_null(f->plan);
            failures++;
        }
    }
    assert_true(failures > 1);
    assert_int_equal(diags_total(&f->diags), 0);
}

static void answering_without_memory_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct spool out;
    struct err err = {0};
    struct answered answered;
    plan(f, "-- @endpoint GET /t\n-- @answer\nSELECT id FROM t;\n");
    spool_init(&out, NULL, OUT_BYTES);
    mem_fail_after(0);
    enum err_code code = plan_answer(f->plan, NULL, FORMAT_JSON, &out, &answered, &err);
    mem_fail_after(-1);
    assert_int_equal(code, ERR_NO_MEMORY);
    assert_string_equal(err.text, "out of memory");
    spool_fini(&out);
}

int main(void)
{
#define PLAN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PLAN_TEST(an_answer_is_an_array_of_objects_in_column_order),
        PLAN_TEST(an_answer_without_rows_is_an_empty_array),
        PLAN_TEST(parameters_are_bound_in_the_order_of_their_declaration),
        PLAN_TEST(declared_columns_have_the_form_of_their_type),
        PLAN_TEST(a_value_that_is_not_of_the_declared_type_is_an_error),
        PLAN_TEST(an_answer_that_does_not_fit_is_an_error),
        PLAN_TEST(column_names_are_escaped),
        PLAN_TEST(an_object_is_the_first_row),
        PLAN_TEST(values_are_an_array_of_the_one_column),
        PLAN_TEST(a_value_is_the_one_column_of_the_first_row),
        PLAN_TEST(a_text_is_written_as_it_is),
        PLAN_TEST(a_shape_that_needs_a_row_and_has_none_is_unknown),
        PLAN_TEST(json_may_stand_under_a_key),
        PLAN_TEST(a_shape_of_one_column_needs_exactly_one),
        PLAN_TEST(columns_with_dots_are_objects_in_objects),
        PLAN_TEST(a_dot_that_stands_between_no_words_is_part_of_the_name),
        PLAN_TEST(columns_of_an_object_have_to_stand_together),
        PLAN_TEST(a_value_and_an_object_of_one_name_clash),
        PLAN_TEST(an_object_and_a_value_of_one_name_clash_at_any_depth),
        PLAN_TEST(csv_is_quoted_where_readers_would_get_it_wrong),
        PLAN_TEST(csv_has_its_header_without_rows_too),
        PLAN_TEST(each_format_has_its_media_type),
        PLAN_TEST(a_large_answer_goes_to_a_file),
        PLAN_TEST(the_first_answer_that_is_true_is_run),
        PLAN_TEST(a_condition_may_be_any_number),
        PLAN_TEST(a_condition_that_is_wrong_is_reported_at_its_place),
        PLAN_TEST(a_declared_column_has_to_be_in_one_of_the_answers),
        PLAN_TEST(each_run_of_a_statement_can_be_watched),
        PLAN_TEST(every_wrong_statement_is_reported_at_its_place),
        PLAN_TEST(a_read_cannot_write),
        PLAN_TEST(only_write_statements_write_and_they_all_do),
        PLAN_TEST(a_check_of_rows_has_to_name_the_row),
        PLAN_TEST(columns_that_the_answer_does_not_have_are_reported),
        PLAN_TEST(two_columns_of_one_name_are_reported),
        PLAN_TEST(rejects_report_their_rows),
        PLAN_TEST(a_line_that_is_no_integer_is_an_error),
        PLAN_TEST(a_batch_is_checked_and_written),
        PLAN_TEST(a_write_that_breaks_a_constraint_fails),
        PLAN_TEST(without_memory_planning_says_so_and_leaks_nothing),
        PLAN_TEST(answering_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
