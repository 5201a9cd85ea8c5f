// SPDX-License-Identifier: Apache-2.0
// The part of the door that is for clients' certificates, which TLS has verified: who asks by one is known
// for as long as the lease is. On the request's loop.
#ifndef RECKONER_SERVE_DOOR_CERTIFICATE_H
#define RECKONER_SERVE_DOOR_CERTIFICATE_H

#include <stdbool.h>

#include "http/tls_peer.h"
#include "serve/door.h"

// Whether a certificate says who asks: it has a name that no key could have.
bool door_certificate_is_one(const struct tls_peer *certificate);

// DOOR_CLIENT with *ret_client, which lives as long as the lease; or DOOR_ENDED_CERTIFICATE; or
// DOOR_NO_ISSUER for want of memory.
enum door_verdict door_certificate_judge(
    const struct door *door, struct client **ret_client, struct err *err);

#endif
