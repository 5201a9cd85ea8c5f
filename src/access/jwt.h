// SPDX-License-Identifier: Apache-2.0
// A token: a JWT (RFC 7519) that its issuer has signed (JWS, RFC 7515, compact form), as RFC 8725 wants it
// checked. Nothing of a token counts before its signature does, but for which issuer and key it names; where
// keys are is said by app.ini alone, so `jku`, `jwk`, `x5u` and `x5c` are not looked at.
//
//     text ─ jwt_read ─ header, claims ─ whose `iss` is it? ─ jwt_judge ─ keys of that issuer ─ jwt_client
//
// Pure but for OpenSSL; any thread.
#ifndef RECKONER_ACCESS_JWT_H
#define RECKONER_ACCESS_JWT_H

#include <stdint.h>

#include "access/client.h"
#include "access/jwk.h"
#include "app/issuer.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "text/json_object.h"

enum { JWT_ARENA_BYTES = 256 * 1024 }; // of what jwt_read makes of a token

// A token that was read, and is not known to be anybody's.
struct jwt {
    enum token_algorithm algorithm;  // by its header
    struct span kid;                 // likewise; not empty
    struct span issuer;              // its `iss`; not empty
    struct span text;                // what is signed: header and claims, as they came
    struct span signature;           // its bytes
    const struct json_entry *claims; //
};

enum jwt_verdict {
    JWT_GOOD,
    JWT_EXPIRED,     // it was good until its `exp`
    JWT_BAD,         // it is not signed by the issuer, or not for this server, or not yet
    JWT_UNKNOWN_KEY, // the issuer has no key of that `kid`, as far as is known
};

// Reads a token of at most LIMIT_TOKEN_BYTES. All that *ret_jwt has is the arena's, or borrows the text.
// ERR_MALFORMED for what is none that this server takes, whoever signed it; ERR_NO_MEMORY. The text of err is
// for the log: it quotes nothing of the token but names.
MUST_CHECK enum err_code jwt_read(
    struct span text, struct arena *arena, struct jwt *ret_jwt, struct err *err);

// Judges a token whose `iss` is the issuer's, by its keys, at a moment of the wall clock. For all but
// JWT_GOOD err says why, as above.
MUST_CHECK enum jwt_verdict jwt_judge(const struct jwt *jwt, const struct issuer *issuer,
    const struct jwks *keys, int64_t now_s, struct err *err);

// Who asks by a good token, as the issuer's section of app.ini has it: copies in the arena, but for the plan
// and the name of the issuer, which it borrows from the app. The client's claims are those of the token that
// are texts, numbers or booleans of at most LIMIT_CLAIM_BYTES. ERR_INVALID when its id is missing, or begins
// as those of keys do, or it has too many scopes; ERR_NO_MEMORY.
MUST_CHECK enum err_code jwt_client(const struct jwt *jwt, const struct issuer *issuer, struct arena *arena,
    struct client *ret_client, struct err *err);

#endif
