// SPDX-License-Identifier: Apache-2.0
// The part of a stream that is TLS, behind the functions of stream.h, which say what each of these does. A
// handshake comes first, without a word to the owner: what it may take is bounded by the deadline for the
// first head of a connection. On the loop's thread.
//
//     HELLO ─ its first record is whole ─► AWAY at a thread ─┬─ wants more ─► HANDSHAKE ─ more has come ─►
//     AWAY
//       └ what comes is no TLS ──────┐                       ├─ done ────────► OPEN
//                                    └► REFUSED ◄────────────┴─ failed
#ifndef RECKONER_HTTP_TLS_STREAM_H
#define RECKONER_HTTP_TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "http/stream.h"
#include "http/tls_peer.h"

struct tls;
struct tls_stream;

// For a stream whose `tcp` and `fd` are open. NULL without memory.
MUST_CHECK struct tls_stream *tls_stream_new(struct stream *stream, struct loop *loop, struct tls *tls);

MUST_CHECK bool tls_stream_start_reading(struct stream *stream);
void tls_stream_stop_reading(struct stream *stream);
bool tls_stream_has_bytes(const struct stream *stream);
MUST_CHECK enum stream_written tls_stream_write(struct stream *stream, uv_buf_t *parts, unsigned part_count);
size_t tls_stream_unsent(struct stream *stream);
uint64_t tls_stream_taken(struct stream *stream);
MUST_CHECK bool tls_stream_shut(struct stream *stream);
void tls_stream_close(struct stream *stream);

// The client's certificate, or NULL. Valid while the stream is.
const struct tls_peer *tls_stream_peer(const struct stream *stream);

// After the loop has let go of the stream, or is freed. NULL is fine.
void tls_stream_free(struct tls_stream *tls);

#endif
