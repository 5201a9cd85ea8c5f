// SPDX-License-Identifier: Apache-2.0
// What is remembered of watched files from round to round (inbox/memory.h).
#include "inbox/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"

enum { S = 1000000000 };

static const struct file_stamp A = {.inode = 1, .bytes = 5, .written_ns = 50LL * S, .changed_ns = 70LL * S};

static void a_file_is_as_old_as_its_last_change_and_as_its_first_sight_where_clocks_differ(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    struct memory_item *item = memory_of(&memory, "a");
    memory_see(item, &A, 1000ull * S, 80LL * S);
    assert_int_equal(memory_age_ns(item, 1000ull * S), 10ull * S);
    assert_int_equal(memory_seen_ns(item, 1000ull * S), 0);
    assert_int_equal(memory_seen_ns(item, 1004ull * S), 4ull * S);
    memory_see(item, &A, 1003ull * S, 83LL * S);
    assert_int_equal(memory_age_ns(item, 1003ull * S), 13ull * S);
    struct file_stamp moved = A;
    moved.changed_ns = 200LL * S; // by the clock of another machine
    memory_see(item, &moved, 1005ull * S, 85LL * S);
    assert_int_equal(memory_age_ns(item, 1005ull * S), 0);
    memory_see(item, &moved, 1007ull * S, 87LL * S);
    assert_int_equal(memory_age_ns(item, 1007ull * S), 2ull * S);
    moved.changed_ns = 1; // older than this machine runs
    memory_see(item, &moved, 5, 90LL * S);
    assert_int_equal(memory_age_ns(item, 7), 7);
    memory_fini(&memory);
}

static void tries_are_put_off_ever_longer_until_the_file_changes(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    struct memory_item *item = memory_of(&memory, "a");
    memory_see(item, &A, 0, 80LL * S);
    assert_true(memory_is_due(item, 0));
    assert_int_equal(memory_put_off(item, 0), 1);
    assert_false(memory_is_due(item, LIMIT_INBOX_PAUSE_MS * NS_PER_MS - 1));
    assert_true(memory_is_due(item, LIMIT_INBOX_PAUSE_MS * NS_PER_MS));
    assert_int_equal(memory_put_off(item, 0), 2);
    assert_false(memory_is_due(item, 2 * LIMIT_INBOX_PAUSE_MS * NS_PER_MS - 1));
    for (unsigned i = 3; i < 50; i++)
        assert_int_equal(memory_put_off(item, 0), i);
    assert_true(memory_is_due(item, LIMIT_INBOX_PAUSE_MAX_MS * NS_PER_MS));
    struct file_stamp mended = A;
    mended.changed_ns++;
    memory_see(item, &mended, 1, 80LL * S);
    assert_true(memory_is_due(item, 1));
    assert_int_equal(memory_put_off(item, 1), 1);
    memory_fini(&memory);
}

static void what_is_over_begins_again_with_a_change(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    struct memory_item *item = memory_of(&memory, "a");
    memory_see(item, &A, 0, 80LL * S);
    assert_false(memory_is_over(item) || memory_has_changed(item));
    memory_set_over(item);
    memory_see(item, &A, 1, 80LL * S);
    assert_true(memory_is_over(item));
    struct file_stamp other = A;
    other.changed_ns++;
    memory_see(item, &other, 2, 80LL * S);
    assert_false(memory_is_over(item));
    assert_true(memory_has_changed(item));
    memory_fini(&memory);
}

static void failures_count_only_while_others_go_well(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    struct memory_item *item = memory_of(&memory, "a");
    memory_see(item, &A, 0, 80LL * S);
    assert_int_equal(memory_count_failure(item, 5), 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(memory_count_failure(item, 5), 1); // nothing goes in
    assert_int_equal(memory_count_failure(item, 6), 2);
    assert_int_equal(memory_count_failure(item, 6), 2);
    struct file_stamp mended = A;
    mended.changed_ns++;
    memory_see(item, &mended, 1, 80LL * S);
    assert_int_equal(memory_count_failure(item, 6), 1);
    memory_fini(&memory);
}

static void the_same_is_told_once(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    struct memory_item *item = memory_of(&memory, "a");
    assert_true(memory_is_news(item, "no rights"));
    assert_false(memory_is_news(item, "no rights"));
    assert_true(memory_is_news(item, "a full disk"));
    memory_relent(item);
    assert_true(memory_is_news(item, "a full disk"));
    memory_fini(&memory);
}

static void what_no_round_has_met_is_forgotten(void **state)
{
    (void)state;
    struct memory memory = {0};
    memory_begin(&memory);
    assert_true(memory_is_news(memory_of(&memory, "a"), "x"));
    assert_true(memory_is_news(memory_of(&memory, "b"), "x"));
    memory_end(&memory);
    memory_begin(&memory);
    assert_false(memory_is_news(memory_of(&memory, "a"), "x"));
    memory_end(&memory);
    assert_false(memory_is_news(memory_of(&memory, "a"), "x"));
    assert_true(memory_is_news(memory_of(&memory, "b"), "x"));
    memory_fini(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_as_old_as_its_last_change_and_as_its_first_sight_where_clocks_differ),
        cmocka_unit_test(tries_are_put_off_ever_longer_until_the_file_changes),
        cmocka_unit_test(what_is_over_begins_again_with_a_change),
        cmocka_unit_test(failures_count_only_while_others_go_well),
        cmocka_unit_test(the_same_is_told_once),
        cmocka_unit_test(what_no_round_has_met_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
