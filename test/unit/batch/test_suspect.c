// SPDX-License-Identifier: Apache-2.0
#include "batch/suspect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"

enum { FIELDS = 2 };

static struct value integer(int64_t number)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = number};
}

static struct value text(const char *chars)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_of(chars)};
}

static const struct value null = {.kind = VALUE_NULL};

static void add(struct rows *rows, struct value first, struct value second)
{
    const struct value values[FIELDS] = {first, second};
    assert_int_equal(rows_add(rows, (int64_t)rows->count + 1, values, NULL), ERR_NONE);
}

static void the_first_row_with_a_null_in_the_column_is_suspected(void **state)
{
    (void)state;
    struct suspects found;
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, FIELDS, NULL);
    add(&rows, null, text("a"));
    add(&rows, integer(1), text("b"));
    const struct suspect_case second = {.kind = SUSPECT_NULL, .fields = {1}, .count = 1};
    assert_false(suspects_find(&second, &rows, &found));
    add(&rows, integer(1), null);
    add(&rows, integer(1), null);
    assert_true(suspects_find(&second, &rows, &found));
    assert_int_equal(found.row, 2);
    assert_int_equal(found.count, 1);
}

static void a_row_that_repeats_a_key_is_suspected_with_the_one_that_had_it(void **state)
{
    (void)state;
    struct suspects found;
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, FIELDS, NULL);
    for (int64_t i = 0; i < 1000; i++)
        add(&rows, integer(i), text("a"));
    add(&rows, null, text("b"));
    add(&rows, null, text("b")); // null equals nothing
    add(&rows, integer(700), text("b"));
    const struct suspect_case both = {.kind = SUSPECT_KEY, .fields = {0, 1}, .count = 2};
    const struct suspect_case first = {.kind = SUSPECT_KEY, .fields = {0}, .count = 1};
    assert_false(suspects_find(&both, &rows, &found));
    assert_true(suspects_find(&first, &rows, &found));
    assert_int_equal(found.before, 700);
    assert_int_equal(found.row, 1002);
    assert_int_equal(found.count, 2);
    add(&rows, integer(700), text("b"));
    assert_true(suspects_find(&both, &rows, &found));
    assert_int_equal(found.before, 1002);
    assert_int_equal(found.row, 1003);
}

static void keys_of_decimals_and_reals_are_told_apart(void **state)
{
    (void)state;
    struct suspects found;
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, FIELDS, NULL);
    const struct suspect_case both = {.kind = SUSPECT_KEY, .fields = {0, 1}, .count = 2};
    for (int i = 0; i < 4; i++) {
        struct value decimal = {.kind = VALUE_SCALED, .scale = 2, .integer = i / 2};
        add(&rows, decimal, (struct value){.kind = VALUE_REAL, .real = i % 2});
    }
    assert_false(suspects_find(&both, &rows, &found));
    add(&rows, (struct value){.kind = VALUE_SCALED, .scale = 2, .integer = 1},
        (struct value){.kind = VALUE_REAL});
    assert_true(suspects_find(&both, &rows, &found));
    assert_int_equal(found.before, 2);
    assert_int_equal(found.row, 4);
}

static void nobody_is_suspected_where_nothing_is_known(void **state)
{
    (void)state;
    struct suspects found;
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, FIELDS, NULL);
    add(&rows, integer(1), null);
    add(&rows, integer(1), null);
    assert_false(suspects_find(&(struct suspect_case){.kind = SUSPECT_NOBODY}, &rows, &found));
    mem_fail_after(0);
    assert_false(
        suspects_find(&(struct suspect_case){.kind = SUSPECT_KEY, .fields = {0}, .count = 1}, &rows, &found));
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_row_with_a_null_in_the_column_is_suspected),
        cmocka_unit_test(a_row_that_repeats_a_key_is_suspected_with_the_one_that_had_it),
        cmocka_unit_test(keys_of_decimals_and_reals_are_told_apart),
        cmocka_unit_test(nobody_is_suspected_where_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
