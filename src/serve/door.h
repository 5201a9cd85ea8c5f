// SPDX-License-Identifier: Apache-2.0
// Who may come in: from what a request shows to the client that it is of, or to the answer that refuses it.
//
//     head ─ credential ─┬─ none ── the connection's certificate, if it counts
//                        │          └ none: open endpoint: nobody ── else 401
//                        ├─ one: digest, key table of the lease ─┬─ found ─ may it? ─ the client, or 403
//                        │                                       └─ not found, or ended: 401
//                        └─ several: 400
//
// Where an app wants no keys, credentials mean nothing to it.
#ifndef RECKONER_SERVE_DOOR_H
#define RECKONER_SERVE_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "access/client.h"
#include "access/key_table.h"
#include "access/regulars.h"
#include "serve/credential.h"
#include "serve/request.h"

enum door_verdict {
    DOOR_NOBODY,            // may come in, and has not said who asks
    DOOR_CLIENT,            // may come in
    DOOR_SEVERAL,           // shows more than one credential
    DOOR_MISSING,           // shows none where one is needed
    DOOR_NOT_SOUND,         // shows a text that is no key, as its check sum tells
    DOOR_UNKNOWN,           // nobody has such a key
    DOOR_EXPIRED,           // the holder of a key whose time is over
    DOOR_REVOKED,           // the holder of a key that was revoked
    DOOR_BAD_TOKEN,         // shows a token that does not count here
    DOOR_ENDED_TOKEN,       // the holder of a token whose time is over
    DOOR_ENDED_CERTIFICATE, // its certificate has ended since the connection began
    DOOR_UNKNOWN_SIGNER,    // shows a token of a key that its issuer does not have, as far as is known
    DOOR_FORBIDDEN,         // a client that may not ask this endpoint
    DOOR_NOT_KNOWN,         // which keys there are is not known now
    DOOR_NO_ISSUER,         // the keys of the token's issuer are not known now
};

// What is to be known for a verdict.
struct door {
    const struct app *app;
    const struct endpoint *endpoint;    // of the app
    const struct key_table *keys;       // of the app; NULL: not known
    const struct key_ring *ring;        // that they are of; NULL with regulars NULL
    size_t service;                     // of the app; its number in the ring
    struct regulars *regulars;          // of the loop; NULL: it knows none
    struct token_table *tokens;         // of the lease; NULL: tokens do not count
    struct jwks_sources *sources;       // with it
    struct accounts *accounts;          // for clients of tokens; NULL: they need none
    int64_t now_s;                      // of the wall clock
    const struct tls_peer *certificate; // of the client, where the app takes it for a credential; NULL: none
};

// Judges a credential. *ret_client is set for DOOR_CLIENT only, and lives as long as the lease. err says why
// a token is refused; NULL is fine.
enum door_verdict door_judge(const struct door *door, const struct credential *credential,
    struct client **ret_client, struct err *err);

// The door to an endpoint of that app, by the keys that the loop's lease holds, now. On the loop.
struct door door_of(const struct context *context, struct loop *loop, const struct lease *lease,
    size_t service, const struct endpoint *endpoint);

// Whether a verdict may be another one when the keeper of keys was asked, or the issuer of a token: what is
// shown may be new.
bool door_may_be_new(enum door_verdict verdict);

// Whether a verdict lets the request in. Else sets the response that refuses it; or leaves it unset the first
// time that it is not known whose key it shows, as it may be a new one, or that no keys are, or whose a
// token is: the request is to come again when that was asked (keys_ask, jwks_sources_ask). Who guesses is
// slowed. On its loop.
MUST_CHECK bool door_settle(
    struct request *request, const struct http_exchange *exchange, enum door_verdict verdict);

// Lets a routed request in, with request->client set where somebody has said who asks; false as door_settle.
// Cuts a key out of request->query. On its loop.
MUST_CHECK bool door_let_in(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head);

#endif
