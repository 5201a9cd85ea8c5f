// SPDX-License-Identifier: Apache-2.0
// What the rows of an answer become, on a store in memory.
#include "app/answer.h"

#include "plan_fixture.h"

static int set_up(void **state)
{
    return fixture_set_up(state, THREE_ROWS);
}

// --- answers

static void an_answer_is_an_array_of_objects_in_column_order(void **state)
{
    struct fixture *f = *state;
    plan_file(f, "-- @endpoint GET /t\n-- @answer\nSELECT name, id, price FROM t ORDER BY id;\n");
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
    plan_file(f, "-- @endpoint GET /t\n-- @answer\nSELECT id FROM t WHERE id > 10;\n");
    expect_answer(f, NULL, "[]");
}

static void parameters_are_bound_in_the_order_of_their_declaration(void **state)
{
    struct fixture *f = *state;
    plan_file(f, "-- @endpoint GET /t\n-- @param b text\n-- @param a integer\n-- @answer\n"
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
    plan_file(f, "-- @endpoint GET /t\n-- @column i integer\n-- @column n number\n-- @column b boolean\n"
                 "-- @column d date\n-- @answer\n"
                 "SELECT 1112.0 AS i, 5 AS n, 1 AS b, '2016-01-06' AS d, 1112.0 AS free\n"
                 "UNION ALL SELECT -9223372036854775808.0, 0.1, 0.0, 'any text', 9e999\n"
                 "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL;\n");
    expect_answer(f, NULL,
        "[{\"i\":1112,\"n\":5.0,\"b\":true,\"d\":\"2016-01-06\",\"free\":1112.0},"
        "{\"i\":-9223372036854775808,\"n\":0.1,\"b\":false,\"d\":\"any text\",\"free\":null},"
        "{\"i\":null,\"n\":null,\"b\":null,\"d\":null,\"free\":null}]");
}

static void a_column_that_a_table_declares_boolean_is_true_and_false(void **state)
{
    struct fixture *f = *state;
    run_script(f, "CREATE TABLE flags (id INTEGER PRIMARY KEY, up BOOLEAN, down bool);"
                  "INSERT INTO flags VALUES (1, 1, 0), (2, NULL, 2), (3, 'x', 0.5);"
                  "CREATE VIEW flagged AS SELECT up AS raised, down FROM flags WHERE id = 1;");
    plan_get(f, "-- @answer\nSELECT up, down, NOT up AS computed FROM flags ORDER BY id;");
    expect_answer(f, NULL,
        "[{\"up\":true,\"down\":false,\"computed\":0},"
        "{\"up\":null,\"down\":2,\"computed\":null},{\"up\":\"x\",\"down\":0.5,\"computed\":1}]");
    expect_answer_as(f, FORMAT_CSV, NULL, "up,down,computed\r\ntrue,false,0\r\n,2,\r\nx,0.5,1\r\n");
    plan_get(f, "-- @answer\nSELECT raised, down FROM flagged;");
    expect_answer(f, NULL, "[{\"raised\":true,\"down\":false}]");
    plan_get(f, "-- @column up integer\n-- @shape value\n-- @answer\nSELECT up FROM flags WHERE id = 1;");
    expect_answer(f, NULL, "1");
    plan_get(f, "-- @shape text\n-- @answer\nSELECT up FROM flags WHERE id = 1;");
    expect_answer_as(f, FORMAT_TEXT, NULL, "true");
}

static void what_is_not_finite_is_null_whatever_its_column_is_declared(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @column i integer\n-- @column b boolean\n-- @column d date\n-- @answer\n"
                "SELECT 9e999 AS i, -9e999 AS b, 9e999 AS d, 9e999 AS free;");
    expect_answer(f, NULL, "[{\"i\":null,\"b\":null,\"d\":null,\"free\":null}]");
    expect_answer_as(f, FORMAT_CSV, NULL, "i,b,d,free\r\n,,,\r\n");
}

static void a_whole_number_that_no_real_holds_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    plan_get(f, "-- @column a number\n-- @column b number\n-- @answer\n"
                "SELECT 9007199254740992 AS a, 9007199254740993 AS b;");
    expect_answer(f, NULL, "[{\"a\":9007199254740992.0,\"b\":9007199254740993}]");
}

