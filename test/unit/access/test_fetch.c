// SPDX-License-Identifier: Apache-2.0
// A server on 127.0.0.1 that sends one fetch to and fro.
#include "access/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/thread.h"

#define REDIRECT "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /keys\r\nContent-Length: 0\r\n"
#define DOCUMENT "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n"

struct server {
    int listener;
    const char *answers[2]; // in this order
};

static void answer(int fd, const char *text)
{
    char request[4096];
    assert_true(read(fd, request, sizeof(request)) > 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    shutdown(fd, SHUT_WR);
    while (read(fd, request, sizeof(request)) > 0) {
    }
    close(fd);
}

static void *serve(void *arg)
{
    struct server *server = arg;
    for (size_t i = 0; i < ARRAY_LEN(server->answers); i++) {
        int fd = accept(server->listener, NULL, NULL);
        assert_true(fd >= 0);
        answer(fd, server->answers[i]);
    }
    return NULL;
}

// The life that a document behind a redirect has; -1: none was told before.
static int64_t fetch(const char *redirect, const char *document)
{
    struct server server = {.answers = {redirect, document}};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    pthread_t thread;
    struct err err = {0};
    char url[64];
    atomic_bool is_ending = false;
    int64_t max_age_s = -1;
    AUTO(buf_fini) struct buf body;
    buf_init(&body, 100);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server.listener >= 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server.listener, 10), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &len), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(address.sin_port));
    assert_int_equal(thread_start(serve, &server, &thread, &err), ERR_NONE);
    if (fetch_document(url, &is_ending, &body, &max_age_s, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    assert_true(span_is(buf_span(&body), "{}"));
    pthread_join(thread, NULL);
    close(server.listener);
    return max_age_s;
}

static void the_life_of_a_redirect_is_not_that_of_the_document(void **state)
{
    (void)state;
    assert_int_equal(fetch(REDIRECT "Cache-Control: max-age=86400\r\n\r\n",
                         DOCUMENT "Cache-Control: max-age=60\r\n\r\n{}"),
        60);
    assert_int_equal(fetch(REDIRECT "\r\n", DOCUMENT "Cache-Control: public, max-age=60\r\n\r\n{}"), 60);
    assert_int_equal(fetch(REDIRECT "Cache-Control: max-age=86400\r\n\r\n", DOCUMENT "\r\n{}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_life_of_a_redirect_is_not_that_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
