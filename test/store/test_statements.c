// SPDX-License-Identifier: Apache-2.0
// What every store does with statements. Texts of errors are a driver's own and are tested with it.
#include "fixture.h"

#include <string.h>

static void a_statement_gives_its_rows_and_the_names_of_their_columns(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y');");
    struct store_stmt *stmt = prepare(f->reader, "SELECT a, b AS \"shop.name\" FROM t ORDER BY a", NULL, 0);
    assert_int_equal(store_column_count(stmt), 2);
    assert_string_equal(store_column_name(stmt, 0), "a");
    assert_string_equal(store_column_name(stmt, 1), "shop.name");
    assert_string_equal(rows_of_stmt(stmt, NULL), "1|'x'\n2|'y'\n");
    store_finalize(stmt);
}

static void values_of_every_kind_go_in_and_come_out_unchanged(void **state)
{
    struct fixture *f = *state;
    const struct store_name params[] = {{.name = span_of("i"), .type = TYPE_INTEGER},
        {.name = span_of("r"), .type = TYPE_NUMBER}, {.name = span_of("t"), .type = TYPE_TEXT},
        {.name = span_of("n"), .type = TYPE_TEXT}};
    struct store_stmt *stmt = prepare(f->reader, "SELECT :i, :r, :t, :n", params, 4);
    const struct value low[] = {integer_of(INT64_MIN), real_of(0.1), text_of("häfen 港"), null_value()};
    assert_string_equal(rows_of_stmt(stmt, low), "-9223372036854775808|0.100000000000000|'häfen 港'|NULL\n");
    const struct value high[] = {
        integer_of(INT64_MAX), real_of(-1e300), {.kind = VALUE_TEXT, .text = {NULL, 0}}, text_of("'; DROP")};
    assert_string_equal(
        rows_of_stmt(stmt, high), "9223372036854775807|-1.00000000000000e+300|''|''; DROP'\n");
    store_finalize(stmt);
}

static void a_parameter_may_stand_in_several_places_in_none_and_in_any_order(void **state)
{
    struct fixture *f = *state;
    const struct store_name params[] = {{.name = span_of("unused"), .type = TYPE_TEXT},
        {.name = span_of("a"), .type = TYPE_INTEGER}, {.name = span_of("b"), .type = TYPE_INTEGER}};
    const struct value values[] = {text_of("z"), integer_of(3), integer_of(4)};
    struct store_stmt *stmt = prepare(f->reader, "SELECT :b, :a, :b + :a, ':a' -- :c", params, 3);
    assert_string_equal(rows_of_stmt(stmt, values), "4|3|7|':a'\n");
    store_finalize(stmt);
}

static void a_run_may_end_before_its_last_row(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (2), (3);");
    struct store_stmt *stmt = prepare(f->reader, "SELECT a FROM t ORDER BY a", NULL, 0);
    struct err err = {0};
    bool row = false;
    assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    assert_true(row);
    store_reset(stmt);
    store_reset(stmt);
    assert_string_equal(rows_of_stmt(stmt, NULL), "1\n2\n3\n");
    store_finalize(stmt);
}

static void a_statement_knows_whether_it_writes(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer);");
    static const struct {
        const char *sql;
        bool writes;
    } cases[] = {{"SELECT a FROM t", false}, {"INSERT INTO t VALUES (1)", true}, {"UPDATE t SET a = 2", true},
        {"DELETE FROM t", true}, {"WITH x AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM x", true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct store_stmt *stmt = prepare(f->writer, cases[i].sql, NULL, 0);
        assert_int_equal(store_writes(stmt), cases[i].writes);
        store_finalize(stmt);
    }
}

static void a_statement_without_a_result_has_no_columns(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer);");
    struct store_stmt *stmt = prepare(f->writer, "INSERT INTO t VALUES (1)", NULL, 0);
    assert_int_equal(store_column_count(stmt), 0);
    assert_string_equal(rows_of_stmt(stmt, NULL), "");
    assert_string_equal(rows_of_stmt(stmt, NULL), "");
    assert_rows(f->writer, "SELECT count(*) FROM t", "2\n");
    store_finalize(stmt);
}

