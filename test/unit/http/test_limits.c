// SPDX-License-Identifier: Apache-2.0
// What clients may not do: be idle, be many, send more than there is room for. And what ends a server.
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "fixture.h"
#include "http/address.h"

static struct fixture fixture;
static struct client client, other;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    client_close(&other);
    fixture_stop(&fixture);
    return 0;
}

static void start(void)
{
    client.fd = other.fd = -1;
    fixture_start(&fixture);
    client_connect(&fixture, &client);
}

static void release(int number)
{
    fixture_release(&fixture, &number, 1);
}

#define GET(path)        "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, rest) "POST " path " HTTP/1.1\r\nHost: a\r\n" rest

static void a_slow_head_is_refused(void **state)
{
    (void)state;
    fixture.limits.head_ms = 20;
    start();
    client_send(&client, GET("/ok") "GET /ok HT");
    client_expect(&client, 200, "ok");
    client_expect(&client, 408, "the head took too long to come");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 408 30;");
}

static void a_new_connection_that_says_nothing_is_closed(void **state)
{
    (void)state;
    fixture.limits.head_ms = 20;
    start();
    client_expect_end(&client);
    fixture_wait_for_open(&fixture, 0);
    assert_int_equal(fixture.log_len, 0);
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    fixture.limits.idle_ms = 20;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    client_expect_end(&client);
}

static void a_request_that_runs_is_not_idle(void **state)
{
    (void)state;
    fixture.limits.idle_ms = fixture.limits.head_ms = 300; // which the first one has to begin in
    start();
    client_send(&client, GET("/wait/1"));
    fixture_wait_for(&fixture, 1);
    client_connect(&fixture, &other);
    client_expect_end(&other); // that one's time is up, the first one's would be as well
    release(1);
    client_expect(&client, 200, "1");
}

static void a_refused_client_is_not_waited_for_for_long(void **state)
{
    (void)state;
    fixture.limits.linger_ms = 20;
    start();
    client_send(&client, "nonsense\r\n");
    client_expect(&client, 400, "the method holds byte 0x0d");
    fixture_wait_for_open(&fixture, 0); // though the client has not ended its side
}

static void a_client_that_says_it_is_the_last_is_not_waited_for(void **state)
{
    (void)state;
    static const char last[] = "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    fixture.limits.linger_ms = 3600000;
    start();
    client_send(&client, last);
    client_expect(&client, 200, "ok");
    fixture_wait_for_open(&fixture, 0); // though the client has not ended its side
    client_connect(&fixture, &client);
    client_send_bytes(&client, last, sizeof(last)); // one byte more
    client_expect(&client, 200, "ok");
    client_expect_shut(&client);
    assert_int_equal(http_server_stats(fixture.server).open, 1);
    client_shut(&client);
    fixture_wait_for_open(&fixture, 0);
}

static void connections_over_the_limit_are_turned_away(void **state)
{
    (void)state;
    fixture.max_connections = 1;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    client_connect(&fixture, &other);
    client_expect(&other, 503, "");
    assert_non_null(strstr(other.head, "\r\nRetry-After: 1\r\n"));
    client_expect_end(&other);
    client_close(&client);
    fixture_wait_for_open(&fixture, 0);
    client_connect(&fixture, &client);
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    struct http_stats stats = http_server_stats(fixture.server);
    assert_int_equal(stats.accepted, 3);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.open, 1);
}

static void bodies_over_the_limit_of_all_are_refused(void **state)
{
    (void)state;
    fixture.max_bodies_bytes = 70000;
    start();
    client_connect(&fixture, &other);
    static char body[60000];
    client_send(&client, POST("/body", "Content-Length: 60000\r\n\r\n"));
    client_send_bytes(&client, body, 1);
    fixture_wait_for_log(&fixture, "start POST /body;");
    client_send(&other, POST("/body", "Content-Length: 60000\r\n\r\n"));
    client_send_bytes(&other, body, 60000);
    client_expect(&other, 503, "there is no room for the body now: send it again later");
    assert_non_null(strstr(other.head, "\r\nRetry-After: 1\r\n"));
    client_expect_end(&other);
    client_send_bytes(&client, body, 59999);
    assert_int_equal(client_answer(&client), 201);
    client_send(&client, POST("/body", "Content-Length: 60000\r\n\r\n")); // there is room again
    client_send_bytes(&client, body, 60000);
    assert_int_equal(client_answer(&client), 201);
}

