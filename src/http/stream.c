// SPDX-License-Identifier: Apache-2.0
// The only file that touches a client's socket once it is accepted. libuv tells when the socket can be read
// or written; the bytes go by recv(2) and send(2), which are cheaper than the calls that libuv's streams use.
// A write goes to the socket at once: nearly always the socket takes all of it, and nothing has to be kept.
// Leaves to its owner what the bytes mean and how long a client may take. The loop's thread.
#include "http/stream.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    SMALL_BYTES = 4096, // copying that much costs less than handing its parts to the system one by one
    MAX_READS = 8,      // of one stream before others have their turn
};

static void on_ready(uv_poll_t *poll, int status, int events);

// Has the loop wait for what the stream is about; false when it cannot.
static bool watch(struct stream *stream)
{
    int events = (stream->is_reading ? UV_READABLE : 0) | (stream->is_writing ? UV_WRITABLE : 0);
    if (events == stream->watched)
        return true;
    int failed = events != 0 ? uv_poll_start(&stream->poll, events, on_ready) : uv_poll_stop(&stream->poll);
    stream->watched = failed ? 0 : events;
    return !failed;
}

bool stream_open(struct stream *stream, struct loop *loop, int fd, const struct stream_owner *owner)
{
    if (uv_poll_init(loop_uv(loop), &stream->poll, fd) != 0) {
        close(fd);
        return false;
    }
    stream->owner = owner;
    stream->fd = fd;
    return true;
}

// --- reading

// poll(2): POLLHUP is for both directions, POLLRDHUP for the client's own. A connection that was reset has
// both, also while bytes that came before wait to be read; recv(2) would call that an end.
enum stream_client stream_client(const struct stream *stream)
{
    struct pollfd socket = {.fd = stream->fd, .events = POLLRDHUP};
    if (socket.fd < 0)
        return STREAM_CLIENT_GONE;
    if (poll(&socket, 1, 0) <= 0)
        return STREAM_CLIENT_THERE;
    return (socket.revents & (POLLHUP | POLLERR)) != 0 ? STREAM_CLIENT_GONE : STREAM_CLIENT_ENDED;
}

// One read; true when it has filled its room, so that there may be more.
static bool read_once(struct stream *stream)
{
    struct iovec room = stream->owner->room(stream);
    ssize_t len = recv(stream->fd, room.iov_base, room.iov_len, 0);
    if (len > 0) {
        stream->owner->on_bytes(stream, (struct span){.at = room.iov_base, .len = (size_t)len});
        return (size_t)len == room.iov_len;
    }
    bool is_broken = len < 0;
    if (is_broken && (errno == EAGAIN || errno == EINTR))
        return false;
    stream_stop_reading(stream);
    stream->owner->on_end(stream, is_broken || stream_client(stream) == STREAM_CLIENT_GONE);
    return false;
}

bool stream_start_reading(struct stream *stream)
{
    stream->is_reading = true;
    stream->is_reading = watch(stream);
    return stream->is_reading;
}

void stream_stop_reading(struct stream *stream)
{
    stream->is_reading = false;
    (void)!watch(stream); // to wait for less never fails
}

