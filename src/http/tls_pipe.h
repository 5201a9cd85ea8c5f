// SPDX-License-Identifier: Apache-2.0
// Between OpenSSL and a socket: where a connection's records come from and go to. OpenSSL sees it as a BIO
// (bio(7ssl)) that never waits. What OpenSSL writes is gathered in `out`, whoever calls it; what it reads is
// first what lies in `in`, and then, where that is allowed, what the socket has. One thread at a time.
#ifndef RECKONER_HTTP_TLS_PIPE_H
#define RECKONER_HTTP_TLS_PIPE_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"

struct tls_pipe {
    int fd;          // the socket, borrowed; -1: it is not to be read here
    bool is_drained; // the socket had no more when it was last read, or it has been read enough for now
    int left_reads;  // of the socket in this turn: records that bring no data, such as key updates, have no
                     // end inside OpenSSL
    bool is_ended;   // the client sends no more
    bool is_broken;  // the socket has failed
    struct buf in;   // bytes that were read before, from in_at on
    size_t in_at;    //
    struct buf out;  // records that wait to be sent
};

// What all pipes have in common, for OpenSSL; NULL without memory. BIO_meth_free ends it, after all pipes.
MUST_CHECK BIO_METHOD *tls_pipe_method_new(void);

// Empty, and without a socket.
void tls_pipe_init(struct tls_pipe *pipe);

// The pipe as OpenSSL has it; NULL without memory. It is in use until BIO_free, or SSL_free of its owner.
MUST_CHECK BIO *tls_pipe_bio(struct tls_pipe *pipe, const BIO_METHOD *method);

void tls_pipe_fini(struct tls_pipe *pipe);

#endif
