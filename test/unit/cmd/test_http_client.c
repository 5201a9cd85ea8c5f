// SPDX-License-Identifier: Apache-2.0
// The client against servers that answer anything: a thread accepts one connection, reads a head, writes
// bytes, and closes.
#include "cmd/http_client.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { LONG_MS = 30000, SHORT_MS = 50 };

struct peer {
    int listener;       //
    pthread_t thread;   //
    char address[32];   //
    struct span answer; // to be sent
    bool is_silent;     // does not close until the client has
};

static void *serve_one(void *ctx)
{
    struct peer *peer = ctx;
    char bytes[4096];
    size_t len = 0;
    int fd = accept(peer->listener, NULL, NULL);
    ssize_t got;
    while ((len < 4 || memcmp(bytes + len - 4, "\r\n\r\n", 4) != 0) &&
           (got = recv(fd, bytes + len, sizeof(bytes) - len, 0)) > 0)
        len += (size_t)got;
    struct span rest = peer->answer;
    while (rest.len > 0 && (got = send(fd, rest.at, rest.len, MSG_NOSIGNAL)) > 0) {
        rest.at += got;
        rest.len -= (size_t)got;
    }
    while (peer->is_silent && recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
    close(fd);
    return NULL;
}

static void start(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    snprintf(peer->address, sizeof(peer->address), "127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&peer->thread, NULL, serve_one, peer), 0);
}

static void stop(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

static enum err_code call(
    const char *bytes, size_t len, bool has_body, struct client_answer *ret_answer, struct err *err)
{
    struct peer peer = {.answer = {.at = bytes, .len = len}};
    start(&peer);
    enum err_code code =
        client_call(peer.address, span_of("GET / HTTP/1.1\r\n\r\n"), has_body, LONG_MS, ret_answer, err);
    stop(&peer);
    return code;
}

static void answers_with(const char *bytes, bool has_body, int status, const char *body)
{
    AUTO(client_answer_fini) struct client_answer answer = {0};
    struct err err = {0};
    if (call(bytes, strlen(bytes), has_body, &answer, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, status);
    assert_int_equal(answer.body.len, strlen(body));
    assert_memory_equal(answer.body.at, body, strlen(body));
}

static void fails_with(const char *bytes, enum err_code code, const char *text)
{
    AUTO(client_answer_fini) struct client_answer answer = {0};
    struct err err = {0};
    assert_int_equal(call(bytes, strlen(bytes), true, &answer, &err), code);
    assert_string_equal(err.text, text);
    assert_null(answer.bytes.data);
}

static void an_answer_is_read_up_to_its_length_or_the_end(void **state)
{
    (void)state;
    answers_with("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npongmore", true, 200, "pong");
    answers_with("HTTP/1.1 404 \r\nX: y\r\n\r\nto the end", true, 404, "to the end");
    answers_with("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true, 200, "");
    answers_with("HTTP/1.1 204 No Content\r\n\r\n", true, 204, "");
    answers_with("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true, 304, "");
    answers_with("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false, 200, "");
    answers_with(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", true, 201, "x");
}

static void what_is_no_answer_is_refused(void **state)
{
    (void)state;
    fails_with("", ERR_MALFORMED, "the answer is no HTTP: the connection was closed without one");
    fails_with("HTTP/1.1 200 OK\r\n", ERR_MALFORMED, "the answer is no HTTP: its head is cut short");
    fails_with("HTTP/1.1 2x0 OK\r\n\r\n", ERR_MALFORMED, "the answer is no HTTP: its status line is wrong");
    fails_with("SMTP\r\n\r\n", ERR_MALFORMED, "the answer is no HTTP: its status line is wrong");
    fails_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npong", ERR_MALFORMED,
        "the answer is cut short: 4 bytes of 5");
    fails_with("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", ERR_MALFORMED,
        "the answer is no HTTP: its Content-Length is no number");
    fails_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ERR_MALFORMED,
        "the answer is no HTTP: it is chunked, which this client does not read");
}

static void a_head_without_end_is_refused(void **state)
{
    (void)state;
    static char bytes[200000];
    AUTO(client_answer_fini) struct client_answer answer = {0};
    struct err err = {0};
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(call(bytes, sizeof(bytes), true, &answer, &err), ERR_TOO_LARGE);
    assert_string_equal(err.text, "the answer's head is larger than 32768 bytes");
}

static void a_server_that_says_nothing_runs_into_the_timeout(void **state)
{
    (void)state;
    struct peer peer = {
        .answer = span_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npong"), .is_silent = true};
    AUTO(client_answer_fini) struct client_answer answer = {0};
    struct err err = {0};
    start(&peer);
    assert_int_equal(
        client_call(peer.address, span_of("GET / HTTP/1.1\r\n\r\n"), true, SHORT_MS, &answer, &err),
        ERR_TIMEOUT);
    stop(&peer);
    assert_string_equal(err.text, "no whole answer in time");
}

static void an_address_has_to_be_one(void **state)
{
    (void)state;
    static const char *const addresses[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
        "x:80", "1111111111111111111111111111111111111111111111111111111111111111111:80"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct client_answer answer;
        struct err err = {0};
        assert_int_equal(client_call(addresses[i], span_of(""), true, LONG_MS, &answer, &err), ERR_CONFIG);
    }
}

static void fields_are_found_one_after_another(void **state)
{
    (void)state;
    struct span walk = span_of("A: 1\r\nBroken\r\nb:2\r\na:\t3 \r\n"), value;
    assert_true(client_next_field(&walk, span_of("a"), &value));
    assert_true(span_is(value, "1"));
    assert_true(client_next_field(&walk, span_of("a"), &value));
    assert_true(span_is(value, "3"));
    assert_false(client_next_field(&walk, span_of("a"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_read_up_to_its_length_or_the_end),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(a_head_without_end_is_refused),
        cmocka_unit_test(a_server_that_says_nothing_runs_into_the_timeout),
        cmocka_unit_test(an_address_has_to_be_one),
        cmocka_unit_test(fields_are_found_one_after_another),
    };
    return cmocka_run_group_tests_name("cmd/http_client", tests, NULL, NULL);
}
