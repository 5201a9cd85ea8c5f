// SPDX-License-Identifier: Apache-2.0
// Whose a request is by the fields of its proxies, and that nobody can lie about it but them.
#include "http/forwarded.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const char PROXY[] = "10.0.0.1:80";

struct line {
    const char *name, *value;
};

static struct http_request head_of(const struct line *lines, size_t count)
{
    struct http_request head = {.field_count = count};
    for (size_t i = 0; i < count; i++) {
        head.fields[i].name = span_of(lines[i].name);
        head.fields[i].value = span_of(lines[i].value);
    }
    return head;
}

// The client of a request with these fields that came from PROXY; all of 10.0.0.0/8 and fd00::/8 is trusted.
static const char *client_of(enum forwarded_field field, const struct line *lines, size_t count)
{
    static char text[ADDRESS_BYTES];
    struct trust trust = {.field = field};
    struct err err = {0};
    assert_int_equal(trust_add(&trust, "10.0.0.0/8, fd00::/8", &err), ERR_NONE);
    union address peer = {.v4 = {.sin_family = AF_INET, .sin_port = htons(80)}}, client;
    assert_int_equal(inet_pton(AF_INET, "10.0.0.1", &peer.v4.sin_addr), 1);
    struct http_request head = head_of(lines, count);
    forwarded_client(&head, &trust, &peer, &client);
    address_write(&client, text);
    return text;
}

static const char *by(const char *name, const char *value)
{
    const struct line line = {name, value};
    return client_of(FORWARDED_EITHER, &line, 1);
}

#define CLIENT_FOR(value) by("X-Forwarded-For", value)
#define CLIENT_RFC(value) by("forwarded", value)

static void test_the_last_address_that_is_not_trusted_is_the_clients(void **state)
{
    (void)state;
    assert_string_equal(CLIENT_FOR("203.0.113.7"), "203.0.113.7");
    assert_string_equal(CLIENT_FOR("203.0.113.7, 10.0.0.9"), "203.0.113.7");
    assert_string_equal(CLIENT_FOR("6.6.6.6, 203.0.113.7,10.0.0.9 ,\t10.0.0.8"), "203.0.113.7");
    assert_string_equal(CLIENT_FOR("2001:db8::7, fd00::1"), "2001:db8::7");
    assert_string_equal(CLIENT_FOR(",, 203.0.113.7 ,,"), "203.0.113.7");
}

static void test_a_client_that_is_a_proxy_itself_is_the_first_of_them(void **state)
{
    (void)state;
    assert_string_equal(CLIENT_FOR("10.0.0.7, 10.0.0.8"), "10.0.0.7");
    assert_string_equal(CLIENT_FOR(""), PROXY);
    assert_string_equal(CLIENT_FOR(" , "), PROXY);
    assert_string_equal(client_of(FORWARDED_EITHER, NULL, 0), PROXY);
}

static void test_addresses_come_with_ports_too(void **state)
{
    (void)state;
    assert_string_equal(CLIENT_FOR("203.0.113.7:4711"), "203.0.113.7:4711");
    assert_string_equal(CLIENT_FOR("[2001:db8::7]:4711"), "[2001:db8::7]:4711");
    assert_string_equal(CLIENT_FOR("[2001:db8::7]"), "2001:db8::7");
    assert_string_equal(CLIENT_FOR("::ffff:203.0.113.7"), "203.0.113.7");
}

static void test_what_is_no_address_ends_the_way_at_who_said_so(void **state)
{
    (void)state;
    static const char *const texts[] = {"unknown", "_hidden", "203.0.113", "203.0.113.7:", "203.0.113.7:x",
        "203.0.113.7:65536", "203.0.113.7:123456", "[2001:db8::7", "[2001:db8::7]x", "[]", "[203.0.113.7",
        ":80", "0203.0.113.7", "2001:db8::7%eth0", "localhost", "\"203.0.113.7\"", "203.0.113.7 10.0.0.3",
        "-", "2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char list[200];
        snprintf(list, sizeof(list), "6.6.6.6, %s, 10.0.0.9", texts[i]);
        assert_string_equal(CLIENT_FOR(texts[i]), PROXY);
        assert_string_equal(CLIENT_FOR(list), "10.0.0.9");
    }
}

