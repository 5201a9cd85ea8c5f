// SPDX-License-Identifier: Apache-2.0
// The keys that session tickets are sealed with: what a client brings to go on with a session without a new
// handshake. They stay when certificates are exchanged, and change with time, so that a key that is read out
// of the process opens no old recordings of TLS 1.2. They die with the process. Any thread.
#ifndef RECKONER_HTTP_TLS_TICKETS_H
#define RECKONER_HTTP_TLS_TICKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

struct tls_tickets;

// ERR_NO_MEMORY; ERR_IO: no random bytes.
MUST_CHECK enum err_code tls_tickets_new(struct tls_tickets **ret_tickets, struct err *err);

// One more reference, and the end of one; the last one frees. NULL is fine.
struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets);
void tls_tickets_unref(struct tls_tickets *tickets);

// Has a context seal and open its tickets with these keys. It borrows them.
MUST_CHECK bool tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context);

// Puts a new key in front now, and drops the oldest one: what time does by itself. False without random
// bytes.
MUST_CHECK bool tls_tickets_turn(struct tls_tickets *tickets);

#endif
