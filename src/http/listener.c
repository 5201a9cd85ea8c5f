// SPDX-License-Identifier: Apache-2.0
// From an address to accepted sockets. The socket is bound before the loops run, so that a bad
// address ends the start; afterwards all is on the loop's thread. Leaves to its owner what becomes of a
// connection.
//
// poll runs, or pause does: while the system has no file descriptors left, nothing is accepted.
#include "http/listener.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

static bool bind_to(int fd, const union address *address)
{
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); // else a restart waits for old connections
    bool is_v4 = address->any.sa_family == AF_INET;
    if (!is_v4)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    socklen_t len = is_v4 ? sizeof(address->v4) : sizeof(address->v6);
    return bind(fd, &address->any, len) == 0;
}

static void hint_at(int reason, struct err *err)
{
    if (reason == EADDRINUSE)
        err_hint(err, "another server has it: stop that one, or take another port");
    else if (reason == EACCES)
        err_hint(err, "ports below 1024 are for root: take another one, or grant CAP_NET_BIND_SERVICE");
    else if (reason == EADDRNOTAVAIL)
        err_hint(err, "it is none of this machine's; \":PORT\" listens on all that it has");
}

static enum err_code fail_to_listen(const char *address, int reason, struct err *err)
{
    err_set(err, ERR_IO, "could not listen on %s: %s", address, strerror(reason));
    hint_at(reason, err);
    return ERR_IO;
}

enum err_code listener_try(const char *address, struct err *err)
{
    union address wanted = {0};
    enum err_code code = address_read(address, &wanted, err);
    if (code != ERR_NONE)
        return code;
    int fd = socket(wanted.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int reason = fd < 0 || !bind_to(fd, &wanted) ? errno : 0;
    if (fd >= 0)
        close(fd);
    return reason == 0 ? ERR_NONE : fail_to_listen(address, reason, err);
}

enum err_code listener_open(struct listener *listener, const char *address, struct err *err)
{
    union address wanted = {0}, bound = {0};
    listener->fd = -1;
    enum err_code code = address_read(address, &wanted, err);
    if (code != ERR_NONE)
        return code;
    int fd = socket(wanted.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(bound);
    if (fd < 0 || !bind_to(fd, &wanted) || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &bound.any, &len) != 0) {
        int reason = errno;
        if (fd >= 0)
            close(fd);
        return fail_to_listen(address, reason, err);
    }
    int on = 1; // answers are written whole; tcp(7): accepted sockets inherit it
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    listener->fd = fd;
    address_write(&bound, listener->address);
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
    union address peer = {0};
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
    if (full &&
        listener->on_closed == NULL) { // the socket stays readable: without a pause the loop would spin
        uv_poll_stop(poll);
        uv_timer_start(&listener->pause, resume, LIMIT_ACCEPT_PAUSE_MS, 0);
    }
}

enum err_code listener_start(struct listener *listener, uv_loop_t *loop,
    void (*on_accept)(void *ctx, int fd, const union address *peer), void *ctx, struct err *err)
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

// --- ending

// Closing a listening socket resets connections that nobody has accepted, and between the last accept(2) and
// close(2) there is always room for one. So first the kernel drops the packets that begin a handshake (SYN
// without ACK), which their senders repeat after a second; those that have begun one finish it meanwhile.
static void take_no_more(int fd)
{
    enum { FLAGS_OFFSET = 13, SYN = 0x02, ACK = 0x10 }; // of a TCP header, RFC 9293 section 3.1
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0), // dropped
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),                                        // taken
    };
    struct sock_fprog filter = {.len = ARRAY_LEN(program), .filter = program};
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)); // else some may be reset
}

static void close_now(uv_timer_t *pause)
{
    struct listener *listener = pause->data;
    bool full = false;
    for (int i = 0; i < LIMIT_CONNECTIONS && accept_one(listener, &full); i++)
        ;
    uv_close((uv_handle_t *)&listener->pause, NULL);
    uv_close((uv_handle_t *)&listener->poll, NULL);
    listener_fini(listener);
    listener->on_closed(listener->ctx);
}

void listener_end(struct listener *listener, void (*on_closed)(void *ctx))
{
    listener->on_closed = on_closed;
    take_no_more(listener->fd);
    uv_timer_start(&listener->pause, close_now, LIMIT_HANDSHAKE_MS, 0); // in place of a pause that may run
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

void listener_fini(struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}
