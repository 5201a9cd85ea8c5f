// SPDX-License-Identifier: Apache-2.0
#include "http/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void a_port_is_one_to_five_digits(void **state)
{
    (void)state;
    assert_int_equal(address_read_port(span_of("0")), 0);
    assert_int_equal(address_read_port(span_of("8080")), 8080);
    assert_int_equal(address_read_port(span_of("00080")), 80);
    assert_int_equal(address_read_port(span_of("65535")), 65535);
    static const char *const bad[] = {"", "65536", "99999", "000080", "+80", "-1", " 80", "80 ", "8x", "_"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(address_read_port(span_of(bad[i])), -1);
}

static const char *read_host(const char *host, int family, int port)
{
    static char text[ADDRESS_BYTES];
    union address address;
    if (!address_read_host(span_of(host), family, port, &address))
        return NULL;
    address_write(&address, text);
    return text;
}

static void an_address_is_read_as_one_of_its_family(void **state)
{
    (void)state;
    assert_string_equal(read_host("192.0.2.1", AF_INET, 80), "192.0.2.1:80");
    assert_string_equal(read_host("192.0.2.1", AF_UNSPEC, 0), "192.0.2.1");
    assert_string_equal(read_host("2001:db8::1", AF_INET6, 80), "[2001:db8::1]:80");
    assert_string_equal(read_host("2001:db8::1", AF_UNSPEC, 65535), "[2001:db8::1]:65535");
    assert_null(read_host("192.0.2.1", AF_INET6, 80));
    assert_null(read_host("2001:db8::1", AF_INET, 80));
}

static void what_is_no_address_is_not_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "[::1]", "::1%lo",
        "localhost", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_null(read_host(bad[i], AF_UNSPEC, 0));
    union address address;
    assert_false(address_read_host((struct span){.at = "::1\0x", .len = 5}, AF_UNSPEC, 0, &address));
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "192.0.2.1:8080", "192.0.2.1", "[2001:db8::1]:65535", "2001:db8::1", "::1", "[::1]:1", "unix:"};
    static const char *const bad[] = {"", ":", "unix", "192.0.2.1:", "192.0.2.1:x", "[::1]",
        "[::1]:", "[192.0.2.1]:80", "::1:99999", "host:80", "[]:80"};
    union address address;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char text[ADDRESS_BYTES];
        assert_true(address_read_written(span_of(texts[i]), &address));
        address_write(&address, text);
        assert_string_equal(text, texts[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(address_read_written(span_of(bad[i]), &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(a_port_is_one_to_five_digits),
        cmocka_unit_test(an_address_is_read_as_one_of_its_family),
        cmocka_unit_test(what_is_no_address_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
