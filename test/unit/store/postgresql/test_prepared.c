// SPDX-License-Identifier: Apache-2.0
// What a session has prepared. Tests with a database are skipped where TEST_POSTGRESQL names none.
#include <stdio.h>
#include <string.h>

#include "../../../store/fixture.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/queue.h"

static const struct store_name numbers[] = {{.name = {.at = "number", .len = 6}, .type = TYPE_INTEGER}};
static const struct store_name texts[] = {{.name = {.at = "number", .len = 6}, .type = TYPE_TEXT}};
static const char shared_sql[] = "SELECT n, :number AS shared FROM generate_series(1, 3) n";

// How many statements of that text the reader's session has, as rows_of tells it.
static const char *prepared(struct fixture *f)
{
    return rows_of(
        f->reader, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS sha' || 'red%'");
}

// The rows of a bound statement are those of `number`.
static void assert_answered(struct store_stmt *stmt, int64_t number)
{
    struct err err = {0};
    bool row;
    for (int64_t n = 1; n <= 3; n++) {
        struct value values[2];
        assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
        assert_true(row);
        for (size_t i = 0; i < ARRAY_LEN(values); i++)
            assert_int_equal(store_column(stmt, i, &values[i], &err), ERR_NONE);
        assert_int_equal(values[0].integer, n);
        assert_int_equal(values[1].integer, number);
    }
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    assert_false(row);
    store_reset(stmt);
}

// All of them at once, in one transaction.
static void assert_all_run(struct fixture *f, struct store_stmt *const *stmts, size_t count)
{
    struct err err = {0};
    begin(f->reader);
    for (size_t i = 0; i < count; i++) {
        struct value number = integer_of((int64_t)i);
        assert_int_equal(store_bind(stmts[i], &number, &err), ERR_NONE);
    }
    for (size_t i = 0; i < count; i++)
        assert_answered(stmts[i], (int64_t)i);
    commit(f->reader);
}

static void readers_of_one_text_run_what_is_prepared_once(void **state)
{
    struct fixture *f = *state;
    struct store_stmt *stmts[8];
    if (f->is_pooled) // where nothing is prepared for long
        skip();
    for (size_t i = 0; i < ARRAY_LEN(stmts); i++) {
        stmts[i] = prepare(f->reader, shared_sql, numbers, 1);
        assert_string_equal(prepared(f), "1\n");
    }
    assert_all_run(f, stmts, 8);
    store_finalize(stmts[7]); // whose name it has
    store_finalize(stmts[0]);
    assert_string_equal(prepared(f), "1\n");
    assert_all_run(f, stmts + 1, 6);

    char kill[100];
    snprintf(
        kill, sizeof(kill), "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(pg_conn(f->reader)->link));
    assert_rows(f->writer, kill, "1\n");
    assert_all_run(f, stmts + 1, 6);
    assert_string_equal(prepared(f), "1\n");
    for (size_t i = 1; i < 7; i++)
        store_finalize(stmts[i]);
    assert_string_equal(prepared(f), "0\n");
}

static void one_is_prepared_while_another_of_its_text_is_under_way(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct value number = integer_of(7);
    struct store_stmt *one = prepare(f->reader, shared_sql, numbers, 1);
    begin(f->reader);
    assert_int_equal(store_bind(one, &number, &err), ERR_NONE);
    struct store_stmt *other = prepare(f->reader, shared_sql, numbers, 1);
    assert_answered(one, 7);
    commit(f->reader);
    struct store_stmt *both[] = {one, other};
    assert_all_run(f, both, 2);
}

static void a_text_with_other_types_is_another_statement(void **state)
{
    struct fixture *f = *state;
    struct value number = integer_of(7), text = text_of("seven");
    struct store_stmt *one = prepare(f->reader, shared_sql, numbers, 1);
    struct store_stmt *other = prepare(f->reader, shared_sql, texts, 1);
    if (!f->is_pooled)
        assert_string_equal(prepared(f), "2\n");
    assert_string_equal(rows_of_stmt(other, &text), "1|'seven'\n2|'seven'\n3|'seven'\n");
    assert_string_equal(rows_of_stmt(one, &number), "1|7\n2|7\n3|7\n");
}

static void assert_stale(struct store_stmt *stmt)
{
    struct err err = {0};
    bool row;
    assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_STALE);
    store_reset(stmt);
}

// The new one is prepared as the table is now, and found by the old one, whose columns are those it had.
static void a_text_that_has_come_to_mean_something_else_is_prepared_anew(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (7)");
    struct store_stmt *one = prepare(f->reader, "SELECT * FROM t", NULL, 0);
    assert_string_equal(rows_of_stmt(one, NULL), "7\n");
    run_script(f->writer, "ALTER TABLE t ADD COLUMN b integer DEFAULT 8");
    struct store_stmt *other = prepare(f->reader, "SELECT * FROM t", NULL, 0);
    assert_string_equal(rows_of_stmt(other, NULL), "7|8\n");
    assert_stale(one);
    assert_string_equal(rows_of_stmt(other, NULL), "7|8\n");
}

static void what_a_change_has_made_useless_is_taken_from_the_server(void **state)
{
    struct fixture *f = *state;
    if (f->is_pooled)
        skip();
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (7)");
    struct store_stmt *stmt = prepare(f->reader, "SELECT t.*, 7 AS shared FROM t", NULL, 0);
    assert_string_equal(rows_of_stmt(stmt, NULL), "7|7\n");
    assert_string_equal(prepared(f), "1\n");
    run_script(f->writer, "ALTER TABLE t ADD COLUMN b integer DEFAULT 8");
    assert_stale(stmt);
    store_finalize(stmt);
    assert_string_equal(prepared(f), "0\n");
}

// In which there is nothing that the server could find changed.
static void columns_that_change_between_two_sessions_are_noticed(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (7)");
    struct store_stmt *stmt = prepare(f->reader, "SELECT * FROM t", NULL, 0);
    run_script(f->writer, "ALTER TABLE t RENAME COLUMN a TO b");
    pg_lose(pg_conn(f->reader));
    assert_stale(stmt);
    assert_stale(stmt);
}

// The server is told the types of a page's keys as it has inferred them.
static void types_that_change_between_two_sessions_are_noticed(void **state)
{
    struct fixture *f = *state;
    static const struct store_name keys[] = {
        {.name = {.at = "K1", .len = 2}, .type = TYPE_TEXT, .is_page_key = true}};
    static const char sql[] = "SELECT a FROM t WHERE a > :K1 ORDER BY a";
    struct value small = integer_of(6), large = integer_of(4999999999);
    run_script(f->writer, "CREATE TABLE t (a integer); INSERT INTO t VALUES (7)");
    struct store_stmt *stmt = prepare(f->reader, sql, keys, 1);
    assert_string_equal(rows_of_stmt(stmt, &small), "7\n");
    run_script(f->writer, "ALTER TABLE t ALTER COLUMN a TYPE bigint; INSERT INTO t VALUES (5000000000)");
    pg_lose(pg_conn(f->reader));
    struct err err = {0};
    bool row;
    assert_int_equal(store_bind(stmt, &small, &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_STALE);
    store_finalize(stmt);
    stmt = prepare(f->reader, sql, keys, 1);
    assert_string_equal(rows_of_stmt(stmt, &small), "7\n5000000000\n");
    assert_string_equal(rows_of_stmt(stmt, &large), "5000000000\n");
}

// Through a pooler the batch is made anew in each transaction.
static void the_row_type_of_the_batch_may_be_any_behind_a_pooler(void **state)
{
    struct fixture *f = *state;
    const struct value value = integer_of(7);
    struct err err = {0};
    if (!f->is_pooled)
        skip();
    assert_int_equal(store_batch_open(f->writer, numbers, 1, &err), ERR_NONE);
    struct store_stmt *stmt = prepare(f->writer, "SELECT b, number FROM batch b", NULL, 0);
    for (int i = 0; i < 3; i++) {
        bool row;
        begin(f->writer);
        assert_int_equal(store_batch_open(f->writer, numbers, 1, &err), ERR_NONE);
        assert_int_equal(store_batch_add(f->writer, &value, 1, &err), ERR_NONE);
        assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
        assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
        assert_true(row);
        store_reset(stmt);
        commit(f->writer);
    }
}

// A feature that a statement uses and the server has not is an error like others.
static void what_is_not_supported_has_nothing_to_do_with_changes(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE FUNCTION refuse() RETURNS integer LANGUAGE plpgsql STABLE AS"
                          " $$ BEGIN RAISE feature_not_supported; END $$");
    struct err err = error_of_run(f->reader, "SELECT refuse()");
    assert_int_equal(err.code, ERR_CONSTRAINT);
}

// Endpoints of one text, with fields of their own.
static void what_a_writer_has_of_the_batch_is_its_own(void **state)
{
    struct fixture *f = *state;
    const struct store_name *const fields[] = {numbers, texts};
    const struct value values[] = {integer_of(7), text_of("seven")};
    struct store_stmt *stmts[2];
    struct err err = {0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_batch_open(f->writer, fields[i], 1, &err), ERR_NONE);
        stmts[i] = prepare(f->writer, "SELECT number FROM batch", NULL, 0);
    }
    for (int i = 0; i < 6; i++) {
        begin(f->writer);
        assert_int_equal(store_batch_open(f->writer, fields[i % 2], 1, &err), ERR_NONE);
        assert_int_equal(store_batch_add(f->writer, &values[i % 2], 1, &err), ERR_NONE);
        assert_string_equal(rows_of_stmt(stmts[i % 2], NULL), i % 2 == 0 ? "7\n" : "'seven'\n");
        commit(f->writer);
    }
}

int main(void)
{
    const struct CMUnitTest live[] = {
        STORE_TEST(readers_of_one_text_run_what_is_prepared_once),
        STORE_TEST(one_is_prepared_while_another_of_its_text_is_under_way),
        STORE_TEST(a_text_with_other_types_is_another_statement),
        STORE_TEST(a_text_that_has_come_to_mean_something_else_is_prepared_anew),
        STORE_TEST(what_a_change_has_made_useless_is_taken_from_the_server),
        STORE_TEST(columns_that_change_between_two_sessions_are_noticed),
        STORE_TEST(types_that_change_between_two_sessions_are_noticed),
        STORE_TEST(the_row_type_of_the_batch_may_be_any_behind_a_pooler),
        STORE_TEST(what_is_not_supported_has_nothing_to_do_with_changes),
        STORE_TEST(what_a_writer_has_of_the_batch_is_its_own),
    };
    return fixture_run_of("postgresql", live);
}
