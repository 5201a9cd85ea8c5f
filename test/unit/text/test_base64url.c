// SPDX-License-Identifier: Apache-2.0
#include "text/base64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// The test vectors of RFC 4648 section 10, without their padding.
static const struct {
    const char *bytes, *text;
} vectors[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};

static void bytes_become_text_and_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        char text[20], bytes[20];
        size_t len = base64url_encode(span_of(vectors[i].bytes), text);
        assert_int_equal(len, strlen(vectors[i].text));
        assert_int_equal(len, BASE64URL_CHARS(strlen(vectors[i].bytes)));
        assert_memory_equal(text, vectors[i].text, len);
        assert_true(base64url_decode(span_of(vectors[i].text), bytes, sizeof(bytes), &len));
        assert_int_equal(len, strlen(vectors[i].bytes));
        assert_memory_equal(bytes, vectors[i].bytes, len);
    }
}

static void every_byte_at_every_place_comes_back(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 256 * 3; n++) {
        char bytes[3] = {'x', 'y', 'z'}, text[4], back[3];
        size_t len;
        bytes[n / 256] = (char)(unsigned char)n;
        for (size_t count = 1; count <= 3; count++) {
            size_t chars = base64url_encode((struct span){.at = bytes, .len = count}, text);
            assert_true(base64url_decode((struct span){.at = text, .len = chars}, back, count, &len));
            assert_int_equal(len, count);
            assert_memory_equal(back, bytes, count);
        }
    }
}

static void what_is_no_such_text_is_refused(void **state)
{
    (void)state;
    char bytes[20];
    size_t len = 7;
    static const char *const wrong[] = {
        "A", "AAAAA", "Zg==", "Zg=", "Zm9v Yg", "Zm+v", "Zm/v", "Zh", "Zm9", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (base64url_decode(span_of(wrong[i]), bytes, sizeof(bytes), &len))
            fail_msg("%s is read", wrong[i]);
    }
    assert_int_equal(len, 7);
}

static void text_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char bytes[3];
    size_t len;
    assert_true(base64url_decode(span_of("Zm9v"), bytes, 3, &len));
    assert_false(base64url_decode(span_of("Zm9v"), bytes, 2, &len));
    assert_false(base64url_decode(span_of("Zm9vYg"), bytes, 3, &len));
    assert_false(base64url_decode(span_of("Zg"), bytes, 0, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_text_and_come_back),
        cmocka_unit_test(every_byte_at_every_place_comes_back),
        cmocka_unit_test(what_is_no_such_text_is_refused),
        cmocka_unit_test(text_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
