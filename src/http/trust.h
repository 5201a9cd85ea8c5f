// SPDX-License-Identifier: Apache-2.0
// Whom a server believes what they say of their clients: its proxies, by their addresses.
#ifndef RECKONER_HTTP_TRUST_H
#define RECKONER_HTTP_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/limits.h"
#include "http/address.h"

// A network in CIDR notation; that of an IPv4 address is in ::ffff:0:0/96.
struct network {
    struct in6_addr address; // its first one
    unsigned bits;           // of the address that all of its members have, up to 128
};

// Which field of a request names its client.
enum forwarded_field {
    FORWARDED_EITHER, // X-Forwarded-For; without such a field, Forwarded
    FORWARDED_FOR,    // X-Forwarded-For alone
    FORWARDED_RFC,    // Forwarded alone
};

// A zeroed one trusts nobody. Any thread.
struct trust {
    struct network networks[LIMIT_TRUSTED_NETWORKS]; //
    size_t count;                                    //
    bool has_unix;                                   // whoever comes by a Unix socket is one
    enum forwarded_field field;                      // that they write
};

// Whether there is anybody whom it trusts.
static inline bool trust_is_some(const struct trust *trust)
{
    return trust->count > 0 || trust->has_unix;
}

// Adds what `text` names: one or several of "10.0.0.0/8", "2001:db8::/32", "192.0.2.1" and "unix", with
// commas between them. ERR_CONFIG for anything else: then some may have been added.
MUST_CHECK enum err_code trust_add(struct trust *trust, const char *text, struct err *err);

// Whether the peer at that address is one of them.
bool trust_has(const struct trust *trust, const union address *address);

#endif
