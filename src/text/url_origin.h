// SPDX-License-Identifier: Apache-2.0
// The scheme, host and port of a URL that the server itself asks: of issuers' keys, and of receivers of
// hooks. Pure functions, any thread.
#ifndef RECKONER_TEXT_URL_ORIGIN_H
#define RECKONER_TEXT_URL_ORIGIN_H

#include <stdbool.h>

#include "base/span.h"

// Whether nobody on the way reads or changes what goes to the URL: https://HOST…, or http:// to 127.0.0.1.
bool url_is_private(struct span url);

// Whether it has no user's name, which some would take for the host, and nothing but printable ASCII.
bool url_is_plain(struct span url);

// Whether the origin of an https:// or http:// URL is written in the one way that url_origin can be compared
// by: a host in small letters without %XX or a dot at its end, and a port only where it is not the scheme's
// own (RFC 3986 section 6.2, RFC 9110 section 4.2.3). Nothing is said of two ways to write an address.
bool url_is_normal(struct span url);

// "https://example.org:8443" of "https://example.org:8443/in?x=1": what may be shown where the rest is a
// secret.
struct span url_origin(struct span url);

#endif
