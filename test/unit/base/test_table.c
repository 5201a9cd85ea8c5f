// SPDX-License-Identifier: Apache-2.0
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

enum { ITEMS = 300 };

static bool is_same(const void *item, const void *key)
{
    return item == key;
}

// Many share a tag, and all lie close together.
static uint64_t hash_of(size_t i)
{
    return i % 37 % 5 == 0 ? i % 11 : UINT64_C(0x100000000) * i + i % 37;
}

static void it_has_what_was_added_and_not_taken(void **state)
{
    (void)state;
    static int items[ITEMS];
    bool is_in[ITEMS] = {false};
    struct table table = {0};
    size_t count = 0;
    for (size_t step = 0; step < 20000; step++) {
        size_t i = step * 7919 % ITEMS + (step / 1000) % 3;
        i %= ITEMS;
        if (is_in[i]) {
            table_take(&table, hash_of(i), &items[i]);
            count--;
        } else {
            assert_true(table_add(&table, hash_of(i), &items[i]));
            count++;
        }
        is_in[i] = !is_in[i];
        assert_int_equal(table.count, count);
        if (step % 50 != 0)
            continue;
        for (size_t j = 0; j < ITEMS; j++)
            assert_ptr_equal(table_find(&table, hash_of(j), is_same, &items[j]), is_in[j] ? &items[j] : NULL);
    }
    assert_in_range(table_bytes(&table), 2 * count * 12, 64 * ITEMS);
    table_fini(&table);
    assert_null(table_find(&table, 1, is_same, &items[1]));
}

static void a_lack_of_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    static int items[20];
    struct table table = {0};
    for (size_t i = 0; i < 8; i++)
        assert_true(table_add(&table, i, &items[i]));
    for (long count = 0; count < 2; count++) {
        mem_fail_after(count);
        assert_false(table_add(&table, 8, &items[8]));
    }
    mem_fail_after(-1);
    for (size_t i = 0; i < 8; i++)
        assert_ptr_equal(table_find(&table, i, is_same, &items[i]), &items[i]);
    assert_true(table_add(&table, 8, &items[8]));
    table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_what_was_added_and_not_taken),
        cmocka_unit_test(a_lack_of_memory_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
