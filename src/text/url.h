// SPDX-License-Identifier: Apache-2.0
// Percent-encoding (RFC 3986 section 2.1) and the pairs of a query string or an
// application/x-www-form-urlencoded body. Pure functions, any thread.
#ifndef RECKONER_TEXT_URL_H
#define RECKONER_TEXT_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/span.h"

// Decodes %XX, and + to a blank where plus_is_space. The result is `text` itself when there is nothing to
// decode, else memory of `arena`; it is not checked for UTF-8 or NUL. False when a % is not followed by two
// hexadecimal digits, or the arena has no room.
MUST_CHECK bool url_decode(struct span text, bool plus_is_space, struct arena *arena, struct span *ret_text);

// Takes the next pair off the front of *rest: name=value, of a=b&c=d, both still encoded and borrowing *rest.
// Empty pairs are skipped; a value is empty where there is no =. False at the end.
MUST_CHECK bool url_next_pair(struct span *rest, struct span *ret_name, struct span *ret_value);

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
