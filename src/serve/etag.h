// SPDX-License-Identifier: Apache-2.0
// Entity tags (RFC 9110 section 8.8.3). Pure functions, any thread.
#ifndef RECKONER_SERVE_ETAG_H
#define RECKONER_SERVE_ETAG_H

#include <stdbool.h>

#include "base/span.h"

// How tags are compared (RFC 9110 section 8.8.3.2).
enum etag_comparison {
    ETAG_STRONG, // for If-Match: a weak one equals none
    ETAG_WEAK,   // for If-None-Match: weak ones are compared as strong ones are
};

// Whether the text is "*" or a list of entity tags, as If-Match and If-None-Match have it (RFC 9110 sections
// 13.1.1 and 13.1.2). A list may be empty.
bool etag_list_is_valid(struct span list);

// Whether such a list names `etag`, a strong one with its quotes. "*" names every one, and what has none (at
// NULL), too.
bool etag_is_listed(struct span list, struct span etag, enum etag_comparison comparison);

#endif
