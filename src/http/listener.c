// SPDX-License-Identifier: Apache-2.0
// From a socket that is bound (socket.h) to accepted ones. Leaves to its owner what becomes of a connection.
// On the loop's thread once it is started.
//
// poll runs, or pause does: while the system has no file descriptors left, nothing is accepted.
#include "http/listener.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "http/unix_socket.h"

enum err_code listener_init(struct listener *listener, struct http_listen *listen, struct err *err)
{
    listener->listen = *listen;
    listen->fd = -1;
    socket_name(listener->listen.fd, listener->name);
    return socket_listen(listener->listen.fd, err);
}

// --- accepting

static void on_readable(uv_poll_t *poll, int status, int events);

static void resume(uv_timer_t *pause)
{
    struct listener *listener = pause->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

// Whether accept(2) has failed for the connection that was next in the queue, which is gone then: its client
// has left, the network has an error pending for it, or a firewall forbids it. Others may wait behind it.
static bool is_of_one(int reason)
{
    switch (reason) {
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EINTR:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPERM:
    case EPROTO:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

// One connection. False when there is none, or the system can make none now (then `*ret_full`).
static bool accept_one(struct listener *listener, bool *ret_full)
{
    union address peer = {0};
    socklen_t len = sizeof(peer);
    int fd = accept4(listener->listen.fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        listener->on_accept(listener, fd, &peer);
        return true;
    }
    bool gone = is_of_one(errno);
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
    void (*on_accept)(struct listener *listener, int fd, const union address *peer), void *ctx,
    struct err *err)
{
    listener->on_accept = on_accept;
    listener->ctx = ctx;
    int failed = uv_poll_init(loop, &listener->poll, listener->listen.fd);
    if (failed)
        return err_set(err, ERR_IO, "could not watch the listening socket: %s", uv_strerror(failed));
    listener->poll.data = listener;
    listener->pause.data = listener;
    uv_timer_init(loop, &listener->pause);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable); // cannot fail on a handle just made
    return ERR_NONE;
}

// --- ending

void listener_cancel(struct listener *listener)
{
    if (listener->poll.data == NULL)
        return;
    uv_close((uv_handle_t *)&listener->pause, NULL);
    uv_close((uv_handle_t *)&listener->poll, NULL);
}

// Closing a listening socket resets connections that nobody has accepted, and between the last accept(2) and
// close(2) there is always room for one. So first the kernel drops the packets that begin a handshake (SYN
// without ACK), which their senders repeat after a second; those that have begun one finish it meanwhile. A
// Unix socket has no handshakes: its file is removed before (unix_socket.h).
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

// A filter is the socket's own, so the one of a process that has ended stays in force for all who have the
// socket.
static void take_all(int fd)
{
    int ignored = 0;
    (void)setsockopt(
        fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof(ignored)); // fails where there is none
}

static bool is_anothers(const struct listener *listener)
{
    return listener->listen.is_shared || listener->is_resting;
}

static void close_now(uv_timer_t *pause)
{
    struct listener *listener = pause->data;
    bool full = false;
    for (int i = 0; !is_anothers(listener) && i < LIMIT_CONNECTIONS && accept_one(listener, &full); i++)
        ;
    uv_close((uv_handle_t *)&listener->pause, NULL);
    uv_close((uv_handle_t *)&listener->poll, NULL);
    listener_fini(listener);
    listener->on_closed(listener->ctx);
}

void listener_end(struct listener *listener, void (*on_closed)(void *ctx))
{
    listener->on_closed = on_closed;
    if (is_anothers(listener)) { // whoever waits is for the other process, and so is whoever comes
        uv_poll_stop(&listener->poll);
        uv_timer_start(&listener->pause, close_now, 0, 0);
        return;
    }
    if (!unix_socket_is(listener->name))
        take_no_more(listener->listen.fd);
    uv_timer_start(&listener->pause, close_now, LIMIT_HANDSHAKE_MS, 0); // in place of a pause that may run
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

void listener_rest(struct listener *listener)
{
    listener->is_resting = true;
    uv_timer_stop(&listener->pause);
    uv_poll_stop(&listener->poll);
}

void listener_resume(struct listener *listener)
{
    listener->is_resting = false;
    if (listener->on_closed != NULL) // it has ended
        return;
    take_all(listener->listen.fd);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

void listener_fini(struct listener *listener)
{
    if (listener->listen.fd >= 0)
        close(listener->listen.fd);
    listener->listen.fd = -1;
}
