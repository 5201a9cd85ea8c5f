// SPDX-License-Identifier: Apache-2.0
// The growing buffer.
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/mem.h"

static void it_grows_up_to_its_maximum_and_keeps_what_it_has(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf_append_byte(&buf, (char)i), ERR_NONE);
    assert_int_equal(buf.len, 10000);
    assert_true(buf.cap <= 10000);
    assert_int_equal(buf_append_byte(&buf, 'x'), ERR_TOO_LARGE);
    assert_int_equal(buf.len, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.data[i], (char)i);
}

static void a_failure_sticks_until_it_is_cleared(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 4);
    assert_int_equal(buf_append(&buf, "abcde", 5), ERR_TOO_LARGE);
    assert_int_equal(buf_append_byte(&buf, 'a'), ERR_TOO_LARGE);
    assert_int_equal(buf_append_str(&buf, ""), ERR_TOO_LARGE);
    assert_int_equal(buf_printf(&buf, "a"), ERR_TOO_LARGE);
    assert_int_equal(buf_reserve(&buf, 0), ERR_TOO_LARGE);
    assert_int_equal(buf_status(&buf), ERR_TOO_LARGE);
    assert_int_equal(buf.len, 0);
    buf_clear(&buf);
    assert_int_equal(buf_append_str(&buf, "abcd"), ERR_NONE);
    assert_true(span_is(buf_span(&buf), "abcd"));
}

static void a_lack_of_memory_sticks_and_leaves_the_content(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 100000);
    buf_append_str(&buf, "abc");
    mem_fail_after(0);
    enum err_code code = buf_reserve(&buf, 50000);
    mem_fail_after(-1);
    assert_int_equal(code, ERR_NO_MEMORY);
    assert_int_equal(buf_append_byte(&buf, 'd'), ERR_NO_MEMORY);
    assert_true(span_is(buf_span(&buf), "abc"));
}

static void absurd_sizes_are_too_large(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 100);
    buf_append_byte(&buf, 'a');
    assert_int_equal(buf_reserve(&buf, SIZE_MAX), ERR_TOO_LARGE);
}

static void short_and_long_texts_are_formatted(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    buf_init(&buf, 10000);
    assert_int_equal(buf_printf(&buf, "%d,", 12), ERR_NONE);
    assert_int_equal(buf_printf(&buf, "%s|%s", text, "end"), ERR_NONE);
    assert_int_equal(buf.len, 3 + 999 + 4);
    assert_memory_equal(buf.data, "12,xxx", 6);
    assert_memory_equal(buf.data + buf.len - 5, "x|end", 5);
}

static void texts_around_the_inner_limit_of_printf_are_whole(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof(text));
    for (int len = 250; len < 260; len++) {
        AUTO(buf_fini) struct buf buf;
        buf_init(&buf, 1000);
        assert_int_equal(buf_printf(&buf, "%.*s", len, text), ERR_NONE);
        assert_int_equal(buf.len, len);
        assert_memory_equal(buf.data, text, (size_t)len);
    }
}

static void a_formatted_text_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    char text[300];
    memset(text, 'x', sizeof(text));
    buf_init(&buf, 200);
    assert_int_equal(buf_printf(&buf, "%.*s", 300, text), ERR_TOO_LARGE);
    buf_clear(&buf);
    assert_int_equal(buf_printf(&buf, "%.*s", 201, text), ERR_TOO_LARGE);
    buf_clear(&buf);
    assert_int_equal(buf_printf(&buf, "%.*s", 200, text), ERR_NONE);
}

static void nothing_is_appended_and_ended_without_memory(void **state)
{
    (void)state;
    struct buf buf = {0};
    assert_int_equal(buf_append(&buf, NULL, 0), ERR_NONE);
    assert_int_equal(buf_append_byte(&buf, 'a'), ERR_TOO_LARGE);
    buf_fini(&buf);
    buf_fini(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_up_to_its_maximum_and_keeps_what_it_has),
        cmocka_unit_test(a_failure_sticks_until_it_is_cleared),
        cmocka_unit_test(a_lack_of_memory_sticks_and_leaves_the_content),
        cmocka_unit_test(absurd_sizes_are_too_large),
        cmocka_unit_test(short_and_long_texts_are_formatted),
        cmocka_unit_test(texts_around_the_inner_limit_of_printf_are_whole),
        cmocka_unit_test(a_formatted_text_that_does_not_fit_is_refused),
        cmocka_unit_test(nothing_is_appended_and_ended_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
