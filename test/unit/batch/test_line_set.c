// SPDX-License-Identifier: Apache-2.0
#include "batch/line_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void it_has_the_lines_that_were_added(void **state)
{
    (void)state;
    struct line_set set;
    struct err err = {0};
    assert_int_equal(line_set_init(&set, 128, NULL, &err), ERR_NONE);
    const int64_t lines[] = {1, 63, 64, 65, 127, 128, 64};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_true(line_set_add(&set, lines[i]));
    assert_int_equal(set.count, 6); // one came twice
    for (int64_t line = -2; line <= 200; line++)
        assert_int_equal(
            line_set_has(&set, line), line == 1 || (line >= 63 && line <= 65) || line == 127 || line == 128);
    line_set_fini(&set);
}

static void it_takes_no_line_that_is_none(void **state)
{
    (void)state;
    struct line_set set, none = {0};
    struct err err = {0};
    assert_int_equal(line_set_init(&set, 10, NULL, &err), ERR_NONE);
    const int64_t lines[] = {INT64_MIN, -1, 0, 11, 64, INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_false(line_set_add(&set, lines[i]));
        assert_false(line_set_add(&none, lines[i]));
        assert_false(line_set_has(&set, lines[i]));
    }
    assert_false(line_set_add(&none, 1));
    assert_int_equal(set.count, 0);
    line_set_fini(&set);
    line_set_fini(&none);
}

static void those_of_another_one_are_added_as_far_as_it_may_have_them(void **state)
{
    (void)state;
    struct line_set set, others, none = {0};
    struct err err = {0};
    assert_int_equal(line_set_init(&set, 70, NULL, &err), ERR_NONE);
    assert_int_equal(line_set_init(&others, 200, NULL, &err), ERR_NONE);
    assert_true(line_set_add(&set, 2) && line_set_add(&others, 2) && line_set_add(&others, 70));
    assert_true(line_set_add(&others, 71) && line_set_add(&others, 200));
    line_set_add_all(&set, &others);
    line_set_add_all(&set, &none);
    assert_int_equal(set.count, 2);
    assert_true(line_set_has(&set, 2) && line_set_has(&set, 70) && !line_set_has(&set, 71));
    line_set_fini(&set);
    line_set_fini(&others);
}

static void its_memory_is_of_a_budget(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = 100};
    struct line_set set, more;
    struct err err = {0};
    assert_int_equal(line_set_init(&set, 639, &budget, &err), ERR_NONE);
    assert_int_equal(atomic_load(&budget.used_bytes), 80);
    assert_int_equal(line_set_init(&more, 639, &budget, &err), ERR_BUSY);
    assert_string_equal(err.text, "too many batches are waiting: send this one again later");
    line_set_fini(&set);
    assert_int_equal(atomic_load(&budget.used_bytes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_the_lines_that_were_added),
        cmocka_unit_test(it_takes_no_line_that_is_none),
        cmocka_unit_test(those_of_another_one_are_added_as_far_as_it_may_have_them),
        cmocka_unit_test(its_memory_is_of_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
