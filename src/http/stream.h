// SPDX-License-Identifier: Apache-2.0
// A client's socket as a stream of bytes: all that connections need of it. It is plain, and then nothing is
// copied on the way, or has TLS (tls_stream.h), of which callers need not know. On the thread of its loop.
#ifndef RECKONER_HTTP_STREAM_H
#define RECKONER_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/span.h"
#include "net/loop.h"

struct stream;
struct tls;
struct tls_peer;
struct tls_stream;

// What a stream calls. All calls come from the loop, never from inside a function of this header.
struct stream_owner {
    // Where the bytes of the next read go; asked right before it.
    uv_buf_t (*room)(struct stream *stream);

    // Bytes have come; they lie in that room.
    void (*on_bytes)(struct stream *stream, struct span bytes);

    // The client sends no more, and reading has stopped. `is_broken`: it takes no more either.
    void (*on_end)(struct stream *stream, bool is_broken);

    // What stream_write left to the loop is written, or the stream is broken.
    void (*on_written)(struct stream *stream, bool is_broken);

    // Something has come, or the end, while stream->has_preface: takes bytes off the socket that belong to
    // nobody above, and ends that by clearing the flag. False when it has taken all that was there, or has
    // closed the stream. NULL: no stream of the owner has a preface.
    bool (*on_preface)(struct stream *stream);

    // stream_close is done: the loop has let go of the stream, which may be freed.
    void (*on_closed)(struct stream *stream);
};

struct stream {
    uv_tcp_t tcp;                     // open from stream_open to on_closed
    uv_write_t rest;                  // what the socket did not take of the last stream_write
    const struct stream_owner *owner; // borrowed; fixed
    int fd;                           // the socket, `tcp` owns it; -1 when it is closed
    bool is_reading;                  // the loop reads
    bool has_preface;                 // first come bytes that the owner takes off the socket by itself
    bool is_writing;                  // `rest` is under way; stream_write must not be called
    uint64_t given_bytes;             // to stream_write, since the beginning
    size_t unsent_bytes;              // of `rest`, when last looked at
    struct tls_stream *tls;           // owned; NULL: it is plain
};

// How stream_write ended.
enum stream_written {
    STREAM_WRITTEN, // the socket took all
    STREAM_WRITING, // the loop writes what is left: on_written follows, unless stream_close comes first
    STREAM_BROKEN,  // the client takes no more
};

// Takes the socket `fd`, which does not block and is not read yet; `tls` is borrowed, NULL for a plain
// stream. On false the stream cannot be used; in both cases it has to be closed before it may be freed
// (stream_fini).
MUST_CHECK bool stream_open(
    struct stream *stream, struct loop *loop, int fd, const struct stream_owner *owner, struct tls *tls);

// Starts reading; false when the loop cannot. Fine when it reads already.
MUST_CHECK bool stream_start_reading(struct stream *stream);

// No on_bytes or on_end comes before the next start. Fine when it does not read.
void stream_stop_reading(struct stream *stream);

// Whether bytes have come that are not read yet.
bool stream_has_bytes(const struct stream *stream);

// The certificate that its client has shown; NULL: none.
const struct tls_peer *stream_peer(const struct stream *stream);

// Writes the parts, from where they are, in one system call if it is plain. They have to stay there until all
// is written or the stream is closed; the array `parts` itself is used up.
MUST_CHECK enum stream_written stream_write(struct stream *stream, uv_buf_t *parts, unsigned part_count);

// Bytes given to stream_write that the socket has not taken. Where a write has failed the loop does not know
// any more: then as many as when this was last asked. So call it while the write is under way, too.
size_t stream_unsent(struct stream *stream);

// Bytes that the client's system has acknowledged since the beginning, those of TLS itself with them.
uint64_t stream_taken(struct stream *stream);

// Ends our side: the client sees the end behind what is written. False when the stream is broken.
MUST_CHECK bool stream_shut(struct stream *stream);

// Closes the socket; the loop calls on_closed later, and nothing else. Once.
void stream_close(struct stream *stream);

// Frees what it has, after on_closed or loop_free. A zeroed one is fine.
void stream_fini(struct stream *stream);

#endif
