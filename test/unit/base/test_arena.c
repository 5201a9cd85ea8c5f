// SPDX-License-Identifier: Apache-2.0
// The arena: bounds, alignment, memory.
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"

static void what_is_handed_out_is_aligned_and_does_not_overlap(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1024 * 1024);
    char *last = NULL;
    for (size_t size = 1; size < 300; size++) {
        char *memory = arena_alloc(&arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        memset(memory, (int)size, size);
        if (last != NULL)
            assert_int_equal((unsigned char)last[size - 2], (size - 1) & 0xFF);
        last = memory;
    }
}

static void a_large_request_gets_a_block_of_its_own(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1024 * 1024);
    char *memory = arena_alloc(&arena, 100000);
    assert_non_null(memory);
    memset(memory, 1, 100000);
    assert_non_null(arena_alloc(&arena, 1));
}

static void it_hands_out_its_maximum_and_no_more(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 160);
    assert_non_null(arena_alloc(&arena, 100)); // 112 with its padding
    assert_null(arena_alloc(&arena, 49));
    assert_non_null(arena_alloc(&arena, 48));
    assert_null(arena_alloc(&arena, 1));
    assert_int_equal(arena.used, 160);
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1000);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_zalloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_strndup(&arena, "", SIZE_MAX));
    assert_null(arena_alloc(&arena, 1001));
    assert_int_equal(arena.used, 0);
}

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1000);
    static const char zeros[96];
    char *memory = arena_zalloc(&arena, 12, 8);
    assert_memory_equal(memory, zeros, sizeof(zeros));
    assert_non_null(arena_zalloc(&arena, 0, 0));
}

static void a_copied_text_ends_with_nul(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1000);
    assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strdup(&arena, "abcdef"), "abcdef");
    assert_string_equal(arena_strndup(&arena, NULL, 0), "");
}

static void a_lack_of_memory_leaves_it_usable(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 100000);
    mem_fail_after(0);
    assert_null(arena_alloc(&arena, 10));
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_alloc(&arena, 10));
    mem_fail_after(0);
    assert_null(arena_alloc(&arena, 5000));
    mem_fail_after(-1);
    assert_non_null(arena_alloc(&arena, 10));
}

static void an_array_grows_by_doubling_and_keeps_its_items(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 4096);
    int *items = NULL;
    size_t room = 0;
    for (int i = 0; i < 100; i++) {
        int *grown = arena_grow(&arena, items, (size_t)i, &room, sizeof(*items));
        assert_non_null(grown);
        assert_true(room > (size_t)i);
        assert_int_equal(grown[i], 0);
        items = grown;
        items[i] = i + 1;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(items[i], i + 1);
    assert_int_equal(room, 128);
    assert_null(arena_grow(&arena, items, 128, &room, 1000));
    assert_int_equal(room, 128);
}

static void ending_nothing_is_fine(void **state)
{
    (void)state;
    struct arena zeroed = {0};
    arena_fini(&zeroed);
    arena_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_handed_out_is_aligned_and_does_not_overlap),
        cmocka_unit_test(a_large_request_gets_a_block_of_its_own),
        cmocka_unit_test(it_hands_out_its_maximum_and_no_more),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(a_copied_text_ends_with_nul),
        cmocka_unit_test(a_lack_of_memory_leaves_it_usable),
        cmocka_unit_test(an_array_grows_by_doubling_and_keeps_its_items),
        cmocka_unit_test(ending_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
