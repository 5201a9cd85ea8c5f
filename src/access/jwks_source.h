// SPDX-License-Identifier: Apache-2.0
// Where the keys of issuers are, and what they are at the moment. A thread of its own reads a file anew when
// it has changed, and fetches a URL when what it had is LIMIT_JWKS_… old, so that neither a slow issuer holds
// up the keeper of keys, nor a request waits for one but by its own question.
//
//     file   looked at each LIMIT_JWKS_LOOK_MS ─ another one? ─► read
//     URL    its max-age is over, or a kid is not known and a minute has passed ─► fetched
//            away: the keys that were there stay for LIMIT_JWKS_STALE_S
//
// What is broken replaces nothing. A location that is followed stays so until the end.
#ifndef RECKONER_ACCESS_JWKS_SOURCE_H
#define RECKONER_ACCESS_JWKS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "access/jwk.h"
#include "access/keeper.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct jwks_sources;

// Starts the thread. `tell` is called on it when a location cannot be read that could be before, and with
// `err` NULL when it can be again; `ctx` is borrowed. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code jwks_sources_new(
    void (*tell)(void *ctx, struct span location, const struct err *err), void *ctx,
    struct jwks_sources **ret_sources, struct err *err);

// Ends the thread, within a second, and frees. NULL is fine.
void jwks_sources_free(struct jwks_sources *sources);

// Follows a location, a URL or the path of a file, and waits until it was read once. For a file that is not
// there or has no key of use, its error (ERR_CONFIG); a URL may be there later. It is followed all the same.
// ERR_NO_MEMORY. On a thread that may wait.
MUST_CHECK enum err_code jwks_sources_follow(
    struct jwks_sources *sources, struct span location, bool is_url, struct err *err);

// A reference to the keys of a location, which the caller owns; NULL: they are not known. Any thread.
MUST_CHECK struct jwks *jwks_sources_keys(struct jwks_sources *sources, struct span location);

// A number that is another one when keys of any location have changed, by one atomic load. Any thread.
uint64_t jwks_sources_number(const struct jwks_sources *sources);

// A token has a kid that the location's keys do not have. Has it fetched anew, unless that was tried within
// the last LIMIT_JWKS_AGAIN_S; question->on_round is called once, when it is done, or at once. Any thread.
void jwks_sources_ask(struct jwks_sources *sources, struct span location, struct keeper_question *question);

#endif
