// SPDX-License-Identifier: Apache-2.0
// What a listener does when accept(2) fails, which this file's own accept4 does when it is told to.
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/listener.h"
#include "http/socket.h"

static uv_loop_t loop;
static struct listener listener;
static int client;
static int fails_with; // errno of the next call; 0: none fails
static int accepted;   // connections so far

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
    int (*real)(int, struct sockaddr *, socklen_t *, int) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "accept4");
    memcpy(&real, &symbol, sizeof(real));
    if (fails_with == 0)
        return real(fd, address, len, flags);
    errno = fails_with;
    fails_with = 0;
    return -1;
}

static void on_accept(struct listener *of, int fd, const union address *peer)
{
    (void)of;
    (void)peer;
    close(fd);
    accepted++;
}

// A client waits to be accepted.
static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    struct http_listen listen = {.fd = -1};
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    accepted = fails_with = 0;
    memset(&listener, 0, sizeof(listener));
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(socket_bind("127.0.0.1:0", &listen.fd, &err), ERR_NONE);
    assert_int_equal(listener_init(&listener, &listen, &err), ERR_NONE);
    assert_int_equal(listener_start(&listener, &loop, on_accept, NULL, &err), ERR_NONE);
    assert_int_equal(getsockname(listener.listen.fd, (struct sockaddr *)&address, &len), 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(client);
    listener_cancel(&listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    listener_fini(&listener);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void what_fails_of_one_connection_is_not_the_next_ones(void **state)
{
    static const int REASONS[] = {ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN, ENETUNREACH, ENONET,
        EHOSTDOWN, EHOSTUNREACH, ENOPROTOOPT, EOPNOTSUPP, ETIMEDOUT};
    for (size_t i = 0; i < ARRAY_LEN(REASONS); i++) {
        fails_with = REASONS[i];
        uv_run(&loop, UV_RUN_ONCE);
        assert_int_equal(fails_with, 0);
        assert_int_equal(accepted, 1);
        tear_down(state);
        set_up(state);
    }
}

static void without_descriptors_or_memory_it_pauses(void **state)
{
    static const int REASONS[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    for (size_t i = 0; i < ARRAY_LEN(REASONS); i++) {
        fails_with = REASONS[i];
        uv_run(&loop, UV_RUN_ONCE);
        assert_int_equal(fails_with, 0);
        assert_int_equal(accepted, 0);
        uv_run(&loop, UV_RUN_NOWAIT); // the client waits, and nobody looks
        assert_int_equal(accepted, 0);
        while (accepted == 0)
            uv_run(&loop, UV_RUN_ONCE); // until the pause is over
        tear_down(state);
        set_up(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_fails_of_one_connection_is_not_the_next_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_descriptors_or_memory_it_pauses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
