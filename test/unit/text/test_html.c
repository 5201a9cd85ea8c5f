// SPDX-License-Identifier: Apache-2.0
#include "text/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "text/utf8.h"

static void assert_written(struct span text, const char *expected)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(html_write_text(&out, text), ERR_NONE);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void plain_text_stands_as_it_is(void **state)
{
    (void)state;
    assert_written((struct span){0}, "");
    assert_written(span_of("two words, a tab\t and a\nline"), "two words, a tab\t and a\nline");
    assert_written(span_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

static void what_means_something_in_html_becomes_a_reference(void **state)
{
    (void)state;
    assert_written(span_of("<script>alert(\"a\" & 'b')</script>"),
        "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;");
    assert_written(span_of("&amp;"), "&amp;amp;");
}

static void what_html_cannot_hold_is_replaced_byte_by_byte(void **state)
{
    (void)state;
    assert_written((struct span){.at = "a\0b", .len = 3}, "a\xEF\xBF\xBD"
                                                          "b");
    assert_written(span_of("\x01\r\x1F\x7F"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_written(span_of("a\xFFz"), "a\xEF\xBF\xBDz");
    assert_written(span_of("\xC0\xBC"), "\xEF\xBF\xBD\xEF\xBF\xBD"); // an overlong <
    assert_written(span_of("ok\xE2\x82"), "ok\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_written(span_of("\xE2<"), "\xEF\xBF\xBD&lt;"); // a cut sequence swallows nothing
}

static void no_byte_gets_through_that_could_open_a_tag_or_close_an_attribute(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 64);
        char text[] = {'x', (char)byte, 'x'};
        assert_int_equal(html_write_text(&out, (struct span){.at = text, .len = 3}), ERR_NONE);
        assert_true(utf8_valid(buf_span(&out)));
        assert_null(memchr(out.data, '<', out.len));
        assert_null(memchr(out.data, '>', out.len));
        assert_null(memchr(out.data, '"', out.len));
        assert_null(memchr(out.data, '\'', out.len));
    }
}

static void a_failure_sticks(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 5);
    assert_int_equal(html_write_text(&out, span_of("ab<")), ERR_TOO_LARGE);
    assert_int_equal(html_write_text(&out, span_of("c")), ERR_TOO_LARGE);
    buf_fini(&out);
    buf_init(&out, 64);
    mem_fail_after(0);
    assert_int_equal(html_write_text(&out, span_of("ab")), ERR_NO_MEMORY);
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stands_as_it_is),
        cmocka_unit_test(what_means_something_in_html_becomes_a_reference),
        cmocka_unit_test(what_html_cannot_hold_is_replaced_byte_by_byte),
        cmocka_unit_test(no_byte_gets_through_that_could_open_a_tag_or_close_an_attribute),
        cmocka_unit_test(a_failure_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
