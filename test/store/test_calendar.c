// SPDX-License-Identifier: Apache-2.0
// calendar(from, to), as every store has it.
#include "fixture.h"

#include <stdio.h>

static void both_ends_are_days_of_it_in_order(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "SELECT * FROM calendar('2015-12-30', '2016-01-02')",
        "'2015-12-30'\n'2015-12-31'\n'2016-01-01'\n'2016-01-02'\n");
}

static void leap_days_are_where_they_belong(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "SELECT day FROM calendar('2016-02-28', '2016-03-01')",
        "'2016-02-28'\n'2016-02-29'\n'2016-03-01'\n");
    assert_rows(
        f->reader, "SELECT day FROM calendar('1900-02-28', '1900-03-01')", "'1900-02-28'\n'1900-03-01'\n");
    assert_rows(f->reader, "SELECT count(*) FROM calendar('2000-01-01', '2000-12-31')", "366\n");
    assert_rows(f->reader, "SELECT count(*) FROM calendar('2001-01-01', '2001-12-31')", "365\n");
}

static void its_edges_are_the_first_and_the_last_day_of_all(void **state)
{
    struct fixture *f = *state;
    assert_rows(
        f->reader, "SELECT day FROM calendar('0001-01-01', '0001-01-02')", "'0001-01-01'\n'0001-01-02'\n");
    assert_rows(
        f->reader, "SELECT day FROM calendar('9999-12-30', '9999-12-31')", "'9999-12-30'\n'9999-12-31'\n");
}

static void a_range_of_one_day_has_that_day(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "SELECT day FROM calendar('2016-02-29', '2016-02-29')", "'2016-02-29'\n");
}

static void a_reversed_range_and_one_with_a_null_have_none(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "SELECT day FROM calendar('2016-01-02', '2016-01-01')", "");
    assert_rows(f->reader, "SELECT day FROM calendar(NULL, '2016-01-01')", "");
    assert_rows(f->reader, "SELECT day FROM calendar('2016-01-01', NULL)", "");
    assert_rows(f->reader, "SELECT count(*) FROM calendar(NULL, NULL)", "0\n");
}

static void a_day_that_does_not_exist_is_an_error(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[] = {"'2015-02-29', '2016-01-01'", "'2016-01-01', '2016-1-32'",
        "'', '2016-01-01'", "2016, '2016-01-01'", "NULL, 'x'"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT day FROM calendar(%s)", cases[i]);
        if (f->is_sqlite)
            assert_int_equal(error_of_run(f->reader, sql).code, ERR_VALUE);
        else // knows its dates before it runs
            assert_int_equal(error_of_prepare(f->reader, sql).code, ERR_CONFIG);
    }
}

static void both_days_have_to_be_named(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[] = {
        "SELECT day FROM calendar", "SELECT day FROM calendar()", "SELECT day FROM calendar('2016-01-01')"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = error_of_prepare(f->reader, cases[i]);
        assert_int_equal(err.code, ERR_CONFIG);
        if (f->is_sqlite)
            assert_string_equal(err.text, "calendar(from, to) needs both days");
    }
}

static void a_part_of_a_long_range_costs_little(void **state)
{
    struct fixture *f = *state;
    if (f->is_sqlite)
        store_deadline(f->reader, 1); // long past: any 1000 steps of work would fail
    assert_rows(f->reader, "SELECT day FROM calendar('0001-01-01', '9999-12-31') LIMIT 2",
        "'0001-01-01'\n'0001-01-02'\n");
    assert_rows(f->reader, "SELECT day FROM calendar('0001-01-01', '9999-12-31') WHERE day = '2016-02-29'",
        "'2016-02-29'\n");
    assert_rows(f->reader,
        "SELECT day FROM calendar('0001-01-01', '9999-12-31')"
        " WHERE day > '2016-02-28' AND day <= '2016-03-01'",
        "'2016-02-29'\n'2016-03-01'\n");
    store_deadline(f->reader, 0);
    assert_rows(f->reader, "SELECT 1 FROM calendar('2000-01-01', '2010-01-07') LIMIT 1 OFFSET 3660", "");
    assert_rows(f->reader, "SELECT 1 FROM calendar('2000-01-01', '2010-01-08') LIMIT 1 OFFSET 3660", "1\n");
}

static void conditions_on_the_day_are_kept_exactly(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *where, *rows;
    } cases[] = {
        {"day >= '2016-01-02' AND day < '2016-01-04'", "'2016-01-02'\n'2016-01-03'\n"},
        {"day BETWEEN '2015-01-01' AND '2016-01-01'", "'2016-01-01'\n"},
        {"day IN ('2016-01-03', '2016-01-01', '2017-01-01') ORDER BY day", "'2016-01-01'\n'2016-01-03'\n"},
        {"day = '2016-01-01' OR day > '2016-01-03' ORDER BY day", "'2016-01-01'\n'2016-01-04'\n"},
        {"day < '2016-01-02' OR day > '2016-01-03' ORDER BY day", "'2016-01-01'\n'2016-01-04'\n"},
        {"CAST(day AS text) > '2016-01'", "'2016-01-01'\n'2016-01-02'\n'2016-01-03'\n'2016-01-04'\n"},
        {"CAST(day AS text) > '2016-01-03T'", "'2016-01-04'\n"},
        {"CAST(day AS text) = 'x'", ""},
        {"day = NULL", ""},
        {"day >= '2017-01-01'", ""},
        {"CAST(day AS text) LIKE '%-03'", "'2016-01-03'\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[300];
        snprintf(sql, sizeof(sql), "SELECT day FROM calendar('2016-01-01', '2016-01-04') WHERE %s",
            cases[i].where);
        assert_rows(f->reader, sql, cases[i].rows);
    }
}

