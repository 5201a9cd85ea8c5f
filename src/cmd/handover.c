// SPDX-License-Identifier: Apache-2.0
// Messages with descriptors between two processes (unix(7), SCM_RIGHTS). What they mean is left to
// predecessor.c and successor.c. Any thread.
#include "cmd/handover.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

// Room for one descriptor, aligned as the system wants it (cmsg(3)).
union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

enum err_code handover_pair(int ret_fds[2], struct err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) != 0)
        return err_set(err, ERR_IO, "could not make sockets for the new process: %s", strerror(errno));
    return ERR_NONE;
}

enum err_code handover_send(int pair, int fd, struct err *err, const char *format, ...)
{
    char text[HANDOVER_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(text))
        return err_set(err, ERR_IO, "a message of the hand-over is too long: %s", text);
    struct iovec part = {.iov_base = text, .iov_len = (size_t)len};
    union control control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &fd, sizeof(int));
    }
    if (sendmsg(pair, &message, MSG_NOSIGNAL) == len)
        return ERR_NONE;
    // ETOOMANYREFS: more descriptors are on their way than a process may have open.
    bool is_full = errno == EAGAIN || errno == ETOOMANYREFS || errno == ENOBUFS || errno == EINTR;
    return err_set(
        err, is_full ? ERR_BUSY : ERR_IO, "could not tell the other process of it: %s", strerror(errno));
}

static int descriptor_in(struct msghdr *message)
{
    int fd = -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
            head->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(&fd, CMSG_DATA(head), sizeof(int));
    }
    return fd;
}

enum handover_event handover_receive(int pair, struct handover_message *ret_message)
{
    struct iovec part = {.iov_base = ret_message->text, .iov_len = sizeof(ret_message->text) - 1};
    union control control = {0};
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes)};
    ssize_t len = recvmsg(pair, &message, MSG_CMSG_CLOEXEC);
    // The other one has ended without having read all. That is told once, in front of what it has said
    // before.
    if (len < 0 && errno == ECONNRESET)
        len = recvmsg(pair, &message, MSG_CMSG_CLOEXEC);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return HANDOVER_NOTHING;
    if (len <= 0)
        return HANDOVER_ENDED;
    ret_message->text[len] = '\0';
    ret_message->fd = descriptor_in(&message);
    return HANDOVER_MESSAGE;
}

enum handover_event handover_await(int pair, uint64_t until_ns, struct handover_message *ret_message)
{
    for (;;) {
        enum handover_event event = handover_receive(pair, ret_message);
        uint64_t now_ns = clock_monotonic_ns();
        if (event != HANDOVER_NOTHING || now_ns >= until_ns)
            return event;
        struct pollfd fd = {.fd = pair, .events = POLLIN};
        const struct timespec pause = clock_timespec(until_ns - now_ns);
        (void)ppoll(&fd, 1, &pause, NULL);
    }
}

const char *handover_words(const struct handover_message *message, const char *first)
{
    size_t len = strlen(first);
    if (strncmp(message->text, first, len) != 0)
        return NULL;
    const char *rest = message->text + len;
    return *rest == ' ' ? rest + 1 : *rest == '\0' ? rest : NULL;
}
