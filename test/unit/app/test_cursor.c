// SPDX-License-Identifier: Apache-2.0
#include "app/cursor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct value integer_of(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static struct value real_of(double real)
{
    return (struct value){.kind = VALUE_REAL, .real = real};
}

static struct value text_of(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_of(text)};
}

static struct value decimal_of(const char *digits)
{
    return (struct value){.kind = VALUE_DECIMAL, .text = span_of(digits)};
}

static void keys_of_every_kind_come_back_as_they_were(void **state)
{
    (void)state;
    struct value keys[] = {integer_of(0), integer_of(INT64_MIN), integer_of(INT64_MAX), real_of(0.1),
        real_of(-0.0), real_of(5e-324), real_of(INFINITY), real_of(NAN), text_of(""),
        text_of("\xc3\xa9, \"x\"\n"), decimal_of("-12345678901234567890.5"), decimal_of("0"),
        {.kind = VALUE_NULL}};
    enum { COUNT = sizeof(keys) / sizeof(keys[0]) };
    struct cursor cursor, back;
    struct value values[COUNT];
    char text[CURSOR_CHARS];
    assert_int_equal(cursor_pack(0xfedcba98, keys, COUNT, &cursor), CURSOR_OK);
    size_t len = cursor_to_text(&cursor, text);
    assert_true(cursor_from_text((struct span){.at = text, .len = len}, &back));
    assert_true(cursor_unpack(&back, 0xfedcba98, COUNT, values));
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(values[i].kind, keys[i].kind);
        if (keys[i].kind == VALUE_TEXT || keys[i].kind == VALUE_DECIMAL)
            assert_true(span_equal(values[i].text, keys[i].text));
        else if (keys[i].kind != VALUE_NULL)
            assert_memory_equal(&values[i].integer, &keys[i].integer, 8); // reals to the bit
    }
}

static void a_cursor_has_the_same_text_on_every_machine(void **state)
{
    (void)state;
    struct value keys[] = {integer_of(3), text_of("b")};
    struct cursor cursor;
    char text[CURSOR_CHARS];
    assert_int_equal(cursor_pack(0x04030201, keys, 2, &cursor), CURSOR_OK);
    assert_int_equal(cursor.len, 17);
    assert_memory_equal(cursor.bytes, "\1\2\3\4i\3\0\0\0\0\0\0\0t\1\0b", 17);
    assert_int_equal(cursor_to_text(&cursor, text), 23);
    assert_memory_equal(text, "AQIDBGkDAAAAAAAAAHQBAGI", 23);
}

static void what_no_cursor_can_hold_is_told(void **state)
{
    (void)state;
    static char longest[LIMIT_CURSOR_BYTES];
    struct value value = text_of("\xff");
    struct cursor cursor;
    assert_int_equal(cursor_pack(1, &value, 1, &cursor), CURSOR_NO_VALUE);
    value.text = (struct span){.at = "a\0b", .len = 3};
    assert_int_equal(cursor_pack(1, &value, 1, &cursor), CURSOR_NO_VALUE);
    memset(longest, 'x', sizeof(longest));
    value.text = (struct span){.at = longest, .len = sizeof(longest) - 7};
    assert_int_equal(cursor_pack(1, &value, 1, &cursor), CURSOR_OK);
    assert_int_equal(cursor.len, LIMIT_CURSOR_BYTES);
    value.text.len++;
    assert_int_equal(cursor_pack(1, &value, 1, &cursor), CURSOR_TOO_LONG);
    struct value two[] = {
        {.kind = VALUE_TEXT, .text = {.at = longest, .len = sizeof(longest) - 7}}, integer_of(1)};
    assert_int_equal(cursor_pack(1, two, 2, &cursor), CURSOR_TOO_LONG);
}

static void a_cursor_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct value keys[] = {integer_of(3), text_of("abc"), real_of(1)}, values[4] = {{.kind = VALUE_NULL}};
    struct cursor cursor, part;
    assert_int_equal(cursor_pack(7, keys, 3, &cursor), CURSOR_OK);
    assert_false(cursor_unpack(&cursor, 8, 3, values));
    assert_false(cursor_unpack(&cursor, 7, 2, values));
    assert_false(cursor_unpack(&cursor, 7, 4, values));
    part = cursor;
    for (part.len = 0; part.len < cursor.len; part.len++)
        assert_false(cursor_unpack(&part, 7, 3, values));
    assert_int_equal(values[0].kind, VALUE_NULL); // left alone
    assert_true(cursor_unpack(&part, 7, 3, values));
}

static void values_that_were_never_packed_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } wrong[] = {
        {"\7\0\0\0x", 5},         // no tag
        {"\7\0\0\0t\1\0\xff", 8}, // no UTF-8
        {"\7\0\0\0t\1\0\0", 8},   // NUL
        {"\7\0\0\0t\2\0a", 8},    // cut short
        {"\7\0\0\0n\0", 6},       // more than a null
        {"\7\0\0\0d\1\0x", 8},    // no decimal
        {"\7\0\0\0d\2\0"
         "1.",
            9},                // likewise
        {"\7\0\0\0d\1\0-", 8}, //
        {"\7\0\0\0d\5\0"
         "1.2.3",
            12},                             //
        {"\7\0\0\0d\0\0", 7},                //
        {"\7\0\0\0i\0\0\0\0\0\0\0\0\0", 14}, // a byte too many
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct cursor cursor = {.len = wrong[i].len};
        struct value value;
        memcpy(cursor.bytes, wrong[i].bytes, wrong[i].len);
        if (cursor_unpack(&cursor, 7, 1, &value))
            fail_msg("number %zu is read", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_every_kind_come_back_as_they_were),
        cmocka_unit_test(a_cursor_has_the_same_text_on_every_machine),
        cmocka_unit_test(what_no_cursor_can_hold_is_told),
        cmocka_unit_test(a_cursor_that_is_not_whole_is_refused),
        cmocka_unit_test(values_that_were_never_packed_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