bool stream_has_bytes(const struct stream *stream)
{
    char byte;
    return stream->fd >= 0 && recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// --- writing

// The result of send(2). Small parts are copied into one, since the calls for many parts cost more.
static ssize_t send_parts(int fd, const struct iovec *parts, size_t part_count, size_t bytes)
{
    if (part_count == 1)
        return send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
    if (bytes > SMALL_BYTES) {
        struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = part_count};
        return sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    char small[SMALL_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < part_count; i++) {
        memcpy(small + len, parts[i].iov_base, parts[i].iov_len);
        len += parts[i].iov_len;
    }
    return send(fd, small, len, MSG_NOSIGNAL);
}

// Takes what the socket has room for; false when the client takes no more. The bytes written stand in
// `ret_written`.
static bool try_send(int fd, const struct iovec *parts, size_t part_count, size_t bytes, size_t *ret_written)
{
    ssize_t written;
    do
        written = send_parts(fd, parts, part_count, bytes);
    while (written < 0 && errno == EINTR);
    if (written < 0 && errno != EAGAIN && errno != ENOBUFS)
        return false;
    *ret_written = written > 0 ? (size_t)written : 0;
    return true;
}

// Cuts `written` bytes off the front of the rest, of which more than that is left.
static void cut_rest(struct stream *stream, size_t written)
{
    stream->unsent_bytes -= written;
    for (; written >= stream->rest_first->iov_len; stream->rest_first++, stream->rest_count--)
        written -= stream->rest_first->iov_len;
    stream->rest_first->iov_base = (char *)stream->rest_first->iov_base + written;
    stream->rest_first->iov_len -= written;
}

static void drop_rest(struct stream *stream)
{
    mem_free(stream->rest);
    stream->rest = NULL;
    stream->is_writing = false;
}

// Leaves to the loop what is behind the first `written` bytes of the parts; there are more bytes than that.
static enum stream_written keep_rest(
    struct stream *stream, const struct iovec *parts, size_t part_count, size_t written)
{
    stream->rest = mem_alloc(part_count * sizeof(*parts));
    if (stream->rest == NULL)
        return STREAM_BROKEN;
    memcpy(stream->rest, parts, part_count * sizeof(*parts));
    stream->rest_first = stream->rest;
    stream->rest_count = part_count;
    cut_rest(stream, written);
    stream->is_writing = true;
    return watch(stream) ? STREAM_WRITING : STREAM_BROKEN;
}

enum stream_written stream_write(struct stream *stream, const struct iovec *parts, size_t part_count)
{
    assert(!stream->is_writing);
    size_t bytes = 0, written;
    for (size_t i = 0; i < part_count; i++)
        bytes += parts[i].iov_len;
    stream->given_bytes += bytes;
    stream->unsent_bytes = bytes;
    if (!try_send(stream->fd, parts, part_count, bytes, &written))
        return STREAM_BROKEN;
    if (written < bytes)
        return keep_rest(stream, parts, part_count, written);
    stream->unsent_bytes = 0;
    return STREAM_WRITTEN;
}

static void write_rest(struct stream *stream)
{
    size_t written;
    bool is_there =
        try_send(stream->fd, stream->rest_first, stream->rest_count, stream->unsent_bytes, &written);
    if (is_there && written < stream->unsent_bytes) {
        cut_rest(stream, written);
        return;
    }
    if (is_there)
        stream->unsent_bytes = 0;
    drop_rest(stream);
    (void)!watch(stream); // to wait for less never fails
    stream->owner->on_written(stream, !is_there);
}

size_t stream_unsent(const struct stream *stream)
{
    return stream->unsent_bytes;
}

// What the socket has taken is not the client's yet: it has room for megabytes, and asks for more in steps
// that slow clients need minutes for.
uint64_t stream_taken(const struct stream *stream)
{
    int on_the_way = 0;
    ioctl(stream->fd, TIOCOUTQ, &on_the_way); // tcp(7): SIOCOUTQ, the same; 0 is fine if it fails
    return stream->given_bytes - stream_unsent(stream) - (uint64_t)on_the_way;
}

// --- the loop's call

// An error of the socket ends libuv's wait. What it is shows when the socket is used, after bytes that came
// before it.
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct stream *stream = CONTAINER_OF(poll, struct stream, poll);
    if (status != 0) {
        events = stream->watched;
        stream->watched = 0;
    }
    bool more = (events & UV_READABLE) != 0;
    for (int i = 0; more && i < MAX_READS && stream->is_reading && !stream_is_closed(stream); i++)
        more = read_once(stream);
    if ((events & UV_WRITABLE) != 0 && stream->is_writing && !stream_is_closed(stream))
        write_rest(stream);
    if (status != 0 && !stream_is_closed(stream))
        (void)!watch(stream);
}

// --- the end

bool stream_shut(const struct stream *stream)
{
    return stream->fd >= 0 && shutdown(stream->fd, SHUT_WR) == 0;
}

static void close_socket(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *stream = CONTAINER_OF((uv_poll_t *)handle, struct stream, poll);
    stream->owner->on_closed(stream);
}

void stream_close(struct stream *stream)
{
    uv_close((uv_handle_t *)&stream->poll, on_closed);
    close_socket(stream);
}

bool stream_is_closed(const struct stream *stream)
{
    return uv_is_closing((const uv_handle_t *)&stream->poll) != 0;
}

void stream_fini(struct stream *stream)
{
    if (stream->owner == NULL)
        return;
    close_socket(stream);
    mem_free(stream->rest);
    stream->rest = NULL;
}
