// SPDX-License-Identifier: Apache-2.0
// What TLS connections of one time have in common: certificate and key, whose certificates are taken from
// clients, versions and ciphers. Made of files, all of which are read and checked before; immutable and
// counted, so that another one may take its place while connections go on with the one that they began with.
#ifndef RECKONER_HTTP_TLS_CONTEXT_H
#define RECKONER_HTTP_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "http/tls_tickets.h"

// Whether clients show certificates of their own.
enum tls_client {
    TLS_CLIENT_NONE,     // they are not asked for any
    TLS_CLIENT_OPTIONAL, // who has one may show it; a wrong one ends the handshake
    TLS_CLIENT_REQUIRED, // who has none is not served
};

struct tls_options {
    const char *cert;       // a PEM file: the server's certificate, and those up to its authority behind it
    const char *key;        // a PEM file: its key, not encrypted
    const char *client_ca;  // a PEM file: the authorities of clients' certificates; NULL: none
    const char *client_crl; // a PEM file: certificates that they have revoked; NULL: none
    enum tls_client client; // without client_ca NONE
    bool is_13_only;        // TLS 1.2 is not spoken
};

struct tls_context {
    atomic_size_t refs;          //
    SSL_CTX *ssl;                // owned
    BIO_METHOD *method;          // of its connections' pipes; owned
    struct tls_tickets *tickets; // a reference
    int64_t begins_s, ends_s;    // of the certificate, seconds since 1970
    // When the first of the authorities of clients, or of their lists, ends; likewise; INT64_MAX: never.
    // Sessions do not go on from then on, so that each client is judged anew.
    int64_t clients_end_s;
};

// Reads and checks the files. The tickets' keys are those of `former`, the context that it takes the place
// of, or new ones if that is NULL. ERR_CONFIG: something about a file is wrong; ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code tls_context_new(const struct tls_options *options, const struct tls_context *former,
    struct tls_context **ret_context, struct err *err);

// One more reference, and the end of one; the last one frees. NULL is fine. Any thread.
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

// What the operator should know of a certificate that is fine otherwise: that it has ended, has not begun, or
// ends within LIMIT_TLS_EXPIRY_DAYS. False: nothing. `ret_text` is a whole message.
MUST_CHECK bool tls_context_warning(
    const struct tls_context *context, int64_t now_s, char *ret_text, size_t text_bytes);

#endif