static void without_file_descriptors_clients_wait(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    // The limit is the number of the next descriptor: the client's socket fits, the server's does not.
    int next = dup(client.fd);
    assert_true(next >= 0);
    close(next);
    struct rlimit before, now;
    getrlimit(RLIMIT_NOFILE, &before);
    now = (struct rlimit){.rlim_cur = (rlim_t)next + 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    client_connect(&fixture, &other);
    client_send(&other, GET("/ok"));
    client_send(&client, GET("/nothing") GET("/ok"));
    client_expect(&client, 404, "");
    client_expect(&client, 200, "ok"); // others are served meanwhile
    assert_int_equal(http_server_stats(fixture.server).accepted, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    client_expect(&other, 200, "ok");
}

static void a_drain_ends_what_is_idle_and_finishes_what_runs(void **state)
{
    (void)state;
    start();
    client_connect(&fixture, &other);
    client_send(&other, GET("/ok"));
    client_expect(&other, 200, "ok");
    client_send(&client, GET("/wait/1") GET("/wait/2"));
    fixture_wait_for(&fixture, 2);
    fixture_drain(&fixture);
    client_expect_end(&other);
    client_connect_refused(&fixture);
    release(1);
    release(2);
    client_expect(&client, 200, "1");
    assert_null(strstr(client.head, "Connection"));
    client_expect(&client, 200, "2");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "release 2;end 200 1;");
}

static void a_drain_ends_with_its_last_answer(void **state)
{
    (void)state;
    start();
    client_send(&client, "GET /wait/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); // so nobody lingers
    fixture_wait_for(&fixture, 1);
    fixture_drain(&fixture);
    client_connect_refused(&fixture);
    release(1);
    client_expect(&client, 200, "1");
    client_expect_end(&client);
}

static void a_drain_answers_those_who_have_just_connected(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    fixture_freeze(&fixture);
    fixture_drain(&fixture);
    client_connect(&fixture, &other); // by the system: the server has not accepted it
    client_send(&other, GET("/ok"));
    fixture_thaw(&fixture, false);
    client_expect(&other, 200, "ok");
    client_expect_end(&other);
}

static void a_drain_answers_requests_that_it_has_not_read_yet(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    fixture_freeze(&fixture);
    fixture_drain(&fixture);
    fixture_freeze_again(&fixture); // the listener is closed, and the lane's mail is on its way
    client_send(&client, GET("/ok"));
    fixture_thaw(&fixture, true);
    client_expect(&client, 200, "ok");
    client_expect_end(&client);
}

static void a_drain_answers_one_more_request_of_who_is_idle(void **state)
{
    (void)state;
    fixture.limits.grace_ms = PATIENCE_MS;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    fixture_drain(&fixture);
    client_connect_refused(&fixture); // so the drain has begun
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
}

static void a_drain_refuses_what_takes_too_long(void **state)
{
    (void)state;
    fixture.limits.drain_ms = 20;
    start();
    client_send(&client, GET("/wait/1"));
    fixture_wait_for(&fixture, 1);
    fixture_drain(&fixture);
    client_expect(&client, 503, "the server shuts down: send it again");
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 503 36;");
    release(1);
    assert_int_equal(fixture.gone, 1);
}

static void a_drain_gives_up_on_a_write_that_takes_longer(void **state)
{
    (void)state;
    fixture.limits.drain_ms = 20;
    fixture.limits.last_ms = 20;
    start();
    client_send(&client, "POST /wait/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    fixture_wait_for(&fixture, 1);
    fixture_drain(&fixture);
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 0 0;");
    release(1);
    assert_int_equal(fixture.gone, 1);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void a_server_that_never_ran_is_freed(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    struct err err = {0};
    struct loop *loop;
    struct http_server *server;
    struct http_handler handler = {0};
    struct http_listen listen = fixture_listen("[::1]:0");
    struct http_options options = {
        .listens = &listen, .listen_count = 1, .max_connections = 1, .max_bodies_bytes = 1};
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    assert_int_equal(http_server_new(&options, &loop, 1, &handler, &server, &err), ERR_NONE);
    assert_memory_equal(http_server_address(server), "[::1]:", 6);
    assert_string_not_equal(http_server_address(server), "[::1]:0");
    loop_free(loop);
    http_server_free(server);
    http_server_free(NULL);
}

static void refuse_to_listen(const char *address, enum err_code code, const char *text)
{
    struct err err = {0};
    int fd = -1;
    assert_int_equal(socket_bind(address, &fd, &err), code);
    assert_string_equal(err.text, text);
    assert_int_equal(fd, -1);
}

static void what_is_no_address_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:65536", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:-1", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:80a", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:000080", "it does not end in a port from 0 to 65535"},
        {"[::1]", "it does not end in a port from 0 to 65535"},
        {"http://127.0.0.1:80", "it is a url"},
        {"::1:80", "an IPv6 address stands in [ ]"},
        {"[::1:80", "an IPv6 address stands in [ ]"},
        {"[1.2.3.4]:80", "what stands in [ ] is no IPv6 address"},
        {"no host:80", "no host has that name"},
        {"[]:80", "no host has that name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char text[200];
        snprintf(text, sizeof(text), "\"%s\" is no address to listen on: %s", wrong[i].text, wrong[i].why);
        refuse_to_listen(wrong[i].text, ERR_CONFIG, text);
    }
}

static void assert_address(const char *text, const char *expected)
{
    union address address;
    struct err err = {0};
    char written[ADDRESS_BYTES];
    assert_int_equal(address_read(text, &address, &err), ERR_NONE);
    address_write(&address, written);
    assert_string_equal(written, expected);
}

static void an_address_is_written_as_people_write_it(void **state)
{
    (void)state;
    assert_address("127.0.0.1:8080", "127.0.0.1:8080");
    assert_address("8080", "127.0.0.1:8080");
    assert_address("localhost:8080", "127.0.0.1:8080");
    assert_address("[::1]:8080", "[::1]:8080");
    assert_address("[::]:0", "::"); // no port: of a client whose proxy tells none
    assert_address("[::ffff:10.0.0.1]:80", "10.0.0.1:80");
    char of_unix[ADDRESS_BYTES];
    address_write(&(union address){.any.sa_family = AF_UNIX}, of_unix);
    assert_string_equal(of_unix, "unix:");
    union address any;
    struct err err = {0};
    assert_int_equal(address_read(":8080", &any, &err), ERR_NONE);
    assert_true(any.any.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&any.v6.sin6_addr)
                                              : any.v4.sin_addr.s_addr == INADDR_ANY);
}

static void an_address_that_is_taken_is_an_error(void **state)
{
    (void)state;
    start();
    char text[200];
    snprintf(text, sizeof(text), "could not listen on %s: Address already in use",
        http_server_address(fixture.server));
    refuse_to_listen(http_server_address(fixture.server), ERR_IO, text);
}

static void without_memory_there_is_no_server(void **state)
{
    (void)state;
    struct loop *loops[2];
    struct err err = {0};
    assert_int_equal(loop_new(&loops[0], &err), ERR_NONE);
    assert_int_equal(loop_new(&loops[1], &err), ERR_NONE);
    struct http_handler handler = {0};
    struct http_listen listen = {.fd = -1};
    struct http_options options = {
        .listens = &listen, .listen_count = 1, .max_connections = 1, .max_bodies_bytes = 1};
    struct http_server *server = NULL;
    enum err_code code;
    long count = 0;
    do {
        err = (struct err){0};
        if (listen.fd < 0)
            listen = fixture_listen("127.0.0.1:0");
        mem_fail_after(count++);
        code = http_server_new(&options, loops, 2, &handler, &server, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
    } while (code != ERR_NONE);
    assert_int_equal(count, 6); // the server, its listeners, the table of lanes, two lanes
    for (int i = 0; i < 2; i++)
        loop_free(loops[i]);
    http_server_free(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slow_head_is_refused),
        TEST(a_new_connection_that_says_nothing_is_closed),
        TEST(an_idle_connection_is_closed),
        TEST(a_request_that_runs_is_not_idle),
        TEST(a_refused_client_is_not_waited_for_for_long),
        TEST(a_client_that_says_it_is_the_last_is_not_waited_for),
        TEST(connections_over_the_limit_are_turned_away),
        TEST(bodies_over_the_limit_of_all_are_refused),
        TEST(without_file_descriptors_clients_wait),
        TEST(a_drain_ends_what_is_idle_and_finishes_what_runs),
        TEST(a_drain_ends_with_its_last_answer),
        TEST(a_drain_answers_those_who_have_just_connected),
        TEST(a_drain_answers_requests_that_it_has_not_read_yet),
        TEST(a_drain_answers_one_more_request_of_who_is_idle),
        TEST(a_drain_refuses_what_takes_too_long),
        TEST(a_drain_gives_up_on_a_write_that_takes_longer),
        TEST(an_address_that_is_taken_is_an_error),
        cmocka_unit_test(a_server_that_never_ran_is_freed),
        cmocka_unit_test(what_is_no_address_is_told),
        cmocka_unit_test(an_address_is_written_as_people_write_it),
        cmocka_unit_test(without_memory_there_is_no_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
