// SPDX-License-Identifier: Apache-2.0
// The way out of a TLS connection: what its owner writes becomes records, and these go to the socket; what
// OpenSSL has to say of its own goes out likewise. On the loop's thread.
#ifndef RECKONER_HTTP_TLS_OUTPUT_H
#define RECKONER_HTTP_TLS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "http/stream.h"
#include "http/tls_link.h"

struct tls_output {
    struct stream *stream; // borrowed
    struct tls_link *link; // borrowed
    void (*on_broken)(
        struct stream *stream); // nobody takes records any more, and the owner has no write under way

    // --- the owner's write under way, as far as it is no record yet
    uv_buf_t *parts;      // the caller's, and those kept once the write is left to the loop
    unsigned part_count;  //
    uv_buf_t *parts_kept; // owned
    size_t left_bytes;    // in them

    // --- records under way
    struct buf sending;  // what libuv writes
    bool is_sending;     // it does
    size_t data_bytes;   // of the owner's in the last record
    size_t lost_bytes;   // of them those that the socket did not take before it failed
    size_t queued_bytes; // of `sending`, when last looked at
    uint64_t wire_bytes; // given to the socket since the beginning
};

void tls_output_init(struct tls_output *output, struct stream *stream, struct tls_link *link,
    void (*on_broken)(struct stream *stream));

// As stream_write.
MUST_CHECK enum stream_written tls_output_write(
    struct tls_output *output, uv_buf_t *parts, unsigned part_count);

// Sends what is in the link's pipe. WRITING: the loop does, now or when it has done with what is before it.
MUST_CHECK enum stream_written tls_output_flush(struct tls_output *output);

// Whether all is with the socket.
bool tls_output_is_idle(const struct tls_output *output);

// Forgets what is no record yet.
void tls_output_abandon(struct tls_output *output);

// As stream_unsent and stream_taken; the latter in bytes of records.
size_t tls_output_unsent(struct tls_output *output);
uint64_t tls_output_taken(struct tls_output *output);

void tls_output_fini(struct tls_output *output);

#endif
