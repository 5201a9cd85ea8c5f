// SPDX-License-Identifier: Apache-2.0
// The only file that touches a client's socket once it is accepted. A write goes to the socket at once:
// nearly always the socket takes all of it, and nothing has to be kept. What it does not take is left to
// libuv, one write at a time. Leaves to its owner what the bytes mean and how long a client may take.
// The loop's thread.
#include "http/stream.h"

#include <assert.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct stream *stream_of(uv_stream_t *tcp)
{
    return CONTAINER_OF(tcp, struct stream, tcp);
}

// The socket; -1 when it is closed.
static int socket_of(const struct stream *stream)
{
    uv_os_fd_t fd;
    return uv_fileno((const uv_handle_t *)&stream->tcp, &fd) == 0 ? fd : -1;
}

bool stream_open(struct stream *stream, struct loop *loop, int fd, const struct stream_owner *owner)
{
    stream->owner = owner;
    uv_tcp_init(loop_uv(loop), &stream->tcp); // makes no socket, and cannot fail
    if (uv_tcp_open(&stream->tcp, fd) == 0)
        return true;
    close(fd);
    return false;
}

// --- reading

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct stream *stream = stream_of((uv_stream_t *)handle);
    *buf = stream->owner->room(stream);
}

// poll(2): POLLHUP is for both directions, POLLRDHUP for the client's own. A connection that was reset has
// both, also while bytes that came before wait to be read; libuv would call that an end.
enum stream_client stream_client(const struct stream *stream)
{
    struct pollfd socket = {.fd = socket_of(stream), .events = POLLRDHUP};
    if (socket.fd < 0)
        return STREAM_CLIENT_GONE;
    if (poll(&socket, 1, 0) <= 0)
        return STREAM_CLIENT_THERE;
    return (socket.revents & (POLLHUP | POLLERR)) != 0 ? STREAM_CLIENT_GONE : STREAM_CLIENT_ENDED;
}

static void on_read(uv_stream_t *tcp, ssize_t len, const uv_buf_t *buf)
{
    struct stream *stream = stream_of(tcp);
    if (len > 0) {
        stream->owner->on_bytes(stream, (struct span){.at = buf->base, .len = (size_t)len});
    } else if (len < 0) {
        stream_stop_reading(stream);
        stream->owner->on_end(stream, len != UV_EOF || stream_client(stream) == STREAM_CLIENT_GONE);
    }
}

bool stream_start_reading(struct stream *stream)
{
    if (!stream->is_reading)
        stream->is_reading = uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_read) == 0;
    return stream->is_reading;
}

void stream_stop_reading(struct stream *stream)
{
    if (stream->is_reading)
        uv_read_stop((uv_stream_t *)&stream->tcp);
    stream->is_reading = false;
}

bool stream_has_bytes(struct stream *stream)
{
    char byte;
    int fd = socket_of(stream);
    return fd >= 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// --- writing

static void on_rest_written(uv_write_t *rest, int status)
{
    struct stream *stream = stream_of(rest->handle);
    if (stream_is_closed(stream))
        return;
    if (status == 0)
        stream->is_writing = false;
    stream->owner->on_written(stream, status != 0);
}

// Leaves to libuv what is behind the first `written` bytes of the parts; there are more bytes than that.
static enum stream_written write_rest(
    struct stream *stream, uv_buf_t *parts, unsigned part_count, size_t written)
{
    for (; written >= parts->len; parts++, part_count--)
        written -= parts->len;
    parts->base += written;
    parts->len -= written;
    stream->is_writing = true;
    if (uv_write(&stream->rest, (uv_stream_t *)&stream->tcp, parts, part_count, on_rest_written) != 0)
        return STREAM_BROKEN;
    return STREAM_WRITING;
}

enum stream_written stream_write(struct stream *stream, uv_buf_t *parts, unsigned part_count)
{
    assert(!stream->is_writing);
    size_t bytes = 0;
    for (unsigned i = 0; i < part_count; i++)
        bytes += parts[i].len;
    stream->given_bytes += bytes;
    int written = uv_try_write((uv_stream_t *)&stream->tcp, parts, part_count);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0)
        return STREAM_BROKEN;
    stream->unsent_bytes = bytes - (size_t)written;
    if (stream->unsent_bytes == 0)
        return STREAM_WRITTEN;
    return write_rest(stream, parts, part_count, (size_t)written);
}

size_t stream_unsent(struct stream *stream)
{
    if (!stream->is_writing)
        return 0;
    size_t unsent = uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
    if (unsent > 0)
        stream->unsent_bytes = unsent;
    return stream->unsent_bytes;
}

// What the socket has taken is not the client's yet: it has room for megabytes, and asks for more in steps
// that slow clients need minutes for.
uint64_t stream_taken(struct stream *stream)
{
    int on_the_way = 0;
    ioctl(socket_of(stream), TIOCOUTQ, &on_the_way); // tcp(7): SIOCOUTQ, the same; 0 is fine if it fails
    return stream->given_bytes - stream_unsent(stream) - (uint64_t)on_the_way;
}

// --- the end

bool stream_shut(struct stream *stream)
{
    int fd = socket_of(stream);
    return fd >= 0 && shutdown(fd, SHUT_WR) == 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *stream = stream_of((uv_stream_t *)handle);
    stream->owner->on_closed(stream);
}

void stream_close(struct stream *stream)
{
    uv_close((uv_handle_t *)&stream->tcp, on_closed);
}

bool stream_is_closed(const struct stream *stream)
{
    return uv_is_closing((const uv_handle_t *)&stream->tcp) != 0;
}