static void test_several_lines_are_one_list(void **state)
{
    (void)state;
    const struct line lines[] = {{"X-Forwarded-For", "6.6.6.6, 203.0.113.7"}, {"Accept", "8.8.8.8"},
        {"x-forwarded-for", "10.0.0.8"}, {"X-FORWARDED-FOR", ""}, {"X-Forwarded-For", "10.0.0.9"}};
    assert_string_equal(client_of(FORWARDED_EITHER, lines, ARRAY_LEN(lines)), "203.0.113.7");
}

static void test_forwarded_is_read_as_rfc_7239_has_it(void **state)
{
    (void)state;
    assert_string_equal(CLIENT_RFC("for=203.0.113.7"), "203.0.113.7");
    assert_string_equal(CLIENT_RFC("For=\"[2001:db8::7]:4711\""), "[2001:db8::7]:4711");
    assert_string_equal(CLIENT_RFC("for=\"203.0.113.7:47\";proto=http;by=10.0.0.1"), "203.0.113.7:47");
    assert_string_equal(
        CLIENT_RFC("proto=https; for=203.0.113.7 ;by=\"_a, b\""), PROXY); // a blank in front of ;
    assert_string_equal(CLIENT_RFC("by=\"a, b\\\"; for=6.6.6.6, \";for=203.0.113.7"), "203.0.113.7");
    assert_string_equal(CLIENT_RFC("for=6.6.6.6, for=203.0.113.7, for=10.0.0.9;host=a"), "203.0.113.7");
    assert_string_equal(CLIENT_RFC(";for=203.0.113.7;"), "203.0.113.7");
    assert_string_equal(CLIENT_RFC("for=\"203.0.113.7:_port\""), "203.0.113.7");
}

static void test_forwarded_that_names_no_address_ends_the_way(void **state)
{
    (void)state;
    static const char *const elements[] = {"for=unknown", "for=_hidden", "for=\"_hidden:80\"", "proto=https",
        "for", "for=", "for=\"", "for=\"203.0.113.7", "for=203.0.113.7;for=203.0.113.8",
        "for=203.0.113.7;proto", "203.0.113.7", "for=[2001:db8::7]", "for=203.0.113.7:80",
        "for=\"203.0.113.7\\", "for=\"2\\03.0.113.7\"", "for=\"203.0.113.7\"x"};
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        char list[200];
        snprintf(list, sizeof(list), "for=6.6.6.6, %s", elements[i]);
        assert_string_equal(CLIENT_RFC(elements[i]), PROXY);
        assert_string_equal(CLIENT_RFC(list), PROXY);
    }
}

// Whatever a client puts in front of what its proxy adds.
static void test_what_stands_in_front_changes_nothing(void **state)
{
    (void)state;
    static const char *const fronts[] = {"", "for=\"", "for=\"a\\", "for=6.6.6.6;by=\"", "\"\"\"", "\\", ",",
        ";", "for=\"6.6.6.6\"\"", "for=10.0.0.5", "x=\"\\\""};
    static const char *const added[] = {"for=203.0.113.7", "for=\"203.0.113.7\";by=\"a, \\\"b\""};
    for (size_t i = 0; i < ARRAY_LEN(fronts) * ARRAY_LEN(added); i++) {
        char list[200];
        snprintf(list, sizeof(list), "%s, %s", fronts[i / 2], added[i % 2]);
        assert_string_equal(CLIENT_RFC(list), "203.0.113.7");
    }
}