static void it_comes_in_any_order_that_is_asked_for(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "SELECT day FROM calendar('2016-01-01', '2016-01-03') ORDER BY day DESC",
        "'2016-01-03'\n'2016-01-02'\n'2016-01-01'\n");
    assert_rows(f->reader,
        "SELECT a.day, b.day FROM calendar('2016-01-01', '2016-01-02') a,"
        " calendar('2016-01-03', '2016-01-04') b"
        " ORDER BY b.day, a.day",
        "'2016-01-01'|'2016-01-03'\n'2016-01-02'|'2016-01-03'\n"
        "'2016-01-01'|'2016-01-04'\n'2016-01-02'|'2016-01-04'\n");
    assert_rows(f->reader,
        "SELECT substr(CAST(day AS text), 1, 7) AS month, count(*) FROM calendar('2016-01-01', '2016-02-29')"
        " GROUP BY month ORDER BY month",
        "'2016-01'|31\n'2016-02'|29\n");
}

static void its_days_may_come_from_another_table(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE r (k text, date_from date, date_to date);"
        "INSERT INTO r VALUES ('a', '2016-01-01', '2016-01-02'), ('b', '2016-03-01', '2016-03-01'),"
        "  ('c', '2016-03-02', '2016-03-01');");
    assert_rows(f->reader, "SELECT r.k, c.day FROM r, calendar(r.date_from, r.date_to) c ORDER BY r.k, c.day",
        "'a'|'2016-01-01'\n'a'|'2016-01-02'\n'b'|'2016-03-01'\n");
    assert_rows(
        f->reader, "SELECT k FROM r WHERE (SELECT count(*) FROM calendar(date_from, date_to)) = 2", "'a'\n");
    assert_rows(f->reader,
        "SELECT r.k, c.day FROM r LEFT JOIN calendar(r.date_from, r.date_to) c ON true"
        " ORDER BY r.k DESC, c.day",
        "'c'|NULL\n'b'|'2016-03-01'\n'a'|'2016-01-01'\n'a'|'2016-01-02'\n");
}

static void it_is_the_left_side_of_a_question_for_every_day(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE sums (origin text, day date, total integer, PRIMARY KEY (origin, day));"
        "INSERT INTO sums VALUES ('A', '2016-01-02', 7), ('B', '2016-01-03', 8);");
    const struct store_name params[] = {{.name = span_of("from"), .type = TYPE_DATE},
        {.name = span_of("to"), .type = TYPE_DATE}, {.name = span_of("origin"), .type = TYPE_TEXT}};
    struct store_stmt *stmt = prepare(f->reader,
        "SELECT c.day, s.total FROM calendar(:from, :to) c"
        " LEFT JOIN sums s ON s.origin = :origin AND s.day = c.day ORDER BY c.day",
        params, 3);
    const struct value a[] = {text_of("2016-01-01"), text_of("2016-01-03"), text_of("A")};
    const struct value b[] = {text_of("2016-01-03"), text_of("2016-01-03"), text_of("B")};
    assert_string_equal(rows_of_stmt(stmt, a), "'2016-01-01'|NULL\n'2016-01-02'|7\n'2016-01-03'|NULL\n");
    assert_string_equal(rows_of_stmt(stmt, b), "'2016-01-03'|8\n");
    store_finalize(stmt);
}

static void it_may_stand_in_a_view(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE VIEW january AS SELECT day FROM calendar('2016-01-01', '2016-01-31');");
    assert_rows(f->reader, "SELECT count(*) FROM january", "31\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(both_ends_are_days_of_it_in_order),
        STORE_TEST(leap_days_are_where_they_belong),
        STORE_TEST(its_edges_are_the_first_and_the_last_day_of_all),
        STORE_TEST(a_range_of_one_day_has_that_day),
        STORE_TEST(a_reversed_range_and_one_with_a_null_have_none),
        STORE_TEST(a_day_that_does_not_exist_is_an_error),
        STORE_TEST(both_days_have_to_be_named),
        STORE_TEST(a_part_of_a_long_range_costs_little),
        STORE_TEST(conditions_on_the_day_are_kept_exactly),
        STORE_TEST(it_comes_in_any_order_that_is_asked_for),
        STORE_TEST(its_days_may_come_from_another_table),
        STORE_TEST(it_is_the_left_side_of_a_question_for_every_day),
        STORE_TEST(it_may_stand_in_a_view),
    };
    return fixture_run(tests);
}
