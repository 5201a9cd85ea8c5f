// SPDX-License-Identifier: Apache-2.0
// Wrong credentials by peer: how many are free, and how long the next one takes.
#include "access/guesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"

static struct origin v4(uint32_t number)
{
    union address address = {.v4 = {.sin_family = AF_INET, .sin_port = htons(1)}};
    address.v4.sin_addr.s_addr = htonl(number);
    return address_origin(&address);
}

static struct origin v6(const char *text)
{
    union address address = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(1)}};
    assert_int_equal(inet_pton(AF_INET6, text, &address.v6.sin6_addr), 1);
    return address_origin(&address);
}

static struct guesses *make(void)
{
    struct err err = {0};
    struct guesses *guesses = NULL;
    assert_int_equal(guesses_new(&guesses, &err), ERR_NONE);
    return guesses;
}

// Makes all the guesses that a peer may make in a row.
static void spend(struct guesses *guesses, const struct origin *origin, uint64_t now_ns)
{
    for (size_t i = 0; i < LIMIT_GUESSES; i++)
        assert_int_equal(guesses_count(guesses, origin, now_ns), 0);
}

static void after_some_guesses_a_peer_waits_as_long_as_it_is_told(void **state)
{
    (void)state;
    struct guesses *guesses = make();
    struct origin peer = v4(0x7f000001), other = v4(0x7f000002);
    uint64_t now_ns = 5 * NS_PER_S;
    spend(guesses, &peer, now_ns);
    unsigned wait_s = guesses_count(guesses, &peer, now_ns);
    assert_int_equal(wait_s, (LIMIT_GUESS_MS + 999) / 1000);
    assert_int_equal(guesses_count(guesses, &peer, now_ns), wait_s); // asking does not make it longer
    assert_int_equal(guesses_count(guesses, &peer, now_ns + NS_PER_S / 2), wait_s); // rounded up
    now_ns += wait_s * NS_PER_S;
    assert_int_equal(guesses_count(guesses, &peer, now_ns), 0);
    assert_true(guesses_count(guesses, &peer, now_ns) > 0);
    spend(guesses, &other, now_ns); // nobody else waits
    now_ns += LIMIT_GUESSES * LIMIT_GUESS_MS * NS_PER_MS;
    spend(guesses, &peer, now_ns); // all is forgotten
    guesses_free(guesses);
}

static void what_turns_out_to_be_right_is_taken_back(void **state)
{
    (void)state;
    struct guesses *guesses = make();
    struct origin peer = v4(1);
    for (size_t i = 0; i < 3 * LIMIT_GUESSES; i++) {
        assert_int_equal(guesses_count(guesses, &peer, NS_PER_S), 0);
        guesses_take_back(guesses, &peer);
    }
    spend(guesses, &peer, NS_PER_S);
    assert_true(guesses_count(guesses, &peer, NS_PER_S) > 0);
    guesses_take_back(guesses, &peer);
    assert_int_equal(guesses_count(guesses, &peer, NS_PER_S), 0);
    guesses_free(guesses);
}

static void a_network_of_ipv6_is_one_peer(void **state)
{
    (void)state;
    struct guesses *guesses = make();
    struct origin one = v6("2001:db8:1:2::1"), same = v6("2001:db8:1:2:ffff::7"),
                  other = v6("2001:db8:1:3::1");
    spend(guesses, &one, NS_PER_S);
    assert_true(guesses_count(guesses, &same, NS_PER_S) > 0);
    assert_int_equal(guesses_count(guesses, &other, NS_PER_S), 0);
    struct origin mapped = v6("::ffff:10.0.0.1"), plain = v4(0x0a000001);
    spend(guesses, &mapped, NS_PER_S);
    assert_true(guesses_count(guesses, &plain, NS_PER_S) > 0);
    guesses_free(guesses);
}

// Each of very many peers is counted while it guesses, though the table has no room for all.
static void the_table_has_room_for_the_newest_of_many_peers(void **state)
{
    (void)state;
    struct guesses *guesses = make();
    for (uint32_t i = 0; i < 100000; i++) {
        struct origin peer = v4(i);
        spend(guesses, &peer, NS_PER_S + i);
        assert_true(guesses_count(guesses, &peer, NS_PER_S + i) > 0);
    }
    guesses_free(guesses);
}

// What is taken back of peers that are not counted any more leaves the places of others alone.
static void taking_back_forgets_nobody_else(void **state)
{
    (void)state;
    struct guesses *guesses = make();
    struct origin peer;
    for (uint32_t i = 0; i < 20000; i++) { // so that no place is free
        peer = v4(i);
        spend(guesses, &peer, NS_PER_S);
    }
    for (uint32_t i = 20000; i < 100000; i++) {
        struct origin other = v4(i);
        guesses_take_back(guesses, &other);
    }
    assert_true(guesses_count(guesses, &peer, NS_PER_S) > 0);
    guesses_free(guesses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_some_guesses_a_peer_waits_as_long_as_it_is_told),
        cmocka_unit_test(what_turns_out_to_be_right_is_taken_back),
        cmocka_unit_test(a_network_of_ipv6_is_one_peer),
        cmocka_unit_test(taking_back_forgets_nobody_else),
        cmocka_unit_test(the_table_has_room_for_the_newest_of_many_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
