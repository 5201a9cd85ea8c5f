// SPDX-License-Identifier: Apache-2.0
// One call: connect, send all, receive until the answer is whole. The socket does not block; each wait is a
// poll that ends at the call's deadline. The bytes received are looked at anew from their first one after
// each read, which is simple and costs nothing for the small answers of tests. Any thread.
#include "cmd/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "text/number.h"

enum { READ_BYTES = 65536 };

// One call under way.
struct call {
    int fd;               // not blocking; -1: none
    uint64_t deadline_ns; // of the whole call; monotonic
    struct buf bytes;     // the answer so far
};

static void call_fini(struct call *call)
{
    if (call->fd >= 0)
        close(call->fd);
    buf_fini(&call->bytes);
}

void client_answer_fini(struct client_answer *answer)
{
    if (answer == NULL)
        return;
    buf_fini(&answer->bytes);
    *answer = (struct client_answer){0};
}

// --- the socket

static enum err_code wait_for(struct call *call, short events, struct err *err)
{
    for (;;) {
        uint64_t now_ns = clock_monotonic_ns();
        if (now_ns >= call->deadline_ns)
            return err_set(err, ERR_TIMEOUT, "no whole answer in time");
        struct pollfd poll_fd = {.fd = call->fd, .events = events};
        int ready = poll(&poll_fd, 1, (int)((call->deadline_ns - now_ns) / NS_PER_MS) + 1);
        if (ready > 0)
            return ERR_NONE;
        if (ready < 0 && errno != EINTR)
            return err_set(err, ERR_IO, "could not wait for the server: %s", strerror(errno));
    }
}

static enum err_code connect_to(struct call *call, const char *address, struct err *err)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    size_t host_len = colon != NULL ? (size_t)(colon - address) : 0;
    struct sockaddr_in peer = {.sin_family = AF_INET};
    int64_t port = 0;
    if (colon == NULL || host_len >= sizeof(host) || !number_parse_integer(span_of(colon + 1), &port) ||
        port < 1 || port > UINT16_MAX)
        return err_set(err, ERR_CONFIG, "%s is no IPv4 address with a port", address);
    memcpy(host, address, host_len);
    host[host_len] = '\0';
    peer.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &peer.sin_addr) != 1)
        return err_set(err, ERR_CONFIG, "%s is no IPv4 address with a port", address);
    call->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (call->fd < 0)
        return err_set(err, ERR_IO, "could not make a socket: %s", strerror(errno));
    if (connect(call->fd, (struct sockaddr *)&peer, sizeof(peer)) == 0)
        return ERR_NONE;
    if (errno != EINPROGRESS)
        return err_set(err, ERR_IO, "could not connect to %s: %s", address, strerror(errno));
    enum err_code code = wait_for(call, POLLOUT, err);
    int failure = 0;
    socklen_t len = sizeof(failure);
    if (code == ERR_NONE && (getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0 || failure != 0))
        code = err_set(err, ERR_IO, "could not connect to %s: %s", address, strerror(failure));
    return code;
}

// A server may answer, and close, before it has read all: what it said then is the answer.
static enum err_code send_all(struct call *call, struct span request, struct err *err)
{
    while (request.len > 0) {
        ssize_t sent = send(call->fd, request.at, request.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            request.at += sent;
            request.len -= (size_t)sent;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return ERR_NONE;
        } else if (errno == EAGAIN || errno == EINTR) {
            enum err_code code = wait_for(call, POLLOUT, err);
            if (code != ERR_NONE)
                return code;
        } else {
            return err_set(err, ERR_IO, "could not send: %s", strerror(errno));
        }
    }
    return ERR_NONE;
}

// Reads some more; *ret_end when the server has closed its side.
static enum err_code receive_some(struct call *call, bool *ret_end, struct err *err)
{
    enum err_code code = buf_reserve(&call->bytes, READ_BYTES);
    if (code == ERR_TOO_LARGE)
        return err_set(err, code, "the answer is larger than %zu bytes", call->bytes.max - READ_BYTES);
    if (code != ERR_NONE)
        return err_no_memory(err);
    for (;;) {
        ssize_t got = recv(call->fd, call->bytes.data + call->bytes.len, READ_BYTES, 0);
        if (got >= 0) {
            call->bytes.len += (size_t)got;
            *ret_end = got == 0;
            return ERR_NONE;
        }
        if (errno != EAGAIN && errno != EINTR)
            return err_set(err, ERR_IO, "the connection broke: %s", strerror(errno));
        code = wait_for(call, POLLIN, err);
        if (code != ERR_NONE)
            return code;
    }
}

// --- the answer

