// SPDX-License-Identifier: Apache-2.0
// Which texts name proxies, and which addresses they name.
#include "http/trust.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static union address address_of(const char *text)
{
    union address address = {0};
    if (strcmp(text, "unix") == 0) {
        address.any.sa_family = AF_UNIX;
    } else if (strchr(text, ':') != NULL) {
        address.v6.sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &address.v6.sin6_addr), 1);
    } else {
        address.v4.sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &address.v4.sin_addr), 1);
    }
    return address;
}

static bool trusts(const char *text, const char *peer)
{
    struct trust trust = {0};
    struct err err = {0};
    enum err_code code = trust_add(&trust, text, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(code, ERR_NONE);
    union address address = address_of(peer);
    return trust_has(&trust, &address);
}

static void test_a_network_has_the_addresses_of_its_bits(void **state)
{
    (void)state;
    assert_true(trusts("10.0.0.0/8", "10.255.255.255"));
    assert_false(trusts("10.0.0.0/8", "11.0.0.0"));
    assert_true(trusts("192.0.2.128/25", "192.0.2.129"));
    assert_false(trusts("192.0.2.128/25", "192.0.2.127"));
    assert_true(trusts("192.0.2.1", "192.0.2.1"));
    assert_false(trusts("192.0.2.1", "192.0.2.0"));
    assert_true(trusts("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(trusts("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(trusts("::1", "::1"));
    assert_false(trusts("::1/128", "::2"));
}

static void test_zero_bits_are_all_of_the_kind(void **state)
{
    (void)state;
    assert_true(trusts("0.0.0.0/0", "203.0.113.9"));
    assert_false(trusts("0.0.0.0/0", "2001:db8::1"));
    assert_true(trusts("::/0", "2001:db8::1"));
    assert_true(trusts("::/0", "203.0.113.9")); // which is ::ffff:203.0.113.9
}

static void test_an_ipv4_address_over_an_ipv6_socket_counts_as_one(void **state)
{
    (void)state;
    assert_true(trusts("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(trusts("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(trusts("10.0.0.0/8", "::10.1.2.3"));
}

static void test_unix_is_a_word_of_its_own(void **state)
{
    (void)state;
    assert_true(trusts("unix", "unix"));
    assert_false(trusts("unix", "127.0.0.1"));
    assert_false(trusts("0.0.0.0/0", "unix"));
}

static void test_several_stand_with_commas(void **state)
{
    (void)state;
    assert_true(trusts("127.0.0.1, ::1 ,unix", "::1"));
    assert_true(trusts("127.0.0.1, ::1 ,unix", "unix"));
    assert_false(trusts("127.0.0.1,::1", "127.0.0.2"));
}

static void test_other_texts_are_refused_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "\"\" names no proxies to trust: a name is missing"},
        {"10.0.0.0/8,", NULL},
        {",10.0.0.0/8", "\",10.0.0.0/8\" names no proxies to trust: a name is missing"},
        {"10.0.0.0/33", "\"10.0.0.0/33\" names no proxies to trust: behind the / stands no number up to 32"},
        {"10.0.0.0/", "\"10.0.0.0/\" names no proxies to trust: behind the / stands no number up to 32"},
        {"10.0.0.0/-1", "\"10.0.0.0/-1\" names no proxies to trust: behind the / stands no number up to 32"},
        {"::/129", "\"::/129\" names no proxies to trust: behind the / stands no number up to 128"},
        {"10.0.0.1/8",
            "\"10.0.0.1/8\" names no proxies to trust: the network of so many bits begins at 10.0.0.0"},
        {"2001:db8::1/32",
            "\"2001:db8::1/32\" names no proxies to trust: the network of so many bits begins at 2001:db8::"},
        {"10.0.0/8", "\"10.0.0/8\" names no proxies to trust: it is no address"},
        {"010.0.0.0/8", "\"010.0.0.0/8\" names no proxies to trust: it is no address"},
        {"proxy.example", "\"proxy.example\" names no proxies to trust: it is no address"},
        {"*", "\"*\" names no proxies to trust: it is no address"},
        {"10.0.0.0/8 10.1.0.0/16",
            "\"10.0.0.0/8 10.1.0.0/16\" names no proxies to trust: behind the / stands "
            "no number up to 32"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct trust trust = {0};
        struct err err = {0};
        enum err_code code = trust_add(&trust, cases[i].text, &err);
        if (cases[i].says == NULL) { // a comma at the end is no name
            assert_int_equal(code, ERR_NONE);
            continue;
        }
        assert_int_equal(code, ERR_CONFIG);
        assert_string_equal(err.text, cases[i].says);
        assert_string_equal(
            err.hint, "say them as 10.0.0.0/8, 2001:db8::/32, 192.0.2.1, or unix for those of a Unix socket");
    }
}

static void test_networks_are_bounded(void **state)
{
    (void)state;
    struct trust trust = {0};
    struct err err = {0};
    for (size_t i = 0; i < LIMIT_TRUSTED_NETWORKS; i++)
        assert_int_equal(trust_add(&trust, "192.0.2.1", &err), ERR_NONE);
    assert_int_equal(trust_add(&trust, "192.0.2.1", &err), ERR_CONFIG);
    assert_string_equal(err.text, "more than 64 networks of proxies are trusted: name larger ones");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_network_has_the_addresses_of_its_bits),
        cmocka_unit_test(test_zero_bits_are_all_of_the_kind),
        cmocka_unit_test(test_an_ipv4_address_over_an_ipv6_socket_counts_as_one),
        cmocka_unit_test(test_unix_is_a_word_of_its_own),
        cmocka_unit_test(test_several_stand_with_commas),
        cmocka_unit_test(test_other_texts_are_refused_with_words),
        cmocka_unit_test(test_networks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
