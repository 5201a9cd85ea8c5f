// SPDX-License-Identifier: Apache-2.0
// TLS on one connection: what has come as records goes through here to data, and data to records, by its
// pipe. It knows the socket only as what the pipe reads. One thread at a time: that of a handshake's step, or
// the connection's loop.
#ifndef RECKONER_HTTP_TLS_LINK_H
#define RECKONER_HTTP_TLS_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "http/tls_context.h"
#include "http/tls_peer.h"
#include "http/tls_pipe.h"

struct tls_link {
    struct tls_context *context; // a reference
    SSL *ssl;                    // owned; NULL before the first step
    struct tls_pipe pipe;        //
    struct tls_peer *peer;       // owned; of the client's certificate; NULL: it has shown none
};

// How far a handshake is.
enum tls_step {
    TLS_STEP_MORE,   // it goes on when more has come
    TLS_STEP_DONE,   // data may go both ways
    TLS_STEP_FAILED, // it is over; the pipe may have words for the client
};

// What a read found.
enum tls_read {
    TLS_READ_DATA,    //
    TLS_READ_NOTHING, // nothing more is here now
    TLS_READ_END,     // the client sends no more
    TLS_READ_BROKEN,  // it has sent what is no TLS, or the socket has failed
};

// Before its handshake. `context` is a reference, which is taken.
void tls_link_init(struct tls_link *link, struct tls_context *context);

// Works on what is in the pipe. Takes milliseconds where there is something to be signed.
MUST_CHECK enum tls_step tls_link_step(struct tls_link *link);

// Whether a handshake that is done went on with an earlier session.
bool tls_link_is_resumed(const struct tls_link *link);

// Data that has come, as much as the room takes or less.
MUST_CHECK enum tls_read tls_link_read(struct tls_link *link, char *room, size_t len, size_t *ret_len);

// Whether a read may find something before the socket has more.
bool tls_link_has_bytes(const struct tls_link *link);

// Puts a record with these bytes into the pipe, LIMIT_TLS_RECORD_BYTES at most and one at least. False: the
// connection cannot go on.
MUST_CHECK bool tls_link_write(struct tls_link *link, const char *bytes, size_t len);

// Puts our word that we send no more into the pipe. False where there is none to be given.
MUST_CHECK bool tls_link_shut(struct tls_link *link);

// A zeroed one is fine.
void tls_link_fini(struct tls_link *link);

#endif