bool client_next_field(struct span *walk, struct span name, struct span *ret_value)
{
    while (walk->len > 0) {
        struct span line = span_line(walk);
        struct span field_name = span_split(&line, ':');
        if (!span_equal_nocase(field_name, name))
            continue;
        *ret_value = span_trim(line);
        return true;
    }
    return false;
}

static bool find_field(const struct client_answer *answer, const char *name, struct span *ret_value)
{
    struct span walk = answer->fields;
    return client_next_field(&walk, span_of(name), ret_value);
}

static enum err_code no_answer(struct err *err, const char *what)
{
    return err_set(err, ERR_MALFORMED, "the answer is no HTTP: %s", what);
}

// Takes the head off the front of *bytes, which begins with one that ends in CRLF CRLF.
static enum err_code take_head(
    struct span *bytes, size_t head_len, struct client_answer *answer, struct err *err)
{
    struct span head = {.at = bytes->at, .len = head_len - 2}; // without its empty line
    bytes->at += head_len;
    bytes->len -= head_len;
    struct span line = span_split(&head, '\n');
    int64_t status;
    if (line.len < 13 || !span_starts_with(line, "HTTP/1.1 ") ||
        !number_parse_integer((struct span){.at = line.at + 9, .len = 3}, &status) || status < 100)
        return no_answer(err, "its status line is wrong");
    answer->status = (int)status;
    answer->fields = head;
    return ERR_NONE;
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

// What there is of the body, whether it is whole, and whether it can be at all.
static enum err_code frame_body(struct client_answer *answer, struct span rest, bool has_body, bool at_end,
    bool *ret_whole, struct err *err)
{
    struct span length_text;
    int64_t length = 0;
    bool has_length = find_field(answer, "content-length", &length_text);
    if (find_field(answer, "transfer-encoding", &length_text))
        return no_answer(err, "it is chunked, which this client does not read");
    if (has_length && (!number_parse_integer(length_text, &length) || length < 0))
        return no_answer(err, "its Content-Length is no number");
    if (!has_body || has_no_body(answer->status)) {
        length = 0;
        has_length = true;
    }
    *ret_whole = has_length ? rest.len >= (uint64_t)length : at_end;
    if (at_end && !*ret_whole)
        return err_set(
            err, ERR_MALFORMED, "the answer is cut short: %zu bytes of %lld", rest.len, (long long)length);
    answer->body = rest;
    if (has_length && *ret_whole)
        answer->body.len = (size_t)length;
    return ERR_NONE;
}

// Finds the answer in the bytes so far; *ret_whole when it is all there. Interim answers (1xx) are skipped.
static enum err_code frame(const struct call *call, bool has_body, bool at_end, struct client_answer *answer,
    bool *ret_whole, struct err *err)
{
    struct span rest = buf_span(&call->bytes);
    *ret_whole = false;
    do {
        const char *end = rest.len > 0 ? memmem(rest.at, rest.len, "\r\n\r\n", 4) : NULL;
        if (end == NULL && at_end)
            return no_answer(err,
                call->bytes.len == 0 ? "the connection was closed without one" : "its head is cut short");
        if (end == NULL && rest.len > LIMIT_HEAD_BYTES)
            return err_set(err, ERR_TOO_LARGE, "the answer's head is larger than %d bytes", LIMIT_HEAD_BYTES);
        if (end == NULL)
            return ERR_NONE;
        enum err_code code = take_head(&rest, (size_t)(end - rest.at) + 4, answer, err);
        if (code != ERR_NONE)
            return code;
    } while (answer->status < 200);
    return frame_body(answer, rest, has_body, at_end, ret_whole, err);
}

enum err_code client_call(const char *address, struct span request, bool has_body, uint64_t timeout_ms,
    struct client_answer *ret_answer, struct err *err)
{
    AUTO(call_fini)
    struct call call = {.fd = -1, .deadline_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS};
    buf_init(&call.bytes, LIMIT_ANSWER_BYTES + LIMIT_HEAD_BYTES + READ_BYTES);
    struct client_answer answer = {0};
    bool whole = false, at_end = false;
    enum err_code code = connect_to(&call, address, err);
    if (code == ERR_NONE)
        code = send_all(&call, request, err);
    while (code == ERR_NONE && !whole) {
        code = receive_some(&call, &at_end, err);
        if (code == ERR_NONE)
            code = frame(&call, has_body, at_end, &answer, &whole, err);
    }
    if (code != ERR_NONE)
        return code;
    answer.bytes = call.bytes;
    call.bytes = (struct buf){0};
    *ret_answer = answer;
    return ERR_NONE;
}
