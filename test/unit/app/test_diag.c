// SPDX-License-Identifier: Apache-2.0
#include "app/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

static void expect_print(const struct diags *diags, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    diags_print(diags, file);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}

static void places_are_printed_as_compilers_do(void **state)
{
    (void)state;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    diags_add(&diags, "a.sql", 3, 7, "unknown %s", "thing");
    diags_add(&diags, "app.ini", 2, 0, "unknown key");
    diags_add(&diags, "apps/x", 0, 0, "no endpoint");
    expect_print(&diags, "a.sql:3:7: unknown thing\napp.ini:2: unknown key\napps/x: no endpoint\n");
}

static void they_are_sorted_by_place_and_stay_in_order_at_one_place(void **state)
{
    (void)state;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    diags_add(&diags, "b", 1, 1, "1");
    diags_add(&diags, "a", 10, 1, "2");
    diags_add(&diags, "a", 2, 9, "3");
    diags_add(&diags, "a", 2, 1, "4");
    diags_add(&diags, "a", 2, 9, "5");
    diags_add(&diags, "a", 0, 0, "6");
    diags_sort(&diags);
    expect_print(&diags, "a: 6\na:2:1: 4\na:2:9: 3\na:2:9: 5\na:10:1: 2\nb:1:1: 1\n");
}

static void the_names_and_texts_are_copied(void **state)
{
    (void)state;
    AUTO(diags_fini) struct diags diags;
    char file[] = "a";
    diags_init(&diags);
    diags_add(&diags, file, 1, 1, "x");
    file[0] = 'b';
    diags_add(&diags, file, 1, 1, "y");
    file[0] = 'c';
    expect_print(&diags, "a:1:1: x\nb:1:1: y\n");
}

static void what_is_over_the_limit_is_counted(void **state)
{
    (void)state;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    for (int i = 0; i < LIMIT_DIAGNOSTICS + 1; i++)
        diags_add(&diags, "a", 0, 0, "x");
    assert_int_equal(diags.count, LIMIT_DIAGNOSTICS);
    assert_int_equal(diags.dropped, 1);
    assert_int_equal(diags_total(&diags), LIMIT_DIAGNOSTICS + 1);
    diags.count = 0;
    expect_print(&diags, "1 more error is left out\n");
    diags_add(&diags, "a", 0, 0, "x");
    diags.dropped = 2;
    expect_print(&diags, "a: x\n2 more errors are left out\n");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    AUTO(diags_fini) struct diags diags;
    char text[2000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    diags_init(&diags);
    diags_add(&diags, "a", 0, 0, "%s", text);
    assert_int_equal(strlen(diags.items[0].text), 511);
}

static void without_memory_an_error_is_counted_all_the_same(void **state)
{
    (void)state;
    for (long n = 0; n < 3; n++) {
        AUTO(diags_fini) struct diags diags;
        diags_init(&diags);
        mem_fail_after(n);
        diags_add(&diags, "a", 1, 1, "x");
        mem_fail_after(-1);
        assert_int_equal(diags_total(&diags), 1);
        assert_int_equal(diags.dropped, n < 2);
    }
}

static void a_zeroed_list_can_be_freed(void **state)
{
    (void)state;
    struct diags diags = {0};
    diags_fini(&diags);
    diags_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_printed_as_compilers_do),
        cmocka_unit_test(they_are_sorted_by_place_and_stay_in_order_at_one_place),
        cmocka_unit_test(the_names_and_texts_are_copied),
        cmocka_unit_test(what_is_over_the_limit_is_counted),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(without_memory_an_error_is_counted_all_the_same),
        cmocka_unit_test(a_zeroed_list_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
