// SPDX-License-Identifier: Apache-2.0
// What plain streams and those with TLS ask of a client's socket and of its handle in libuv alike. For
// stream.c and the files of TLS; of others only for who wants to know of the client's system. On the thread
// of its loop.
#ifndef RECKONER_HTTP_STREAM_SOCKET_H
#define RECKONER_HTTP_STREAM_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "http/stream.h"

enum { STREAM_MAX_READS = 8 }; // of one stream before others have their turn

// What the client's system has told of its side, as far as that can be known without reading.
enum stream_client {
    STREAM_CLIENT_THERE, //
    STREAM_CLIENT_ENDED, // it sends no more behind what may still wait to be read
    STREAM_CLIENT_GONE,  // it takes no more either
};

// A system call; for a stream that is not read, as the loop does not watch that one.
enum stream_client stream_client(const struct stream *stream);

// Whether it is closed or being closed; also true when the loop has ended and closed it by itself.
bool stream_is_closed(const struct stream *stream);

// The stream of such a handle.
static inline struct stream *stream_of_tcp(uv_stream_t *tcp)
{
    return CONTAINER_OF(tcp, struct stream, tcp);
}

// Has libuv call on_readable, with nothing read, while something is there to be read; false when it cannot.
// stream_unwatch ends that, and is fine without it.
MUST_CHECK bool stream_watch(struct stream *stream, uv_read_cb on_readable);
void stream_unwatch(struct stream *stream);

// Of `sent` bytes that the socket has taken since the beginning, those that the client's system has
// acknowledged.
uint64_t stream_acknowledged(const struct stream *stream, uint64_t sent);

#endif
