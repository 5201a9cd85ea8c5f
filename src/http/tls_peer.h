// SPDX-License-Identifier: Apache-2.0
// Who a client is by the certificate that it has shown, after one of our authorities has vouched for it.
// Immutable.
#ifndef RECKONER_HTTP_TLS_PEER_H
#define RECKONER_HTTP_TLS_PEER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum { TLS_PEER_NAME_BYTES = 256, TLS_PEER_DIGEST_BYTES = 32 };

struct tls_peer {
    struct span name;                            // in `text`; empty: it has none that can be used
    int64_t ends_s;                              // of the certificate, seconds since 1970
    unsigned char digest[TLS_PEER_DIGEST_BYTES]; // SHA-256 of the certificate
    char text[TLS_PEER_NAME_BYTES];
};

// Reads it off a connection whose handshake is done, *ret_peer is NULL where the client has shown none. The
// name is the first URI of the subject's alternative names, or else the subject's common name, which are
// texts without control characters, of less than TLS_PEER_NAME_BYTES. mem_free ends the peer. False when the
// certificate cannot be read, or there is no memory.
MUST_CHECK bool tls_peer_new(const SSL *ssl, struct tls_peer **ret_peer);

#endif
