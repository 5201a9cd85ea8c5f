// SPDX-License-Identifier: Apache-2.0
// Items that are found by a name, one after another, until there are enough or no memory.
#include "store/name_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

struct item {
    int64_t number;
};

static void a_name_is_found_again_with_its_item(void **state)
{
    (void)state;
    struct name_table table;
    name_table_init(&table, sizeof(struct item), 3);
    assert_null(name_table_find(&table, "a"));
    assert_null(name_table_next(&table, NULL));
    struct item *a = name_table_add(&table, "a"), *b = name_table_add(&table, "a longer name");
    assert_int_equal(a->number + b->number, 0);
    a->number = 1;
    b->number = 2;
    assert_ptr_equal(name_table_find(&table, "a"), a);
    assert_ptr_equal(name_table_find(&table, "a longer name"), b);
    assert_null(name_table_find(&table, "a longer"));
    assert_string_equal(name_table_name(b), "a longer name");
    assert_ptr_equal(name_table_next(&table, NULL), a);
    assert_ptr_equal(name_table_next(&table, a), b);
    assert_null(name_table_next(&table, b));
    assert_non_null(name_table_add(&table, ""));
    assert_null(name_table_add(&table, "one too many"));
    name_table_fini(&table);
}

static void without_memory_nothing_is_added(void **state)
{
    (void)state;
    struct name_table table;
    void *item = NULL;
    name_table_init(&table, sizeof(struct item), 3);
    for (long n = 0; item == NULL; n++) {
        assert_int_equal(table.count, 0);
        assert_null(name_table_find(&table, "a"));
        mem_fail_after(n);
        item = name_table_add(&table, "a");
        mem_fail_after(-1);
    }
    assert_int_equal(table.count, 1);
    assert_ptr_equal(name_table_find(&table, "a"), item);
    name_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_again_with_its_item),
        cmocka_unit_test(without_memory_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
