// SPDX-License-Identifier: Apache-2.0
// Knows the socket and its handle, and not what goes over them: that is the stream's or of TLS. On the loop's
// thread.
#include "http/stream_socket.h"

#include <poll.h>
#include <sys/ioctl.h>

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

bool stream_is_closed(const struct stream *stream)
{
    return uv_is_closing((const uv_handle_t *)&stream->tcp) != 0;
}

// No room: so libuv reads nothing, and only says that something is there (uv_alloc_cb).
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = (uv_buf_t){0};
}

bool stream_watch(struct stream *stream, uv_read_cb on_readable)
{
    return uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_readable) == 0;
}

void stream_unwatch(struct stream *stream)
{
    uv_read_stop((uv_stream_t *)&stream->tcp);
}

// What the socket has taken is not the client's yet: it has room for megabytes, and asks for more in steps
// that slow clients need minutes for.
uint64_t stream_acknowledged(const struct stream *stream, uint64_t sent)
{
    int on_the_way = 0;
    ioctl(stream->fd, TIOCOUTQ, &on_the_way); // tcp(7): SIOCOUTQ, the same; 0 is fine if it fails
    return sent > (uint64_t)on_the_way ? sent - (uint64_t)on_the_way : 0; // a Unix socket counts overhead
}
