// SPDX-License-Identifier: Apache-2.0
// The part of the door that is for tokens (JWT): a client that the lease knows already, or one whose
// signature is verified. That takes some 15 to 60 us of the loop (jwk.h), about what a cheap read does,
// once for each token and lease; a thread of a pool would cost the same processor time, and two changes of
// threads.
#ifndef RECKONER_SERVE_DOOR_TOKEN_H
#define RECKONER_SERVE_DOOR_TOKEN_H

#include <stdbool.h>

#include "serve/door.h"

// Whether a text is meant as a token of that app: it takes tokens, and no key has a dot.
bool door_token_is_meant(const struct app *app, struct span text);

// DOOR_CLIENT with *ret_client, which lives as long as the lease; or DOOR_BAD_TOKEN, DOOR_ENDED_TOKEN,
// DOOR_UNKNOWN_SIGNER or DOOR_NO_ISSUER, with why in err, for the log.
enum door_verdict door_token_judge(
    const struct door *door, struct span text, struct client **ret_client, struct err *err);

// The issuer that a token names, whoever signed it; NULL: it is none of the app's.
const struct issuer *door_token_issuer(const struct app *app, struct span text);

#endif
