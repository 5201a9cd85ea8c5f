// SPDX-License-Identifier: Apache-2.0
#include "batch/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .kind = VALUE_TEXT, .text = {.at = literal, .len = sizeof(literal) - 1 }                             \
    }

static void assert_same(const struct value *a, const struct value *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == VALUE_INTEGER)
        assert_int_equal(a->integer, b->integer);
    else if (a->kind == VALUE_REAL)
        assert_true(a->real == b->real);
    else if (a->kind == VALUE_TEXT)
        assert_true(span_equal(a->text, b->text));
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    const struct value table[][2] = {
        {{.kind = VALUE_NULL}, TEXT("")},
        {{.kind = VALUE_INTEGER, .integer = INT64_MIN}, TEXT("a")},
        {{.kind = VALUE_INTEGER, .integer = INT64_MAX}, TEXT("\0\xff")},
        {{.kind = VALUE_INTEGER, .integer = 0}, {.kind = VALUE_REAL, .real = -0.1}},
        {{.kind = VALUE_INTEGER, .integer = -1}, {.kind = VALUE_REAL, .real = 1e308}},
        {{.kind = VALUE_INTEGER, .integer = 127}, {.kind = VALUE_NULL}},
        {{.kind = VALUE_INTEGER, .integer = 128}, {.kind = VALUE_NULL}},
    };
    const int64_t lines[] = {1, 1, 2, 300, 1000000, 1000000, INT64_MAX};
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, 2, NULL);
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_int_equal(rows_add(&rows, lines[i], table[i]), ERR_NONE);
    assert_int_equal(rows.count, ARRAY_LEN(table));

    for (int walk = 0; walk < 2; walk++) {
        struct rows_cursor cursor;
        struct value values[2];
        int64_t line;
        rows_start(&rows, &cursor);
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
            assert_true(rows_next(&cursor, &line, values));
            assert_int_equal(line, lines[i]);
            assert_same(&values[0], &table[i][0]);
            assert_same(&values[1], &table[i][1]);
        }
        assert_false(rows_next(&cursor, &line, values));
    }
}

static void cleared_rows_start_again(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = {.kind = VALUE_INTEGER, .integer = 5};
    rows_init(&rows, 1, NULL);
    assert_int_equal(rows_add(&rows, 70, &value), ERR_NONE);
    rows_clear(&rows);
    assert_int_equal(rows.count, 0);
    assert_int_equal(rows_add(&rows, 3, &value), ERR_NONE);
    struct rows_cursor cursor;
    int64_t line;
    rows_start(&rows, &cursor);
    assert_true(rows_next(&cursor, &line, &value));
    assert_int_equal(line, 3);
}

static void rows_over_the_limit_are_refused(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = TEXT("0123456789");
    rows_init(&rows, 1, NULL);
    rows.packed.max = 30;
    assert_int_equal(rows_add(&rows, 1, &value), ERR_NONE);
    assert_int_equal(rows_add(&rows, 2, &value), ERR_NONE);
    assert_int_equal(rows_add(&rows, 3, &value), ERR_TOO_LARGE);
}

static void growth_is_charged_until_the_rows_are_freed(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = 1000};
    struct value value = TEXT("0123456789");
    struct rows one, other;
    rows_init(&one, 1, &budget);
    rows_init(&other, 1, &budget);
    assert_int_equal(atomic_load(&budget.used_bytes), 0);
    for (int64_t line = 1; line < 40; line++)
        assert_int_equal(rows_add(&one, line, &value), ERR_NONE);
    assert_int_equal(atomic_load(&budget.used_bytes), one.packed.cap);
    rows_clear(&one); // keeps its memory
    assert_int_equal(atomic_load(&budget.used_bytes), one.packed.cap);
    enum err_code code = ERR_NONE;
    int64_t line = 1;
    while (code == ERR_NONE && line < 1000)
        code = rows_add(&other, line++, &value);
    assert_int_equal(code, ERR_BUSY);
    assert_true(atomic_load(&budget.used_bytes) <= budget.max_bytes);
    rows_fini(&other);
    assert_int_equal(atomic_load(&budget.used_bytes), one.packed.cap);
    rows_fini(&one);
    assert_int_equal(atomic_load(&budget.used_bytes), 0);
}

static void missing_memory_is_told(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = TEXT("x");
    rows_init(&rows, 1, NULL);
    mem_fail_after(0);
    assert_int_equal(rows_add(&rows, 1, &value), ERR_NO_MEMORY);
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(cleared_rows_start_again),
        cmocka_unit_test(rows_over_the_limit_are_refused),
        cmocka_unit_test(growth_is_charged_until_the_rows_are_freed),
        cmocka_unit_test(missing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
