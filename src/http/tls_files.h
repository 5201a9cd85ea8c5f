// SPDX-License-Identifier: Apache-2.0
// The files of a TLS context: reads and checks them, and says what is wrong in words for who wrote the
// configuration. They are read whole before OpenSSL sees them. On the main thread.
#ifndef RECKONER_HTTP_TLS_FILES_H
#define RECKONER_HTTP_TLS_FILES_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

// The server's certificate with its chain, and its key. ERR_CONFIG: a file cannot be read, is not PEM, the
// key is encrypted, or is another certificate's. ERR_NO_MEMORY.
MUST_CHECK enum err_code tls_files_pair(SSL_CTX *context, const char *cert, const char *key, struct err *err);

// The authorities whose certificates of clients count, whose names clients are told; `crl`: those that they
// have revoked, or NULL. *ret_digest is of what both files hold; *ret_end_s, seconds since 1970, is when the
// first of all authorities and lists ends, or INT64_MAX. Errors as above.
MUST_CHECK enum err_code tls_files_clients(SSL_CTX *context, const char *ca, const char *crl,
    unsigned char ret_digest[32], int64_t *ret_end_s, struct err *err);

// A certificate's time, as seconds since 1970.
int64_t tls_files_time(const ASN1_TIME *time);

#endif
