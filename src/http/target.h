// SPDX-License-Identifier: Apache-2.0
// The forms of a request target and of a host, RFC 9112 section 3.2. Pure functions, any thread.
#ifndef RECKONER_HTTP_TARGET_H
#define RECKONER_HTTP_TARGET_H

#include <stdbool.h>

#include "base/span.h"
#include "http/message.h"

struct http_target {
    bool asterisk;     // "*"
    struct span path;  // borrowed from the target; empty for "*", and where absolute-form has none
    struct span query; // without its "?"; empty when there is none
};

// Takes a target apart: origin-form; absolute-form with http or https; "*" for OPTIONS. Its bytes are
// HTTP_TARGET ones already. NULL, or what is wrong with it.
MUST_CHECK const char *http_target_split(
    struct span target, enum http_method method, struct http_target *ret_target);

// Whether `host` is a host with an optional port: a name or IPv4 address, or an IPv6 one in brackets. User
// information, blanks and an empty name are refused.
bool http_host_is_valid(struct span host);

#endif