static void comments_and_a_semicolon_may_stand_around_a_statement(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "-- one\n/* two */ SELECT 1; -- three\n;\n", "1\n");
}

static void a_statement_that_is_wrong_is_refused_with_its_place(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        uint32_t line, column;
    } cases[] = {
        {"SELEC 1", 1, 1},
        {"SELECT 1\nFROM nowhere", 2, 6},
        {"SELECT 1,\n  nothing", 2, 3},
        {"SELECT 1 FROM (SELECT 1) x\n JOIN nowhere ON true", 2, 7},
        {"SELECT 1;\n  SELECT 2", 2, 3},
        {"-- only a comment", 1, 1},
        {"", 1, 1},
        {"SELECT 1\n WHERE :a = 1 AND :unknown = 2", 2, 8},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = error_of_prepare(f->reader, cases[i].sql);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        assert_true(strlen(err.text) > 0);
    }
}

static void sql_that_would_break_a_request_is_refused(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer PRIMARY KEY, b text UNIQUE);");
    static const char *const cases[] = {"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "END", "ROLLBACK",
        "SAVEPOINT s", "RELEASE s", "ROLLBACK TO s", "ATTACH 'x.db' AS x", "DETACH main", "PRAGMA cache_size",
        "VACUUM", "; vacuum INTO '/tmp/x.db'", "CREATE TABLE u (a)", "CREATE TEMP TABLE u (a)",
        "CREATE INDEX i ON t (a)", "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", "DROP TABLE t",
        "ALTER TABLE t ADD COLUMN b", "REINDEX", "ANALYZE"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = error_of_prepare(f->writer, cases[i]);
        if (err.code != ERR_CONFIG)
            fail_msg("%s: code %d, %s", cases[i], (int)err.code, err.text);
    }
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer);");
    struct store_stmt *stmt;
    struct err err = {0};
    enum err_code code = store_prepare(f->reader, span_of("INSERT INTO t VALUES (1)"), NULL, 0, &stmt, &err);
    if (code == ERR_NONE) {
        bool row;
        assert_true(store_writes(stmt));
        assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
        assert_int_not_equal(store_step(stmt, &row, &err), ERR_NONE);
        store_finalize(stmt);
    }
    assert_rows(f->writer, "SELECT count(*) FROM t", "0\n");
}

