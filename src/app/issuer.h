// SPDX-License-Identifier: Apache-2.0
// Whose tokens (JWT, RFC 7519) an app takes, as a section of app.ini says it:
//
//     [jwt acme]
//     issuer = https://login.acme.example
//     audience = https://api.acme.example
//     keys = https://login.acme.example/.well-known/jwks.json
//
// Immutable once the app is read.
#ifndef RECKONER_APP_ISSUER_H
#define RECKONER_APP_ISSUER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

// How a token is signed; bits. A key fits one of them only, so no token says how its key is used.
enum token_algorithm {
    TOKEN_RS256 = 1 << 0, // RSA with SHA-256, PKCS #1 v1.5 (RFC 7518 section 3.3)
    TOKEN_ES256 = 1 << 1, // ECDSA on P-256 with SHA-256 (section 3.4)
    TOKEN_EDDSA = 1 << 2, // Ed25519 (RFC 8037)
};

// All of them, for messages.
#define TOKEN_ALGORITHM_NAMES "RS256, ES256 and EdDSA"

// The name of one as tokens, keys and app.ini have it, and the one of that name; false: there is none.
const char *token_algorithm_name(enum token_algorithm algorithm);
bool token_algorithm_from_name(struct span name, enum token_algorithm *ret_algorithm);

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
    uint32_t line;        // of its first line in app.ini
};

// Reads a line of a section into `issuer`, which is zeroed at first but for name and line. Texts are
// borrowed; a file of keys is one of the app's, as it is written. ERR_CONFIG with what is wrong and how it is
// written.
MUST_CHECK enum err_code issuer_read_line(
    struct issuer *issuer, struct span key, struct span value, struct err *err);

// Behind the last line: fills in what none has said, and has the path of a file begin with `dir`, the app's
// folder. ERR_CONFIG where something is missing; ERR_NO_MEMORY.
MUST_CHECK enum err_code issuer_finish(
    struct issuer *issuer, struct span dir, struct arena *arena, struct err *err);

#endif
