// SPDX-License-Identifier: Apache-2.0
// What a request shows to say who asks: where it stands, and its text. Whose it is, is the door's to find
// out. Pure functions.
#ifndef RECKONER_SERVE_CREDENTIAL_H
#define RECKONER_SERVE_CREDENTIAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/span.h"
#include "http/message.h"

// A head may show one in each of these ways, of which one has to be enough.
struct credential {
    unsigned count;   // how many there are; with more than one, `text` is one of them
    bool is_in_query; // the one in `text` is
    struct span text; // borrows the head; may be empty
};

// Reads `Authorization: Bearer …` (RFC 6750 section 2.1), `X-API-Key: …`, and the query's parameter `name`,
// unless that is empty. Authorization of another scheme is somebody else's. Neither keys nor tokens have
// anything that a query has to encode, so the parameter is taken as it stands there.
struct credential credential_read(const struct http_request *head, struct span name);

// The same of the two fields alone, by what stands in them; at NULL: there is none.
struct credential credential_of_fields(struct span authorization, struct span api_key);

// The query without the parameters of that name, so that nothing behind the door sees them; memory of the
// arena. False when it is full.
MUST_CHECK bool credential_cut(
    struct span query, struct span name, struct arena *arena, struct span *ret_query);

// Overwrites what may be a secret in a target that is to be logged, by asterisks: whatever looks like a key,
// and the values of the parameter `name`, unless that is empty.
void credential_mask(char *target, size_t len, struct span name);

#endif
