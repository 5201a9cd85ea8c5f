// SPDX-License-Identifier: Apache-2.0
// An issuer's public keys, of a JWKS document (RFC 7517): RSA of 2048 to 8192 bits, EC on P-256, and
// Ed25519 (RFC 8037). Immutable and counted, as who fetches them exchanges them while tokens are verified.
//
// Neither of Debian 12's libraries for this does all of it: libjwt 1.10 knows no JWKS and no EdDSA,
// libcjose 0.6 no EdDSA, and both trust the header of a token with more than is wanted here. So the JSON is
// text/'s, and OpenSSL's EVP makes the keys and verifies by them.
#ifndef RECKONER_ACCESS_JWK_H
#define RECKONER_ACCESS_JWK_H

#include <stdbool.h>
#include <stddef.h>

#include "app/issuer.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct jwks; // a set of keys
struct jwk;  // a key of it, which lives as long

// Reads a document of at most LIMIT_JWKS_BYTES. Keys that are of no use are left out, as the RFC has it: of
// another kind, for another use, without `kid`, too weak, broken, private. The caller owns a reference.
// ERR_MALFORMED for what is no JWKS; ERR_INVALID when none of its keys is of use, and why the last one is
// not; ERR_NO_MEMORY.
MUST_CHECK enum err_code jwks_read(struct span document, struct jwks **ret_keys, struct err *err);

// One more reference; returns keys. Any thread.
struct jwks *jwks_ref(struct jwks *keys);

// Drops a reference; the last one frees. NULL is fine. Any thread.
void jwks_unref(struct jwks *keys);

// How many keys there are.
size_t jwks_count(const struct jwks *keys);

// The key of that `kid` for that way to sign, or NULL. Whether the kid is there at all, for any, is
// *ret_knows_kid: if it is not, the keys may have been exchanged.
const struct jwk *jwks_find(
    const struct jwks *keys, struct span kid, enum token_algorithm algorithm, bool *ret_knows_kid);

// Whether the signature, as a JWS has it (RFC 7518 section 3, RFC 8037 section 3.1), is the key's for the
// text. Takes some 15 us with RSA of 2048 bits, 40 with P-256, 60 with Ed25519. Any thread.
MUST_CHECK bool jwk_verify(const struct jwk *key, struct span text, struct span signature);

#endif
