// SPDX-License-Identifier: Apache-2.0
// From an address as text to accepted sockets. The socket is bound before the loops run, so that a bad
// address ends the start; afterwards all is on the loop's thread. Leaves to its owner what becomes of a
// connection.
//
// poll runs, or pause does: while the system has no file descriptors left, nothing is accepted.
#include "http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

// --- addresses

// The decimal port at `text`; -1 when it is none.
static int port_of(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
        return -1;
    long port = strtol(text, NULL, 10);
    return port <= 65535 ? (int)port : -1;
}

static bool parse_address(const char *text, union peer *ret_address)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
        return false;
    size_t len = (size_t)(colon - text);
    memcpy(host, text, len);
    host[len] = '\0';
    int port = port_of(colon + 1);
    union peer address = {0};
    if (port < 0) {
        return false;
    } else if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, host + 1, &address.v6.sin6_addr) != 1)
            return false;
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, host, &address.v4.sin_addr) != 1)
            return false;
    }
    *ret_address = address;
    return true;
}

static void write_address(struct listener *listener, const union peer *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool is_v4 = address->any.sa_family == AF_INET;
    if (is_v4)
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
    else
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
    unsigned port = ntohs(is_v4 ? address->v4.sin_port : address->v6.sin6_port);
    snprintf(listener->address, sizeof(listener->address), is_v4 ? "%s:%u" : "[%s]:%u", host, port);
}

static bool bind_and_listen(int fd, const union peer *address)
{
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); // else a restart waits for old connections
    bool is_v4 = address->any.sa_family == AF_INET;
    if (!is_v4)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    socklen_t len = is_v4 ? sizeof(address->v4) : sizeof(address->v6);
    return bind(fd, &address->any, len) == 0 && listen(fd, SOMAXCONN) == 0;
}

enum err_code listener_open(struct listener *listener, const char *address, struct err *err)
{
    union peer wanted = {0}, bound = {0};
    listener->fd = -1;
    if (!parse_address(address, &wanted)) {
        err_set(err, ERR_CONFIG, "\"%s\" is no address to listen on", address);
        err_hint(err, "say it as 127.0.0.1:8080 or [::1]:8080");
        return ERR_CONFIG;
    }
    int fd = socket(wanted.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(bound);
    if (fd < 0 || !bind_and_listen(fd, &wanted) || getsockname(fd, &bound.any, &len) != 0) {
        int reason = errno;
        if (fd >= 0)
            close(fd);
        err_set(err, ERR_IO, "could not listen on %s: %s", address, strerror(reason));
        if (reason == EADDRINUSE)
            err_hint(err, "another server has it: stop that one, or take another port");
        return ERR_IO;
    }
    listener->fd = fd;
    write_address(listener, &bound);
    return ERR_NONE;
}

// --- accepting

static void on_readable(uv_poll_t *poll, int status, int events);

static void resume(uv_timer_t *pause)
{
    struct listener *listener = pause->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

// One connection. False when there is none, or the system can make none now (then `*ret_full`).
static bool accept_one(struct listener *listener, bool *ret_full)
{
    union peer peer = {0};
    socklen_t len = sizeof(peer);
    int fd = accept4(listener->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        listener->on_accept(listener->ctx, fd, &peer);
        return true;
    }
    bool gone = errno == ECONNABORTED || errno == EINTR; // the client, already: there may be others
    *ret_full = !gone && errno != EAGAIN;
    return gone;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct listener *listener = poll->data;
    bool full = false;
    for (int i = 0; i < LIMIT_ACCEPT_BATCH && accept_one(listener, &full); i++)
        ;
    if (full) { // the socket stays readable: without a pause the loop would spin
        uv_poll_stop(poll);
        uv_timer_start(&listener->pause, resume, LIMIT_ACCEPT_PAUSE_MS, 0);
    }
}

enum err_code listener_start(struct listener *listener, uv_loop_t *loop,
    void (*on_accept)(void *ctx, int fd, const union peer *peer), void *ctx, struct err *err)
{
    listener->on_accept = on_accept;
    listener->ctx = ctx;
    listener->poll.data = listener;
    listener->pause.data = listener;
    int failed = uv_poll_init(loop, &listener->poll, listener->fd);
    if (failed)
        return err_set(err, ERR_IO, "could not watch the listening socket: %s", uv_strerror(failed));
    uv_timer_init(loop, &listener->pause);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable); // cannot fail on a handle just made
    return ERR_NONE;
}

void listener_close(struct listener *listener)
{
    bool full = false;
    for (int i = 0; i < LIMIT_CONNECTIONS && accept_one(listener, &full); i++)
        ;
    uv_close((uv_handle_t *)&listener->pause, NULL);
    uv_close((uv_handle_t *)&listener->poll, NULL);
    listener_fini(listener);
}

void listener_fini(struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}
