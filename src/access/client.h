// SPDX-License-Identifier: Apache-2.0
// A client: who asks, as a key, a token or a certificate says it. Immutable once its table is published, but
// for `used_s` and what hangs on `account`; so any thread may read it as long as whoever owns it lives
// (key_table.h).
#ifndef RECKONER_ACCESS_CLIENT_H
#define RECKONER_ACCESS_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "http/message.h"

struct account;

#define CLIENT_NEVER_ENDS INT64_MAX

enum client_kind {
    CLIENT_KEY,         // of `reckoner key`
    CLIENT_TOKEN,       // of an issuer in app.ini
    CLIENT_CERTIFICATE, // of the connection, by an authority of the server's options
};

// What a key or a token says of its client: "tenant", "acme".
struct claim_value {
    struct span name;
    struct span text;
};

struct client {
    enum client_kind kind;
    struct span id; // of a key "k_…", which stays through rotations; of a token what its claim says, of a
                    // certificate its name
    struct span issuer;         // of a token: its `iss`, the issuer's of app.ini; else empty
    uint32_t secret;            // of a key: which of its secrets was shown, from 1
    struct span label;          // for people; may be empty
    struct span *scopes;        // "GET /rates", or a name; see client_may
    size_t scope_count;         //
    struct claim_value *claims; // each name once
    size_t claim_count;         //
    struct span plan;           // of app.ini; empty: the app's standard one
    int64_t ends_s;             // seconds since 1970, from which on it is refused; CLIENT_NEVER_ENDS
    struct account
        *account; // a reference, the table's; NULL: none. The keeper sets it before the client is published
    _Atomic(int64_t) used_s; // client_use; 0: not since it was last taken (key_table_take_uses)
};

// Whether the client may ask an endpoint that is not open, by its method and its path as they are declared.
// `scope` is the name in its `@access scope NAME`, or empty.
//
// A scope with a blank names an endpoint. A client that has such scopes may ask those endpoints, whatever
// else they want, and no other one that only wants a key. An endpoint with a scope's name wants that name. A
// client without scopes may ask all endpoints that only want a key.
bool client_may(const struct client *client, enum http_method method, struct span path, struct span scope);

// The claim of that name, or NULL.
const struct span *client_claim(const struct client *client, struct span name);

// Notes that the client has asked. Any thread; it writes once a second at most.
static inline void client_use(struct client *client, int64_t now_s)
{
    if (atomic_load_explicit(&client->used_s, memory_order_relaxed) != now_s)
        atomic_store_explicit(&client->used_s, now_s, memory_order_relaxed);
}

#endif