static void a_value_that_is_not_of_the_declared_type_is_an_error(void **state)
{
    struct fixture *f = *state;
    expect_answer_fails(f, "-- @column x integer\n-- @answer\nSELECT 1.5 AS x", ERR_STORE,
        "x.sql:4:1: column x is declared integer, and a row has 1.5");
    expect_answer_fails(f, "-- @column x integer\n-- @answer\nSELECT 9223372036854775808.0 AS x", ERR_STORE,
        "x.sql:4:1: column x is declared integer, and a row has 9223372036854776000.0");
    expect_answer_fails(f, "-- @column x integer\n-- @answer\nSELECT '1' AS x", ERR_STORE,
        "x.sql:4:1: column x is declared integer, and a row has 1");
    expect_answer_fails(f, "-- @column x number\n-- @answer\nSELECT 'abc' AS x", ERR_STORE,
        "x.sql:4:1: column x is declared number, and a row has abc");
    expect_answer_fails(f, "-- @column x boolean\n-- @answer\nSELECT 2 AS x", ERR_STORE,
        "x.sql:4:1: column x is declared boolean, and a row has 2");
    expect_answer_fails(f, "-- @column x text\n-- @answer\nSELECT 2 AS x", ERR_STORE,
        "x.sql:4:1: column x is declared text, and a row has 2");
    expect_answer_fails(f, "-- @column x date\n-- @answer\nSELECT 2016.5 AS x", ERR_STORE,
        "x.sql:4:1: column x is declared date, and a row has 2016.5");
    expect_answer_fails(f, "-- @column x integer list\n-- @answer\nSELECT 5 AS x", ERR_STORE,
        "x.sql:4:1: column x is declared integer list, and a row has 5");
    expect_answer_fails(f, "-- @column x decimal(5,2)\n-- @answer\nSELECT 'a' AS x", ERR_STORE,
        "x.sql:4:1: column x is declared decimal(5,2), and a row has a");
}

static void an_answer_that_does_not_fit_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct spool small;
    struct err err = {0};
    struct answered answered;
    plan_file(f, "-- @endpoint GET /t\n-- @answer\nSELECT name FROM t ORDER BY id;\n");
    spool_init(&small, NULL, 20);
    assert_int_equal(plan_answer(f->plan, NULL, FORMAT_JSON, &small, &answered, &err), ERR_STORE);
    assert_string_equal(err.text, "x.sql:3:1: the answer is larger than 20 bytes");
    spool_fini(&small);
    expect_answer(f, NULL, "[{\"name\":\"one\"},{\"name\":\"two \\\"2\\\"\"},{\"name\":\"three\"}]");
}

static void column_names_are_escaped(void **state)
{
    struct fixture *f = *state;
    plan_file(f, "-- @endpoint GET /t\n-- @answer\nSELECT 1 AS \"a \"\"b\"\"\", 2 AS \"\xc3\xa9\";\n");
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
    struct temp_space space = {
        .dir = "/tmp", .what = "answer", .whats = "answers", .max_bytes = 100 * 1000 * 1000};
    struct spool out;
    struct answered answered;
    struct err err = {0};
    plan_get(f,
        "-- @shape values\n-- @answer\nWITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 200000) SELECT i FROM n;");
    spool_init(&out, &space, 100 * 1000 * 1000);
    must_be_fine(plan_answer(f->plan, NULL, FORMAT_JSON, &out, &answered, &err), &err);
    must_be_fine(spool_end(&out, &err), &err);
    assert_true(temp_file_is_open(&out.file));
    assert_int_equal(spool_bytes(&out), 1288896);
    spool_fini(&out);
    assert_int_equal(space.used_bytes, 0);
}

int main(void)
{
#define PLAN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        PLAN_TEST(an_answer_is_an_array_of_objects_in_column_order),
        PLAN_TEST(an_answer_without_rows_is_an_empty_array),
        PLAN_TEST(parameters_are_bound_in_the_order_of_their_declaration),
        PLAN_TEST(declared_columns_have_the_form_of_their_type),
        PLAN_TEST(a_column_that_a_table_declares_boolean_is_true_and_false),
        PLAN_TEST(what_is_not_finite_is_null_whatever_its_column_is_declared),
        PLAN_TEST(a_whole_number_that_no_real_holds_stays_as_it_is),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
