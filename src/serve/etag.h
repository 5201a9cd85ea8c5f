// SPDX-License-Identifier: Apache-2.0
// Entity tags (RFC 9110 section 8.8.3). Pure functions, any thread.
#ifndef RECKONER_SERVE_ETAG_H
#define RECKONER_SERVE_ETAG_H

#include <stdbool.h>

#include "base/span.h"

// Whether the value of If-None-Match (RFC 9110 section 13.1.2) names the entity tag `etag`, with its quotes:
// "*" names every one, and weak ones are compared as strong ones are. What is behind a fault in the list
// does not count.
bool etag_is_listed(struct span list, struct span etag);

#endif
