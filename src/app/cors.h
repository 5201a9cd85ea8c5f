// SPDX-License-Identifier: Apache-2.0
// From which web pages of other sites browsers may use an app: what [cors] of app.ini says, in the terms of
// the Fetch standard (fetch.spec.whatwg.org, section 3.2). Immutable once read; any thread.
#ifndef RECKONER_APP_CORS_H
#define RECKONER_APP_CORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

// "https://a.example", or with a wildcard: "https://*.b.example". All texts are the app's.
struct cors_origin {
    struct span front; // all of it, or what stands before the *
    struct span back;  // what stands behind it
    bool is_wildcard;  // any names may stand between the two
};

struct cors {
    bool is_declared;            // else no answer of the app has any of this
    bool takes_all;              // origins = *
    bool takes_credentials;      // browsers may send cookies, and show answers to requests with them
    uint32_t max_age_s;          // for which a browser may go by what it was told of a path
    struct cors_origin *origins; // unless it takes all
    size_t origin_count;         //
    struct span headers;         // value of Access-Control-Allow-Headers
    struct span
        granted; // lines of an answer for an origin that may have it, behind Access-Control-Allow-Origin
    const char *for_all; // takes_all: all lines of each answer
};

// Whether pages of that origin may use the app; `origin` as browsers write it. False for an empty one.
bool cors_takes(const struct cors *cors, struct span origin);

#endif