static void test_one_of_the_two_fields_counts(void **state)
{
    (void)state;
    const struct line both[] = {{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "203.0.113.7"}};
    assert_string_equal(client_of(FORWARDED_EITHER, both, 2), "203.0.113.7");
    assert_string_equal(client_of(FORWARDED_FOR, both, 2), "203.0.113.7");
    assert_string_equal(client_of(FORWARDED_RFC, both, 2), "6.6.6.6");
    assert_string_equal(client_of(FORWARDED_EITHER, both, 1), "6.6.6.6");
    assert_string_equal(client_of(FORWARDED_FOR, both, 1), PROXY);
    assert_string_equal(client_of(FORWARDED_RFC, both + 1, 1), PROXY);
}

static void test_a_way_is_followed_back_for_so_many_proxies(void **state)
{
    (void)state;
    enum { HOPS = 10000, HOP_CHARS = sizeof("10.0.0.2,") - 1 };
    char *list = malloc(HOPS * HOP_CHARS + sizeof("203.0.113.7,"));
    assert_non_null(list);
    char *at = stpcpy(list, "203.0.113.7,");
    for (size_t i = 0; i < HOPS; i++)
        at = stpcpy(at, "10.0.0.2,");
    assert_string_equal(CLIENT_FOR(list), "10.0.0.2");
    at = list + strlen("203.0.113.7,") + (LIMIT_FORWARDED_HOPS - 1) * HOP_CHARS;
    *at = '\0';
    assert_string_equal(CLIENT_FOR(list), "203.0.113.7");
    free(list);
}

static void assert_prefix(const char *value, const char *expected)
{
    const struct line line = {"X-Forwarded-Prefix", value};
    struct http_request head = head_of(&line, 1);
    struct span prefix = forwarded_prefix(&head);
    assert_int_equal(prefix.len, strlen(expected));
    assert_true(span_is(prefix, expected));
}

static void test_a_prefix_is_a_path_of_plain_parts(void **state)
{
    (void)state;
    assert_prefix("/api", "/api");
    assert_prefix("/api/v1/", "/api/v1");
    assert_prefix("/a_b-c.d~e", "/a_b-c.d~e");
    static const char *const others[] = {"", "/", "//", "//evil.example", "/a//b", "api", "/a/../b", "/..",
        "/.", "/a?b", "/a#b", "/a%2fb", "/a>;rel=x", "/a b", "/a\\b", "https://evil.example", "/a, /b",
        "\\evil"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_prefix(others[i], "");
}

static void test_a_prefix_is_bounded_and_comes_once(void **state)
{
    (void)state;
    char path[LIMIT_PREFIX_BYTES + 2];
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[LIMIT_PREFIX_BYTES] = '\0';
    assert_prefix(path, path);
    path[LIMIT_PREFIX_BYTES] = 'a';
    path[LIMIT_PREFIX_BYTES + 1] = '\0';
    assert_prefix(path, "");
    const struct line lines[] = {{"X-Forwarded-Prefix", "/a"}, {"x-forwarded-prefix", "/b"}};
    struct http_request head = head_of(lines, 2);
    assert_int_equal(forwarded_prefix(&head).len, 0);
    head = head_of(lines, 0);
    assert_int_equal(forwarded_prefix(&head).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_address_that_is_not_trusted_is_the_clients),
        cmocka_unit_test(test_a_client_that_is_a_proxy_itself_is_the_first_of_them),
        cmocka_unit_test(test_addresses_come_with_ports_too),
        cmocka_unit_test(test_what_is_no_address_ends_the_way_at_who_said_so),
        cmocka_unit_test(test_several_lines_are_one_list),
        cmocka_unit_test(test_forwarded_is_read_as_rfc_7239_has_it),
        cmocka_unit_test(test_forwarded_that_names_no_address_ends_the_way),
        cmocka_unit_test(test_what_stands_in_front_changes_nothing),
        cmocka_unit_test(test_one_of_the_two_fields_counts),
        cmocka_unit_test(test_a_way_is_followed_back_for_so_many_proxies),
        cmocka_unit_test(test_a_prefix_is_a_path_of_plain_parts),
        cmocka_unit_test(test_a_prefix_is_bounded_and_comes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
