// SPDX-License-Identifier: Apache-2.0
// Whose requests are, over real connections: as that may change while they are open, and where memory or time
// runs out.
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "fixture.h"

#define FORWARDED "GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
#define PROXY     "PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n"

static struct fixture fixture;
static struct client client;
static struct trust loopback;

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    fixture_init(&fixture);
    loopback = (struct trust){0};
    return trust_add(&loopback, "127.0.0.1", &err) == ERR_NONE ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    fixture_stop(&fixture);
    return 0;
}

static void start(void)
{
    fixture_start(&fixture);
    client_connect(&fixture, &client);
}

static void ask(void)
{
    client_send(&client, FORWARDED);
    assert_int_equal(client_answer(&client), 200);
}

static void trust(const struct trust *whom)
{
    struct err err = {0};
    assert_int_equal(http_server_trust(fixture.server, whom, &err), ERR_NONE);
}

static void an_open_connection_goes_by_whom_is_trusted_now(void **state)
{
    (void)state;
    struct trust other = {0};
    struct err err = {0};
    assert_int_equal(trust_add(&other, "192.0.2.0/24", &err), ERR_NONE);
    start();
    ask();
    assert_memory_equal(client.body, "127.0.0.1:", 10);
    trust(&loopback);
    ask();
    assert_string_equal(client.body, "203.0.113.7");
    trust(&other);
    ask();
    assert_memory_equal(client.body, "127.0.0.1:", 10);
    trust(&loopback);
    trust(NULL);
    ask();
    assert_memory_equal(client.body, "127.0.0.1:", 10);
}

static void each_request_of_a_proxy_is_its_own_clients(void **state)
{
    (void)state;
    fixture.trust = &loopback;
    start();
    client_send(
        &client, FORWARDED "GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.8\r\n\r\n" FORWARDED);
    client_expect(&client, 200, "203.0.113.7");
    client_expect(&client, 200, "203.0.113.8");
    client_expect(&client, 200, "203.0.113.7");
}

static void without_memory_for_the_client_the_connection_ends(void **state)
{
    (void)state;
    fixture.trust = &loopback;
    start();
    ask(); // from here on the loop has what else a request needs
    fixture_fail_memory(&fixture, 0);
    client_send(&client, FORWARDED);
    client_expect_end(&client);
    fixture_fail_memory(&fixture, -1);
    client_connect(&fixture, &client);
    ask();
}

static void a_proxy_header_is_as_slow_as_a_head_may_be(void **state)
{
    (void)state;
    fixture.trust = &loopback;
    fixture.takes_proxy = true;
    fixture.limits.head_ms = 50;
    start();
    client_send(&client, "PROXY TCP4");
    client_expect_end(&client);
    client_connect(&fixture, &client);
    client_expect_end(&client); // nor need it begin
}

static void who_is_behind_a_proxy_header_is_no_proxy(void **state)
{
    (void)state;
    fixture.trust = &loopback;
    fixture.takes_proxy = true;
    start();
    client_send(&client, PROXY FORWARDED);
    client_expect(&client, 200, "203.0.113.9:4711");
    ask();
    assert_string_equal(client.body, "203.0.113.9:4711");
}

static void whoever_is_not_trusted_is_told_of(void **state)
{
    (void)state;
    fixture.takes_proxy = true;
    fixture_start(&fixture);
    client_connect(&fixture, &client);
    fixture_wait_for_log(&fixture, "away it is no trusted proxy, and only those may come in here;");
    client_expect_end(&client);
    trust(&loopback);
    client_connect(&fixture, &client);
    client_send(&client, "GET / HTTP/1.1\r\n");
    fixture_wait_for_log(&fixture, "away it does not begin with a PROXY header;");
}

// Until what was asked of the server has reached the lane of the first loop, by way of that loop itself.
static void wait_for_lane(void)
{
    fixture_freeze(&fixture);
    fixture_freeze_again(&fixture);
    fixture_thaw(&fixture, true);
}

static bool take_nobody(void *ctx, int fd, size_t place, const char *peer)
{
    (void)fd;
    (void)place;
    (void)peer;
    *(bool *)ctx = true;
    return false;
}

static void who_cannot_go_to_another_process_is_told_of_the_end(void **state)
{
    (void)state;
    bool was_offered = false;
    fixture.trust = &loopback;
    fixture.takes_proxy = true;
    start();
    client_send(&client, "PROXY UNKNOWN\r\n" FORWARDED);
    assert_int_equal(client_answer(&client), 200);
    assert_null(strstr(client.head, "Connection"));
    http_server_leave(fixture.server, take_nobody, &was_offered);
    wait_for_lane();
    client_send(&client, FORWARDED);
    assert_int_equal(client_answer(&client), 200);
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    assert_false(was_offered);
}

// Has the server take a connection over whose other end is the client's.
static void adopt(const char *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &len), 0);
    memset(&client, 0, offsetof(struct client, head));
    client.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client.fd, (struct sockaddr *)&address, len), 0);
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    close(listening);
    http_server_adopt(fixture.server, fd, 0, peer);
}

static void who_comes_of_another_process_keeps_his_address(void **state)
{
    static const char *const PEERS[] = {
        "203.0.113.9:4711", "203.0.113.9", "[2001:db8::1]:80", "2001:db8::1", "unix:"};
    (void)state;
    fixture_start(&fixture);
    for (size_t i = 0; i < ARRAY_LEN(PEERS); i++) {
        adopt(PEERS[i]);
        client_send(&client, FORWARDED);
        client_expect(&client, 200, PEERS[i]);
        client_close(&client);
    }
    adopt("localhost:80"); // which only the name service would know
    client_expect_end(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_open_connection_goes_by_whom_is_trusted_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_request_of_a_proxy_is_its_own_clients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_for_the_client_the_connection_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_proxy_header_is_as_slow_as_a_head_may_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_behind_a_proxy_header_is_no_proxy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whoever_is_not_trusted_is_told_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            who_cannot_go_to_another_process_is_told_of_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_comes_of_another_process_keeps_his_address, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
