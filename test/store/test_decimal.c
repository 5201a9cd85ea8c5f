// SPDX-License-Identifier: Apache-2.0
// Decimals as every store has them: parameters, decimal_of and decimal_round. What SQLite has as an integer
// of last places is a numeric in PostgreSQL, so answers are compared in the first one's form.
#include "fixture.h"

#include <stdio.h>

#include "text/decimal.h"

enum { SCALE = 2 };

// The value of an expression, as an integer of its last places.
static int64_t scaled_of(struct fixture *f, const char *expression, const struct value *param)
{
    const struct store_name names[] = {{.name = span_of("d"), .type = TYPE_DECIMAL}};
    char sql[300], number[NUMBER_CHARS];
    struct err err = {0};
    struct value value = {0};
    int64_t scaled = 0;
    bool row = false;
    snprintf(sql, sizeof(sql), "SELECT %s AS x", expression);
    struct store_stmt *stmt = prepare(f->reader, sql, names, 1);
    assert_int_equal(store_bind(stmt, param, &err), ERR_NONE);
    if (store_step(stmt, &row, &err) != ERR_NONE)
        fail_msg("%s: %s", expression, err.text);
    assert_int_equal(store_column(stmt, 0, &value, &err), ERR_NONE);
    if (store_decimals_are_scaled(f->reader)) {
        assert_int_equal(value.kind, VALUE_INTEGER);
        scaled = value.integer;
    } else {
        assert_int_equal(
            decimal_parse(value_show(value, number), DECIMAL_MAX_DIGITS, SCALE, &scaled), DECIMAL_OK);
    }
    store_finalize(stmt);
    return scaled;
}

static void a_literal_is_the_decimal_that_it_says(void **state)
{
    struct fixture *f = *state;
    const struct value none = null_value();
    assert_int_equal(scaled_of(f, "decimal_of('10.50', 2)", &none), 1050);
    assert_int_equal(scaled_of(f, "decimal_of(10, 2)", &none), 1000);
    assert_int_equal(scaled_of(f, "decimal_of(-0.05, 2)", &none), -5);
    assert_int_equal(scaled_of(f, "decimal_of(' 1e2 ', 2)", &none), 10000);
    assert_int_equal(scaled_of(f, "decimal_of('12.300', 2)", &none), 1230);
    assert_rows(f->reader, "SELECT decimal_of(CAST(NULL AS text), 2) IS NULL AS x", "1\n");
}

static void rounding_is_away_from_zero(void **state)
{
    struct fixture *f = *state;
    const struct value none = null_value();
    assert_int_equal(scaled_of(f, "decimal_round(decimal_of('1.2345', 4), 4, 2)", &none), 123);
    assert_int_equal(scaled_of(f, "decimal_round(decimal_of('1.235', 3), 3, 2)", &none), 124);
    assert_int_equal(scaled_of(f, "decimal_round(decimal_of('-1.235', 3), 3, 2)", &none), -124);
    assert_int_equal(
        scaled_of(f, "decimal_round(decimal_of('10.50', 2) * decimal_of('0.29', 2), 4, 2)", &none), 305);
    assert_int_equal(scaled_of(f, "decimal_round(decimal_of('10.50', 2) * 0.29, 2, 2)", &none), 305);
}

static void a_parameter_is_compared_exactly(void **state)
{
    struct fixture *f = *state;
    static const int64_t numbers[] = {0, 1, -1, 99, 1230, 999999, 1000000, -123456789, 100000000,
        INT64_C(999999999999999999), INT64_C(-999999999999999999)};
    const struct store_name names[] = {{.name = span_of("d"), .type = TYPE_DECIMAL}};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const struct value value = {.kind = VALUE_SCALED, .scale = SCALE, .integer = numbers[i]};
        char number[NUMBER_CHARS], sql[200];
        struct span shown = value_show(value, number);
        assert_int_equal(scaled_of(f, ":d", &value), numbers[i]);
        snprintf(
            sql, sizeof(sql), "SELECT 7 AS x WHERE :d = decimal_of('%.*s', 2)", (int)shown.len, shown.at);
        struct store_stmt *stmt = prepare(f->reader, sql, names, 1);
        assert_string_equal(rows_of_stmt(stmt, &value), "7\n");
        store_finalize(stmt);
    }
}

static void what_does_not_fit_is_refused_and_not_rounded(void **state)
{
    struct fixture *f = *state;
    static const char *const wrong[] = {"decimal_of('12.345', 2)", "decimal_of('x', 2)", "decimal_of('', 2)",
        "decimal_of('12345678901234567', 2)", "decimal_of('NaN', 2)"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "SELECT %s AS x", wrong[i]);
        struct err err = error_of_run(f->reader, sql);
        if (err.code != ERR_VALUE &&
            err.code != ERR_CONFIG) // a constant may be worked out when it is prepared
            fail_msg("%s: %s", wrong[i], err.text);
    }
}

// SQLite makes a real of a product that has no room in 64 bits: its last digits are lost by then.
static void a_product_that_has_lost_digits_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *sql =
        "SELECT decimal_round(decimal_of('9999999999.99', 2) * decimal_of('12345.678', 3), 5, 2) AS x";
    if (!store_decimals_are_scaled(f->reader))
        return;
    struct err err = error_of_run(f->reader, sql);
    assert_non_null(
        strstr(err.text, "e+19\" has more digits than it has room for")); // in quotes, so that it is hidden
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_literal_is_the_decimal_that_it_says),
        STORE_TEST(rounding_is_away_from_zero),
        STORE_TEST(a_parameter_is_compared_exactly),
        STORE_TEST(what_does_not_fit_is_refused_and_not_rounded),
        STORE_TEST(a_product_that_has_lost_digits_is_refused),
    };
    return fixture_run(tests);
}