static void constraints_of_each_kind_have_their_code(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE p (k integer PRIMARY KEY, u text UNIQUE, n text NOT NULL DEFAULT 'n',"
                          "  c integer CHECK (c > 0), x integer REFERENCES p (k));"
                          "INSERT INTO p (k, u) VALUES (1, 'a');");
    static const struct {
        const char *sql;
        enum err_code code;
    } cases[] = {{"INSERT INTO p (k) VALUES (1)", ERR_CONFLICT},
        {"INSERT INTO p (k, u) VALUES (2, 'a')", ERR_CONFLICT},
        {"INSERT INTO p (k, n) VALUES (2, NULL)", ERR_CONSTRAINT},
        {"INSERT INTO p (k, c) VALUES (2, 0)", ERR_CONSTRAINT},
        {"INSERT INTO p (k, x) VALUES (2, 7)", ERR_CONSTRAINT}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(error_of_run(f->writer, cases[i].sql).code, cases[i].code);
    assert_rows(f->writer, "SELECT count(*) FROM p", "1\n");
}

// Of the second row, whichever it was that the first one met.
static void an_upsert_that_meets_one_key_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE r (k integer PRIMARY KEY, u text UNIQUE, n integer);"
                          "CREATE TABLE w (a text, b real, n integer, PRIMARY KEY (a, b));"
                          "INSERT INTO r VALUES (1, 'a', 1); INSERT INTO w VALUES ('a', 1, 1)");
    static const char *const refused[] = {
        "INSERT INTO r VALUES (1, 'x', 5), (2, 'b', 6), (1, 'x', 5)"
        " ON CONFLICT (k) DO UPDATE SET n = excluded.n",
        "INSERT INTO r VALUES (3, 'c', 5), (3, 'c', 6) ON CONFLICT (k) DO UPDATE SET n = excluded.n",
        "INSERT INTO r VALUES (0, 'c', 5), (0, 'c', 6) ON CONFLICT (k) DO /* all */ update SET n = excluded.n",
        "INSERT INTO r VALUES (3, 'c', 5), (4, 'c', 6) ON CONFLICT (u) DO UPDATE SET n = excluded.n RETURNING n",
        "INSERT INTO w VALUES ('a', 1, 5), ('a', 2, 5), ('a', 1, 6)"
        " ON CONFLICT (a, b) DO UPDATE SET n = excluded.n",
        "INSERT INTO w VALUES ('c', 1.5, 5), ('c', 1.5, 5) ON CONFLICT (a, b) DO UPDATE SET n = excluded.n",
    };
    static const char *const accepted[] = {
        "INSERT INTO r VALUES (1, 'y', 5), (2, 'z', 5) ON CONFLICT (k) DO UPDATE SET n = excluded.n",
        "INSERT INTO r VALUES (5, 'p', 5), (5, 'p', 6) ON CONFLICT (k) DO NOTHING",
        "INSERT INTO w VALUES ('a', 1, 5), ('a', 2, 5), ('b', 1, 5)"
        " ON CONFLICT (a, b) DO UPDATE SET n = excluded.n",
        "INSERT INTO w SELECT b, CAST(n AS real), 7 FROM (SELECT DISTINCT a AS b, n FROM w) AS x WHERE true"
        " ON CONFLICT (a, b) DO UPDATE SET n = excluded.n",
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
            begin(f->writer);
            assert_error(error_of_run(f->writer, refused[i]), ERR_CONSTRAINT,
                "two rows have the same key, and only one of them can be stored: send it once");
            assert_int_equal(store_violation(f->writer).kind, VIOLATION_TWICE);
            store_rollback(f->writer);
        }
        for (size_t i = 0; i < ARRAY_LEN(accepted); i++)
            assert_int_equal(error_of_run(f->writer, accepted[i]).code, ERR_NONE);
    }
    assert_rows(f->writer, "SELECT count(*) FROM r", "3\n");
}

static void a_statement_lives_through_a_change_of_the_schema(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (1);");
    struct store_stmt *stmt = prepare(f->reader, "SELECT a FROM t", NULL, 0);
    run_script(f->writer, "ALTER TABLE t ADD COLUMN b integer; CREATE INDEX i ON t (a);");
    assert_string_equal(rows_of_stmt(stmt, NULL), "1\n");
    assert_string_equal(store_column_name(stmt, 0), "a");
    store_finalize(stmt);
}

static void a_statement_whose_columns_have_changed_says_so(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change, *name, *rows;
    } cases[] = {{"ALTER TABLE t ADD COLUMN b integer DEFAULT 7", "b", "1|7\n"},
        {"ALTER TABLE t RENAME COLUMN b TO c", "c", "1|7\n"}, {"ALTER TABLE t DROP COLUMN c", "a", "1\n"},
        {"ALTER TABLE t RENAME COLUMN a TO d", "d", "1\n"}};
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (1);");
    struct store_stmt *rows = prepare(f->reader, "SELECT * FROM t", NULL, 0);
    struct store_stmt *none = prepare(f->reader, "SELECT * FROM t WHERE false", NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run_script(f->writer, cases[i].change);
        for (int k = 0; k < 2; k++) {
            struct err err = {0};
            bool row;
            assert_int_equal(store_bind(k == 0 ? rows : none, NULL, &err), ERR_NONE);
            assert_int_equal(store_step(k == 0 ? rows : none, &row, &err), ERR_STALE);
            store_reset(k == 0 ? rows : none);
        }
        store_finalize(rows);
        store_finalize(none);
        rows = prepare(f->reader, "SELECT * FROM t", NULL, 0);
        none = prepare(f->reader, "SELECT * FROM t WHERE false", NULL, 0);
        assert_string_equal(rows_of_stmt(rows, NULL), cases[i].rows);
        assert_string_equal(rows_of_stmt(none, NULL), "");
        assert_string_equal(store_column_name(none, store_column_count(none) - 1), cases[i].name);
    }
}

