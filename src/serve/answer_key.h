// SPDX-License-Identifier: Apache-2.0
// What the answer to a request is kept under. Any thread.
#ifndef RECKONER_SERVE_ANSWER_KEY_H
#define RECKONER_SERVE_ANSWER_KEY_H

#include "serve/request.h"

// The key of the request's answer where clients want it in `coding`; the arena's. False without memory.
MUST_CHECK bool answer_key(struct request *request, enum coding coding, struct key *ret_key);

// Whether an answer of so many bytes, as it is, is the same in every coding: it is kept once then, as one in
// identity.
bool answer_has_one_coding(size_t bytes);

#endif
