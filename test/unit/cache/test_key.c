// SPDX-License-Identifier: Apache-2.0
#include "cache/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"

static const struct key_parts PARTS = {.app = 7, .endpoint = 2, .format = 1};

static struct key make(
    struct arena *arena, const struct key_parts *parts, const struct value *params, size_t count)
{
    struct key key;
    assert_true(key_make(parts, params, count, arena, &key));
    return key;
}

static struct value text(const char *words)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_of(words)};
}

static void equal_parts_and_values_are_one_key(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, LIMIT_REQUEST_BYTES);
    struct value params[] = {text("CNSHA"), {.kind = VALUE_NULL}, {.kind = VALUE_INTEGER, .integer = 3},
        {.kind = VALUE_REAL, .real = 0.5}};
    struct value same[] = {text("CNSHA"), {.kind = VALUE_NULL}, {.kind = VALUE_INTEGER, .integer = 3},
        {.kind = VALUE_REAL, .real = 0.5}};
    struct key a = make(&arena, &PARTS, params, 4), b = make(&arena, &PARTS, same, 4);
    assert_true(key_equal(&a, &b));
    assert_true(a.hash == b.hash);
}

static void whatever_differs_makes_another_key(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, LIMIT_REQUEST_BYTES);
    struct value lists[][2] = {
        {text("ab"), text("c")},
        {text("a"), text("bc")},
        {text(""), text("abc")},
        {text("abc"), text("")},
        {text("abc"), {.kind = VALUE_NULL}},
        {{.kind = VALUE_NULL}, text("abc")},
        {{.kind = VALUE_INTEGER, .integer = 1}, {.kind = VALUE_NULL}},
        {{.kind = VALUE_REAL, .real = 1}, {.kind = VALUE_NULL}},
        {text("1"), {.kind = VALUE_NULL}},
    };
    struct key keys[sizeof(lists) / sizeof(lists[0]) + 3];
    size_t count = 0;
    for (; count < sizeof(lists) / sizeof(lists[0]); count++)
        keys[count] = make(&arena, &PARTS, lists[count], 2);
    keys[count++] = make(&arena, &(struct key_parts){.app = 8, .endpoint = 2, .format = 1}, lists[0], 2);
    keys[count++] = make(&arena, &(struct key_parts){.app = 7, .endpoint = 3, .format = 1}, lists[0], 2);
    keys[count++] = make(&arena, &(struct key_parts){.app = 7, .endpoint = 2, .format = 2}, lists[0], 2);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            assert_int_equal(key_equal(&keys[i], &keys[j]), i == j);
    }
}

static void an_arena_without_room_gives_none(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    struct key key;
    struct value param = text("a long text that has no room in so small an arena");
    arena_init(&arena, 16);
    assert_false(key_make(&PARTS, &param, 1, &arena, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_parts_and_values_are_one_key),
        cmocka_unit_test(whatever_differs_makes_another_key),
        cmocka_unit_test(an_arena_without_room_gives_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
