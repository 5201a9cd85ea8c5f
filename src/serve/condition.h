// SPDX-License-Identifier: Apache-2.0
// Preconditions of a request (RFC 9110 section 13): If-Match, If-None-Match and If-Unmodified-Since. Nothing
// that is served has a time of modification, so If-Modified-Since is passed over, as section 13.1.3 says.
// Pure functions, any thread.
#ifndef RECKONER_SERVE_CONDITION_H
#define RECKONER_SERVE_CONDITION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "http/message.h"

struct condition {
    struct span match;      // the lists of all If-Match fields as one; at NULL: there is none
    struct span none_match; // the same of If-None-Match
    bool unmodified_since;  // If-Unmodified-Since has come
};

// Reads a head's preconditions into `arena`; `*ret_condition`, which is zeroed, stays so without any.
// ERR_MALFORMED: one is no list of entity tags; ERR_NO_MEMORY.
MUST_CHECK enum err_code condition_read(
    const struct http_request *head, struct arena *arena, struct condition *ret_condition, struct err *err);

// What becomes of a GET or HEAD whose answer is a 2xx, in the order of section 13.2.2: 0, it is sent; 304 or
// 412. `etag` is the answer's strong tag with its quotes; at NULL: it has none, so that only "*" names it.
int condition_status(const struct condition *condition, struct span etag);

// The name of a field that a write has to be refused for, as there is nothing to compare with; NULL: it came
// without. A write that its client wants done only in some case is never done regardless (section 13.1.4
// would pass over If-Unmodified-Since where there is no time: that is for who does not mind).
const char *condition_of_write(const struct condition *condition);

#endif
