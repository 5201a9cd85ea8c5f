// SPDX-License-Identifier: Apache-2.0
// An issuer for tests: key pairs that OpenSSL makes, their JWKs, and tokens that they sign.
#ifndef RECKONER_TEST_TOKEN_FIXTURE_H
#define RECKONER_TEST_TOKEN_FIXTURE_H

#include <openssl/evp.h>

#include "app/issuer.h"
#include "base/buf.h"

// Pairs as "RS256", "ES256" and "EdDSA" want them; of RSA with so many bits. The caller owns it.
EVP_PKEY *fixture_key(const char *alg, unsigned rsa_bits);

// Appends the public JWK of the pair; `more` is members with a comma in front.
void fixture_jwk(const EVP_PKEY *key, const char *kid, const char *more, struct buf *out);

// Appends header.claims.signature; `key` NULL: with no signature. Of ES256 with `is_der` the signature is
// what OpenSSL makes, and not what a JWS has.
void fixture_sign(const char *header, const char *claims, EVP_PKEY *key, bool is_der, struct buf *out);

// Appends base64url of the bytes.
void fixture_base64url(struct span bytes, struct buf *out);

#endif
