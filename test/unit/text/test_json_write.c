// SPDX-License-Identifier: Apache-2.0
// JSON out.
#include "text/json_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "text/utf8.h"

static void assert_written(struct span text, const char *expected)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(json_write_string(&out, text), ERR_NONE);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void plain_text_stands_as_it_is(void **state)
{
    (void)state;
    assert_written((struct span){0}, "\"\"");
    assert_written(span_of("NOOSL"), "\"NOOSL\"");
    assert_written(
        span_of("more than eight bytes, and / and \x7F"), "\"more than eight bytes, and / and \x7F\"");
    assert_written(
        span_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

static void quotes_backslashes_and_controls_are_escaped(void **state)
{
    (void)state;
    assert_written(span_of("\"\\"), "\"\\\"\\\\\"");
    assert_written(span_of("\b\f\n\r\t\v\x1F"), "\"\\b\\f\\n\\r\\t\\u000b\\u001f\"");
    assert_written((struct span){.at = "a\0b", .len = 3}, "\"a\\u0000b\"");
}

static void what_is_not_utf8_is_replaced_byte_by_byte(void **state)
{
    (void)state;
    assert_written(span_of("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    assert_written(span_of("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_written(span_of("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_written(span_of("ok\xE2\x82"), "\"ok\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void every_byte_is_found_wherever_it_stands(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t place = 0; place < 20; place++) {
            char text[20];
            memset(text, 'x', sizeof(text));
            text[place] = (char)byte;
            AUTO(buf_fini) struct buf out;
            buf_init(&out, 4096);
            assert_int_equal(
                json_write_string(&out, (struct span){.at = text, .len = sizeof(text)}), ERR_NONE);
            bool plain = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
            assert_int_equal(out.len == sizeof(text) + 2, plain);
            assert_true(utf8_valid(buf_span(&out)));
            assert_int_equal(out.data[place + 1] == (char)byte, plain || byte == '\\' || byte == 0xEF);
            assert_int_equal(out.data[out.len - 1], '"');
        }
    }
}

static void values_are_written_by_their_kind(void **state)
{
    (void)state;
    static const struct {
        struct value value;
        const char *expected;
    } cases[] = {
        {{.kind = VALUE_NULL}, "null"},
        {{.kind = VALUE_INTEGER, .integer = -7}, "-7"},
        {{.kind = VALUE_REAL, .real = 1112}, "1112.0"},
        {{.kind = VALUE_REAL, .real = NAN}, "null"},
        {{.kind = VALUE_TEXT, .text = {"a\"", 2}}, "\"a\\\"\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 100);
        assert_int_equal(json_write_value(&out, &cases[i].value), ERR_NONE);
        buf_append_byte(&out, '\0');
        assert_string_equal(out.data, cases[i].expected);
    }
}

static void a_full_buffer_is_told(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 6);
    assert_int_equal(json_write_string(&out, span_of("abcd")), ERR_NONE);
    buf_clear(&out);
    assert_int_equal(json_write_string(&out, span_of("abcde")), ERR_TOO_LARGE);
    buf_clear(&out);
    assert_int_equal(json_write_string(&out, span_of("ab\n\n")), ERR_TOO_LARGE);
    assert_true(out.len <= 6);
}

static void a_lack_of_memory_is_told(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1000);
    mem_fail_after(0);
    enum err_code code = json_write_string(&out, span_of("a"));
    mem_fail_after(-1);
    assert_int_equal(code, ERR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stands_as_it_is),
        cmocka_unit_test(quotes_backslashes_and_controls_are_escaped),
        cmocka_unit_test(what_is_not_utf8_is_replaced_byte_by_byte),
        cmocka_unit_test(every_byte_is_found_wherever_it_stands),
        cmocka_unit_test(values_are_written_by_their_kind),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(a_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
