// SPDX-License-Identifier: Apache-2.0
// list(text), as every store has it.
#include "fixture.h"

#include <stdio.h>

#include "base/mem.h"

static void items_come_in_order_without_blanks_and_empty_ones(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *rows;
    } cases[] = {
        {"'home,shirts'", "'home'\n'shirts'\n"},
        {"'b,a,b'", "'b'\n'a'\n'b'\n"},
        {"' one item , \ttwo\t,three'", "'one item'\n'two'\n'three'\n"},
        {"',a,,b, ,'", "'a'\n'b'\n"},
        {"'a'", "'a'\n"},
        {"'ä,ö'", "'ä'\n'ö'\n"},
        {"'it''s,%,_'", "'it's'\n'%'\n'_'\n"},
        {"''", ""},
        {"' , ,'", ""},
        {"','", ""},
        {"'a, b\x1f'", "'a, b'\n"},
        {"'a,b\x1f c \x1f\x1f'", "'a,b'\n'c'\n"},
        {"NULL", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "SELECT value FROM list(%s)", cases[i].text);
        assert_rows(f->reader, sql, cases[i].rows);
        snprintf(sql, sizeof(sql), "SELECT * FROM list(%s)", cases[i].text);
        assert_rows(f->reader, sql, cases[i].rows);
    }
}

static void its_items_are_texts_that_compare_with_columns_as_such(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY, name text);"
                          "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (11, NULL);");
    assert_rows(f->reader, "SELECT value || '!' FROM list('1,x')", "'1!'\n'x!'\n");
    assert_rows(
        f->reader, "SELECT id FROM t WHERE name IN (SELECT value FROM list('c, a,z')) ORDER BY id", "1\n3\n");
    assert_rows(f->reader, "SELECT id FROM t WHERE name NOT IN (SELECT value FROM list('c,a'))", "2\n");
    assert_rows(f->reader, "SELECT t.name FROM list('b,a') l JOIN t ON t.name = l.value ORDER BY 1 DESC",
        "'b'\n'a'\n");
    assert_rows(f->reader, "SELECT count(*), max(value) FROM list('3,20,1')", "3|'3'\n");
}

static void it_takes_a_parameter_and_a_column(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE t (id integer, tags text); INSERT INTO t VALUES (1, 'a,b'), (2, NULL), (3, 'c');");
    const struct store_name params[] = {{.name = span_of("tags"), .type = TYPE_TEXT, .is_list = true}};
    struct store_stmt *stmt = prepare(f->reader,
        "SELECT t.id, l.value FROM t, list(t.tags) l WHERE :tags IS NULL"
        " OR l.value IN (SELECT value FROM list(:tags)) ORDER BY 1, 2",
        params, 1);
    const struct value none = null_value(), some = text_of("c,b"), empty = text_of("");
    assert_string_equal(rows_of_stmt(stmt, &none), "1|'a'\n1|'b'\n3|'c'\n");
    assert_string_equal(rows_of_stmt(stmt, &some), "1|'b'\n3|'c'\n");
    assert_string_equal(rows_of_stmt(stmt, &empty), "");
    store_finalize(stmt);
    assert_rows(f->reader, "SELECT t.id, l.value FROM t LEFT JOIN list(t.tags) l ON true ORDER BY 1, 2",
        "1|'a'\n1|'b'\n2|NULL\n3|'c'\n");
}

static void its_text_has_to_be_named(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite) // whose own function it is
        skip();
    assert_error(
        error_of_prepare(f->reader, "SELECT value FROM list"), ERR_CONFIG, "list(text) needs its text");
    assert_error(
        error_of_prepare(f->reader, "SELECT value FROM list()"), ERR_CONFIG, "list(text) needs its text");
    assert_int_equal(error_of_prepare(f->reader, "SELECT value FROM list('a', 'b')").code, ERR_CONFIG);
    assert_int_equal(error_of_prepare(f->writer, "DELETE FROM list('a')").code, ERR_CONFIG);
}

static void it_may_stand_in_a_view_and_in_a_trigger(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite) // whose own function it is
        skip();
    run_script(f->writer, "CREATE VIEW seasons AS SELECT value FROM list('spring, summer');"
                          "CREATE TABLE t (tags text); CREATE TABLE tag (name text);"
                          "CREATE TRIGGER split AFTER INSERT ON t BEGIN"
                          "  INSERT INTO tag SELECT value FROM list(new.tags); END;"
                          "INSERT INTO t VALUES ('x, y');");
    assert_rows(f->reader, "SELECT count(*) FROM seasons", "2\n");
    assert_rows(f->reader, "SELECT name FROM tag", "'x'\n'y'\n");
}

static void a_start_of_a_long_list_costs_little(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite) // whose own function it is
        skip();
    static char text[400000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 == 0 ? 'a' : ',';
    const struct store_name params[] = {{.name = span_of("text"), .type = TYPE_TEXT, .is_list = true}};
    struct value value = {.kind = VALUE_TEXT, .text = {.at = text, .len = sizeof(text)}};
    struct store_stmt *stmt = prepare(f->reader, "SELECT value FROM list(:text) LIMIT 2", params, 1);
    store_deadline(f->reader, 1); // long past: any 1000 steps of work would fail
    assert_string_equal(rows_of_stmt(stmt, &value), "'a'\n'a'\n");
    store_deadline(f->reader, 0);
    store_finalize(stmt);
    stmt = prepare(f->reader, "SELECT count(*) FROM list(:text)", params, 1);
    assert_string_equal(rows_of_stmt(stmt, &value), "200000\n");
    store_finalize(stmt);
}

static void without_memory_it_fails_and_works_the_next_time(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite) // whose own function it is
        skip();
    assert_rows(f->reader, "SELECT value FROM list('a')", "'a'\n");
    struct store_stmt *stmt = prepare(f->reader, "SELECT a.value FROM list('a') a, list('b,c') b", NULL, 0);
    struct err err = {0};
    enum err_code code;
    long count = 0;
    do {
        bool row = true;
        err = (struct err){0};
        mem_fail_after(count++);
        code = store_bind(stmt, NULL, &err);
        while (code == ERR_NONE && row)
            code = store_step(stmt, &row, &err);
        mem_fail_after(-1);
        store_reset(stmt);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
    } while (code != ERR_NONE);
    assert_true(count > 4); // two cursors, two texts
    assert_string_equal(rows_of_stmt(stmt, NULL), "'a'\n'a'\n");
    store_finalize(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(items_come_in_order_without_blanks_and_empty_ones),
        STORE_TEST(its_items_are_texts_that_compare_with_columns_as_such),
        STORE_TEST(it_takes_a_parameter_and_a_column),
        STORE_TEST(its_text_has_to_be_named),
        STORE_TEST(it_may_stand_in_a_view_and_in_a_trigger),
        STORE_TEST(a_start_of_a_long_list_costs_little),
        STORE_TEST(without_memory_it_fails_and_works_the_next_time),
    };
    return fixture_run(tests);
}
