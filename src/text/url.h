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

#endif
