// SPDX-License-Identifier: Apache-2.0
#include "access/usage_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"

static struct usage_key key_of(size_t service, int32_t day, const char *client, const char *path)
{
    return (struct usage_key){
        .service = service, .day = day, .client = span_of(client), .method = HTTP_GET, .path = span_of(path)};
}

static void add(struct usage_table *table, struct usage_key key, uint64_t bytes)
{
    const struct usage_counts counts = {.requests = 1, .bytes = bytes};
    assert_int_equal(usage_table_add(table, &key, &counts), ERR_NONE);
}

static void each_part_of_a_key_counts_by_itself(void **state)
{
    (void)state;
    struct usage_table table;
    struct usage_key post = key_of(0, 1, "a", "/x");
    post.method = HTTP_POST;
    usage_table_init(&table, 100);
    for (unsigned i = 0; i < 2; i++) {
        add(&table, key_of(0, 1, "a", "/x"), 10);
        add(&table, key_of(1, 1, "a", "/x"), 20);
        add(&table, key_of(0, 2, "a", "/x"), 30);
        add(&table, key_of(0, 1, "", "/x"), 40);
        add(&table, key_of(0, 1, "a", "/xa"), 50);
        add(&table, post, 60);
    }
    assert_int_equal(table.count, 6);
    for (size_t i = 0; i < table.count; i++) {
        assert_int_equal(table.entries[i]->counts.requests, 2);
        assert_int_equal(table.entries[i]->counts.bytes, 20 * (i + 1));
    }
    usage_table_fini(&table);
}

static void all_that_is_counted_is_added_up(void **state)
{
    (void)state;
    struct usage_table from, table;
    const struct usage_counts counts = {
        .requests = 1, .cached = 2, .failed = 3, .rows = 4, .bytes = 5, .batch_rows = 6};
    struct usage_key key = key_of(0, 1, "a", "/x");
    usage_table_init(&from, 1);
    usage_table_init(&table, 1);
    assert_int_equal(usage_table_add(&from, &key, &counts), ERR_NONE);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(usage_table_merge(&table, from.entries[0]), ERR_NONE);
    const struct usage_counts expected = {
        .requests = 3, .cached = 6, .failed = 9, .rows = 12, .bytes = 15, .batch_rows = 18};
    assert_memory_equal(&table.entries[0]->counts, &expected, sizeof(expected));
    usage_table_fini(&from);
    assert_true(span_is(table.entries[0]->key.client, "a")); // texts of its own
    assert_true(span_is(table.entries[0]->key.path, "/x"));
    usage_table_fini(&table);
}

static void a_full_table_still_counts_what_it_knows(void **state)
{
    (void)state;
    struct usage_table table;
    const struct usage_counts one = {.requests = 1};
    struct usage_key third = key_of(0, 1, "c", "/x");
    usage_table_init(&table, 2);
    add(&table, key_of(0, 1, "a", "/x"), 1);
    add(&table, key_of(0, 1, "b", "/x"), 1);
    assert_int_equal(usage_table_add(&table, &third, &one), ERR_BUSY);
    add(&table, key_of(0, 1, "a", "/x"), 1);
    assert_int_equal(table.count, 2);
    assert_int_equal(table.entries[0]->counts.requests, 2);
    usage_table_fini(&table);
}

static void order_is_by_day_client_and_endpoint(void **state)
{
    (void)state;
    struct usage_table table;
    struct usage_key post = key_of(0, 1, "a", "/x");
    post.method = HTTP_POST;
    usage_table_init(&table, 100);
    add(&table, key_of(0, 2, "", "/"), 6);
    add(&table, key_of(0, 1, "b", "/a"), 5);
    add(&table, post, 3);
    add(&table, key_of(0, 1, "a", "/y"), 4);
    add(&table, key_of(0, 1, "a", "/x"), 2);
    add(&table, key_of(0, 1, "", "/z"), 1);
    usage_table_sort(&table);
    for (size_t i = 0; i < table.count; i++)
        assert_int_equal(table.entries[i]->counts.bytes, i + 1);
    usage_table_fini(&table);
}

static void missing_memory_is_told_and_leaves_what_was_counted(void **state)
{
    (void)state;
    const struct usage_counts one = {.requests = 1};
    for (long n = 0;; n++) {
        struct usage_table table;
        size_t failures = 0;
        usage_table_init(&table, 100);
        mem_fail_after(n);
        for (unsigned i = 0; i < 40; i++) {
            char client[8];
            snprintf(client, sizeof(client), "%u", i);
            struct usage_key key = key_of(0, 1, client, "/x");
            enum err_code code = usage_table_add(&table, &key, &one);
            assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
            failures += code != ERR_NONE;
        }
        mem_fail_after(-1);
        assert_int_equal(table.count, 40 - failures);
        usage_table_fini(&table);
        if (failures == 0)
            break;
        assert_int_equal(failures, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_of_a_key_counts_by_itself),
        cmocka_unit_test(all_that_is_counted_is_added_up),
        cmocka_unit_test(a_full_table_still_counts_what_it_knows),
        cmocka_unit_test(order_is_by_day_client_and_endpoint),
        cmocka_unit_test(missing_memory_is_told_and_leaves_what_was_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
