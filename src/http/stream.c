// SPDX-License-Identifier: Apache-2.0
// What a plain stream does by itself; of one with TLS it hands on what is asked to tls_stream.c. libuv tells
// when there is something to be read; the bytes go by recv(2) and send(2), which are cheaper than the calls
// that libuv makes. A write goes to the socket at once: nearly always the socket takes all of it, and nothing
// has to be kept. What it does not take is left to libuv, one write at a time. Leaves to its owner what the
// bytes mean, how long a client may take, and what comes before the first byte of the stream (has_preface).
// The loop's thread.
#include "http/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/stream_socket.h"
#include "http/tls_stream.h"

enum { SMALL_BYTES = 4096 }; // copying that much costs less than handing its parts to the system one by one

bool stream_open(
    struct stream *stream, struct loop *loop, int fd, const struct stream_owner *owner, struct tls *tls)
{
    stream->owner = owner;
    stream->fd = fd;
    uv_tcp_init(loop_uv(loop), &stream->tcp); // makes no socket, and cannot fail
    if (uv_tcp_open(&stream->tcp, fd) != 0) {
        close(fd);
        stream->fd = -1;
        return false;
    }
    if (tls != NULL)
        stream->tls = tls_stream_new(stream, loop, tls);
    return (stream->tls != NULL) == (tls != NULL);
}

// --- reading

// One read; true when it has filled its room, so that there may be more.
static bool read_once(struct stream *stream)
{
    uv_buf_t room = stream->owner->room(stream);
    ssize_t len = recv(stream->fd, room.base, room.len, 0);
    if (len > 0) {
        stream->owner->on_bytes(stream, (struct span){.at = room.base, .len = (size_t)len});
        return (size_t)len == room.len;
    }
    bool is_broken = len < 0;
    if (is_broken && (errno == EAGAIN || errno == EINTR))
        return false;
    stream_stop_reading(stream);
    stream->owner->on_end(stream, is_broken || stream_client(stream) == STREAM_CLIENT_GONE);
    return false;
}

static void on_readable(uv_stream_t *tcp, ssize_t no_room, const uv_buf_t *buf)
{
    (void)no_room;
    (void)buf;
    struct stream *stream = stream_of_tcp(tcp);
    if (stream->has_preface && !stream->owner->on_preface(stream))
        return;
    for (int i = 0; i < STREAM_MAX_READS && stream->is_reading && !stream_is_closed(stream); i++) {
        if (!read_once(stream))
            break;
    }
}

bool stream_start_reading(struct stream *stream)
{
    if (stream->tls != NULL)
        return tls_stream_start_reading(stream);
    if (!stream->is_reading)
        stream->is_reading = stream_watch(stream, on_readable);
    return stream->is_reading;
}

void stream_stop_reading(struct stream *stream)
{
    if (stream->tls != NULL) {
        tls_stream_stop_reading(stream);
        return;
    }
    if (stream->is_reading)
        stream_unwatch(stream);
    stream->is_reading = false;
}

bool stream_has_bytes(const struct stream *stream)
{
    char byte;
    if (stream->fd >= 0 && stream->tls != NULL)
        return tls_stream_has_bytes(stream);
    return stream->fd >= 0 && recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// --- writing

static void on_rest_written(uv_write_t *rest, int status)
{
    struct stream *stream = stream_of_tcp(rest->handle);
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

// The result of send(2). Small parts are copied into one, since the calls for many parts cost more.
static ssize_t send_parts(int fd, uv_buf_t *parts, unsigned part_count, size_t bytes)
{
    if (part_count == 1)
        return send(fd, parts->base, parts->len, MSG_NOSIGNAL);
    if (bytes > SMALL_BYTES) { // uv_buf_t is laid out as struct iovec, says libuv
        struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = part_count};
        return sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    char small[SMALL_BYTES];
    size_t len = 0;
    for (unsigned i = 0; i < part_count; i++) {
        memcpy(small + len, parts[i].base, parts[i].len);
        len += parts[i].len;
    }
    return send(fd, small, len, MSG_NOSIGNAL);
}

enum stream_written stream_write(struct stream *stream, uv_buf_t *parts, unsigned part_count)
{
    assert(!stream->is_writing);
    if (stream->tls != NULL)
        return tls_stream_write(stream, parts, part_count);
    size_t bytes = 0;
    for (unsigned i = 0; i < part_count; i++)
        bytes += parts[i].len;
    stream->given_bytes += bytes;
    ssize_t written = send_parts(stream->fd, parts, part_count, bytes);
    if (written < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        return STREAM_BROKEN;
    size_t taken = written > 0 ? (size_t)written : 0;
    stream->unsent_bytes = bytes - taken;
    if (stream->unsent_bytes == 0)
        return STREAM_WRITTEN;
    return write_rest(stream, parts, part_count, taken);
}

size_t stream_unsent(struct stream *stream)
{
    if (!stream->is_writing)
        return 0;
    if (stream->tls != NULL)
        return tls_stream_unsent(stream);
    size_t unsent = uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
    if (unsent > 0)
        stream->unsent_bytes = unsent;
    return stream->unsent_bytes;
}

uint64_t stream_taken(struct stream *stream)
{
    if (stream->tls != NULL)
        return tls_stream_taken(stream);
    return stream_acknowledged(stream, stream->given_bytes - stream_unsent(stream));
}

// --- the end

bool stream_shut(struct stream *stream)
{
    if (stream->fd >= 0 && stream->tls != NULL)
        return tls_stream_shut(stream);
    return stream->fd >= 0 && shutdown(stream->fd, SHUT_WR) == 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *stream = stream_of_tcp((uv_stream_t *)handle);
    stream->owner->on_closed(stream);
}

void stream_close(struct stream *stream)
{
    if (stream->tls != NULL)
        tls_stream_close(stream);
    else
        uv_close((uv_handle_t *)&stream->tcp, on_closed);
    stream->fd = -1;
}

void stream_fini(struct stream *stream)
{
    tls_stream_free(stream->tls);
    stream->tls = NULL;
}

// --- who

const struct tls_peer *stream_peer(const struct stream *stream)
{
    return stream->tls != NULL ? tls_stream_peer(stream) : NULL;
}
