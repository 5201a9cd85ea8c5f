// SPDX-License-Identifier: Apache-2.0
// The allocator and its failures; spans; clocks.
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/span.h"

static void the_chosen_allocation_fails_once(void **state)
{
    (void)state;
    mem_fail_after(2);
    void *first = mem_alloc(1), *second = mem_zalloc(1, 1), *third = mem_alloc(1), *fourth = mem_alloc(1);
    mem_fail_after(-1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(third);
    assert_non_null(fourth);
    mem_free(first);
    mem_free(second);
    mem_free(fourth);
}

static void every_kind_of_allocation_can_fail(void **state)
{
    (void)state;
    void *old = mem_alloc(4);
    memcpy(old, "abc", 4);
    mem_fail_after(0);
    assert_null(mem_zalloc(1, 1));
    mem_fail_after(0);
    assert_null(mem_strndup("a", 1));
    mem_fail_after(0);
    assert_null(mem_strdup("a"));
    mem_fail_after(0);
    assert_null(mem_realloc(old, 100));
    mem_fail_after(-1);
    assert_string_equal(old, "abc");
    mem_free(old);
}

static void nothing_is_an_allocation_too(void **state)
{
    (void)state;
    void *memory = mem_alloc(0);
    assert_non_null(memory);
    memory = mem_realloc(memory, 0);
    assert_non_null(memory);
    mem_free(memory);
    memory = mem_zalloc(0, 8);
    assert_non_null(memory);
    mem_free(memory);
    mem_free(NULL);
}

static void copies_end_with_nul(void **state)
{
    (void)state;
    char *copy = mem_strndup("abcdef", 3);
    assert_string_equal(copy, "abc");
    mem_free(copy);
    copy = mem_strdup("abcdef");
    assert_string_equal(copy, "abcdef");
    mem_free(copy);
    copy = mem_strndup(NULL, 0);
    assert_string_equal(copy, "");
    mem_free(copy);
}

static void an_array_grows_and_keeps_its_things(void **state)
{
    (void)state;
    size_t *items = NULL, room = 0;
    for (size_t count = 0; count < 1000; count++) {
        size_t before = room;
        size_t *grown = mem_grow(items, count, &room, sizeof(*items));
        assert_non_null(grown);
        assert_true(room > count);
        assert_int_equal(room != before, count == before); // seldom
        items = grown;
        items[count] = count;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    size_t count = room, before = room;
    mem_fail_after(0);
    assert_null(mem_grow(items, count, &room, sizeof(*items)));
    mem_fail_after(-1);
    assert_int_equal(room, before);
    assert_null(mem_grow(items, count, &room, SIZE_MAX / count));
    assert_int_equal(room, before);
    assert_int_equal(items[999], 999);
    mem_free(items);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    volatile size_t half = SIZE_MAX / 2 + 2; // the compiler must not see it
    assert_null(mem_zalloc(half, 2));
    assert_null(mem_strndup("", SIZE_MAX));
}

// Not inlined, as the compiler would warn of reads that do not happen.
static bool __attribute__((noinline)) is_nocase(struct span a, const char *text)
{
    return span_is_nocase(a, text);
}

static void spans_compare_by_bytes_or_without_case(void **state)
{
    (void)state;
    assert_true(span_equal((struct span){0}, span_of("")));
    assert_true(span_is(span_of("abc"), "abc"));
    assert_false(span_is(span_of("abc"), "ab"));
    assert_false(span_is(span_of("abc"), "abd"));
    assert_true(is_nocase(span_of("Content-TYPE"), "content-Type"));
    assert_false(is_nocase(span_of("abc"), "abcd"));
    assert_false(is_nocase(span_of("abcd"), "abc"));
    assert_false(is_nocase(span_of("@[`{"), "`{@["));
    assert_false(is_nocase((struct span){.at = "a\0", .len = 2}, "a"));
}

static void the_clocks_go_forward(void **state)
{
    (void)state;
    uint64_t before = clock_monotonic_ns();
    assert_true(clock_monotonic_ns() >= before);
    assert_true(clock_wall_ms() > 1700000000000); // 2023
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chosen_allocation_fails_once),
        cmocka_unit_test(every_kind_of_allocation_can_fail),
        cmocka_unit_test(nothing_is_an_allocation_too),
        cmocka_unit_test(copies_end_with_nul),
        cmocka_unit_test(an_array_grows_and_keeps_its_things),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(spans_compare_by_bytes_or_without_case),
        cmocka_unit_test(the_clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