static void statements_end_with_their_connection(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_conn *conn;
    bool row;
    assert_int_equal(store_connect(f->store, STORE_READ, &conn, &err), ERR_NONE);
    prepare(conn, "SELECT 1", NULL, 0);
    struct store_stmt *gone = prepare(conn, "SELECT 2", NULL, 0);
    struct store_stmt *running = prepare(conn, "SELECT 3 UNION ALL SELECT 4", NULL, 0);
    assert_int_equal(store_bind(running, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(running, &row, &err), ERR_NONE);
    store_finalize(gone);
    store_disconnect(conn);
}

static void ending_nothing_is_fine(void **state)
{
    (void)state;
    store_finalize(NULL);
    store_disconnect(NULL);
    store_close(NULL);
}

static void a_script_runs_to_its_end_or_to_the_place_of_its_error(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "");
    run_script(f->writer, "-- nothing\n;;");
    run_script(f->writer,
        "CREATE TABLE t (a integer PRIMARY KEY);\nINSERT INTO t VALUES (1); SELECT * FROM t; -- end");
    struct err err =
        error_of_script(f->writer, "INSERT INTO t VALUES (2);\n\n  INSERT INTO nowhere VALUES (3);");
    assert_int_equal(err.code, ERR_CONFIG);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 15);
    err = error_of_script(f->writer, "INSERT INTO t VALUES (5);\n /* again */ INSERT INTO t VALUES (5);");
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 14);
    assert_rows(f->writer, "SELECT a FROM t ORDER BY a", "1\n2\n5\n");
}

static void a_script_controls_no_transaction_and_no_settings(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[] = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ATTACH 'x.db' AS x",
        "PRAGMA synchronous=OFF", "VACUUM", "SELECT 1; COMMIT"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin(f->writer);
        assert_int_equal(error_of_script(f->writer, cases[i]).code, ERR_CONFIG);
        store_rollback(f->writer);
    }
}

static void a_url_that_no_driver_knows_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "x.db", "sqlite", "mysql:x", "SQLITE:x", ":x"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store *store = NULL;
        struct err err = {0};
        assert_int_equal(store_open(urls[i], "test", &store, &err), ERR_CONFIG);
        assert_null(store);
        assert_string_equal(err.hint, "name one as sqlite:PATH or postgresql://HOST/DATABASE");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_statement_gives_its_rows_and_the_names_of_their_columns),
        STORE_TEST(values_of_every_kind_go_in_and_come_out_unchanged),
        STORE_TEST(a_parameter_may_stand_in_several_places_in_none_and_in_any_order),
        STORE_TEST(a_run_may_end_before_its_last_row),
        STORE_TEST(a_statement_knows_whether_it_writes),
        STORE_TEST(a_statement_without_a_result_has_no_columns),
        STORE_TEST(comments_and_a_semicolon_may_stand_around_a_statement),
        STORE_TEST(a_statement_that_is_wrong_is_refused_with_its_place),
        STORE_TEST(sql_that_would_break_a_request_is_refused),
        STORE_TEST(a_reader_cannot_write),
        STORE_TEST(constraints_of_each_kind_have_their_code),
        STORE_TEST(an_upsert_that_meets_one_key_twice_is_refused),
        STORE_TEST(a_statement_lives_through_a_change_of_the_schema),
        STORE_TEST(a_statement_whose_columns_have_changed_says_so),
        STORE_TEST(statements_end_with_their_connection),
        STORE_TEST(ending_nothing_is_fine),
        STORE_TEST(a_script_runs_to_its_end_or_to_the_place_of_its_error),
        STORE_TEST(a_script_controls_no_transaction_and_no_settings),
        STORE_TEST(a_url_that_no_driver_knows_is_refused),
    };
    return fixture_run(tests);
}
