// SPDX-License-Identifier: Apache-2.0
// Whose tokens (JWT, RFC 7519) an app takes: a section [jwt NAME] of app.ini. Immutable once the app is read.
#ifndef RECKONER_APP_ISSUER_H
#define RECKONER_APP_ISSUER_H

#include <stdbool.h>

#include "base/span.h"

// How a token is signed; bits. A key fits one of them only, so no token says how its key is used.
enum token_algorithm {
    TOKEN_RS256 = 1 << 0, // RSA with SHA-256, PKCS #1 v1.5 (RFC 7518 section 3.3)
    TOKEN_ES256 = 1 << 1, // ECDSA on P-256 with SHA-256 (section 3.4)
    TOKEN_EDDSA = 1 << 2, // Ed25519 (RFC 8037)
};

struct issuer {
    struct span name;     // of the section
    struct span issuer;   // what a token's `iss` has to be
    struct span audience; // what its `aud` has to be, or to hold
    struct span keys;     // its public keys (JWKS, RFC 7517): an https URL, or the path of a file
    bool is_url;          // they are at a URL
    unsigned algorithms;  // bits of enum token_algorithm that a token may be signed with
    struct span client;   // the claim that is the client's id: "sub"
    struct span scopes;   // the claim that has its scopes, as a text with blanks or an array: "scope"
    struct span plan;     // of app.ini, for all of its clients; empty: the app's standard one
};

#endif
