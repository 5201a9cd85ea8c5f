// SPDX-License-Identifier: Apache-2.0
// Every case is read whole, with bytes behind it, and cut off at each place, where all that is there has to
// be known as the header's.
#include "http/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

#define V2      "\r\n\r\n\0\r\nQUIT\n"
#define V4_PAIR "\xcb\x00\x71\x07\x0a\x00\x00\x01\x12\x67\x01\xbb" // 203.0.113.7:4711 to 10.0.0.1:443
#define V6_PAIR                                                                                              \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x67\x01\xbb"
#define BYTES(literal) "" literal, sizeof(literal) - 1

struct header_case {
    const char *bytes;
    size_t len;
    const char *client; // as text; "": none is told
};

static enum http_progress read_copy(
    const char *bytes, size_t len, struct proxy_header *ret_header, const char **ret_problem)
{
    char *copy = malloc(len + 1); // so that a read behind the end is seen
    assert_non_null(copy);
    memcpy(copy + 1, bytes, len);
    enum http_progress progress =
        proxy_header_read((struct span){.at = copy + 1, .len = len}, ret_header, ret_problem);
    free(copy);
    return progress;
}

static void test_headers_are_read_whole_and_in_parts(void **state)
{
    (void)state;
    static const struct header_case cases[] = {
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n"), "203.0.113.7:4711"},
        {BYTES("PROXY TCP6 2001:db8::7 fd00::1 4711 443\r\n"), "[2001:db8::7]:4711"},
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 65535 1\r\n"), "203.0.113.7:65535"},
        {BYTES("PROXY UNKNOWN\r\n"), ""},
        {BYTES("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), ""},
        {BYTES(V2 "\x21\x11\0\x0c" V4_PAIR), "203.0.113.7:4711"},
        {BYTES(V2 "\x21\x21\0\x24" V6_PAIR), "[2001:db8::7]:4711"}, {BYTES(V2 "\x20\x00\0\0"), ""},
        {BYTES(V2 "\x20\x11\0\x0c" V4_PAIR), ""}, // LOCAL: a health check
        {BYTES(V2 "\x21\x00\0\0"), ""}, {BYTES(V2 "\x21\x00\0\x03xyz"), ""},
        {BYTES(V2 "\x21\x12\0\x0c" V4_PAIR), ""},                                  // UDP
        {BYTES(V2 "\x21\x31\0\x04unix"), ""},                                      // AF_UNIX
        {BYTES(V2 "\x21\x11\0\x13" V4_PAIR "\x04\0\x04xyzw"), "203.0.113.7:4711"}, // a NOOP
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct proxy_header header = {0};
        const char *problem = NULL;
        char more[512], client[ADDRESS_BYTES] = "";
        for (size_t len = 0; len < cases[i].len; len++)
            assert_int_equal(read_copy(cases[i].bytes, len, &header, &problem), HTTP_MORE);
        memcpy(more, cases[i].bytes, cases[i].len);
        memcpy(more + cases[i].len, "GET /\r\n", 7);
        for (size_t behind = 0; behind < 7; behind++) {
            assert_int_equal(read_copy(more, cases[i].len + behind, &header, &problem), HTTP_DONE);
            assert_int_equal(header.len, cases[i].len);
            assert_int_equal(header.has_client, cases[i].client[0] != '\0');
        }
        if (header.has_client)
            address_write(&header.client, client);
        assert_string_equal(client, cases[i].client);
    }
}

// The check sum is of the header with four zeros in its own place; this one was worked out apart.
static void test_a_check_sum_is_looked_at(void **state)
{
    (void)state;
    char bytes[] = V2 "\x21\x11\0\x13" V4_PAIR "\x03\0\x04\0\0\0\0";
    enum { LEN = sizeof(bytes) - 1 };
    memcpy(bytes + LEN - 4, "\xc7\x45\xe3\xde", 4);
    struct proxy_header header;
    const char *problem = NULL;
    assert_int_equal(read_copy(bytes, LEN, &header, &problem), HTTP_DONE);
    bytes[16] ^= 1;
    assert_int_equal(read_copy(bytes, LEN, &header, &problem), HTTP_REFUSED);
    assert_string_equal(problem, "what stands behind the addresses of its PROXY header is malformed");
}

static void test_what_is_no_header_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = {
        {BYTES("GET / HTTP/1.1\r\n"), "it does not begin with a PROXY header"},
        {BYTES("PROXX"), "it does not begin with a PROXY header"},
        {BYTES("proxy TCP4 203.0.113.7 10.0.0.1 4711 443\r\n"), "it does not begin with a PROXY header"},
        {BYTES("\x16\x03\x01"), "it does not begin with a PROXY header"},
        {BYTES("\r\nGET"), "it does not begin with a PROXY header"},
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY \n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 4711 443 \r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4  203.0.113.7 10.0.0.1 4711 443\r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 4711\r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 04711 443\r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4 203.0.113.7 10.0.0.1 65536 443\r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4 2001:db8::7 fd00::1 4711 443\r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP6 203.0.113.7 10.0.0.1 4711 443\r\n"), "the line of its PROXY header is malformed"},
        {BYTES("PROXY TCP4 203.0.113.7\0x 10.0.0.1 4711 443\r\n"),
            "the line of its PROXY header is malformed"},
        {BYTES("PROXY UDP4 203.0.113.7 10.0.0.1 4711 443\r\n"), "the line of its PROXY header is malformed"},
        {BYTES(
             "PROXY UNKNOWN 0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
             "23456789012345678901234567890"),
            "the line of its PROXY header is longer than 107 bytes"},
        {BYTES(V2 "\x11\x11\0\x0c" V4_PAIR), "the command of its PROXY header is neither LOCAL nor PROXY"},
        {BYTES(V2 "\x22\x11\0\x0c" V4_PAIR), "the command of its PROXY header is neither LOCAL nor PROXY"},
        {BYTES(V2 "\x21\x11\0\x0b" V4_PAIR), "its PROXY header is too short for its addresses"},
        {BYTES(V2 "\x21\x21\0\x0c" V4_PAIR), "its PROXY header is too short for its addresses"},
        {BYTES(V2 "\x21\x11\x10\0" V4_PAIR), "its PROXY header is longer than 4096 bytes"},
        {BYTES(V2 "\x21\x11\0\x0e" V4_PAIR "\x04\0"),
            "what stands behind the addresses of its PROXY header is malformed"},
        {BYTES(V2 "\x21\x11\0\x10" V4_PAIR "\x04\0\x02x"),
            "what stands behind the addresses of its PROXY header is malformed"},
        {BYTES(V2 "\x21\x11\0\x10" V4_PAIR "\x03\0\x01x"),
            "what stands behind the addresses of its PROXY header is malformed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct proxy_header header;
        const char *problem = NULL;
        assert_int_equal(read_copy(cases[i].bytes, cases[i].len, &header, &problem), HTTP_REFUSED);
        assert_string_equal(problem, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_are_read_whole_and_in_parts),
        cmocka_unit_test(test_a_check_sum_is_looked_at),
        cmocka_unit_test(test_what_is_no_header_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
