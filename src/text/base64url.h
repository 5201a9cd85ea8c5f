// SPDX-License-Identifier: Apache-2.0
// Bytes as text that needs no escape in a URL: base64url without padding (RFC 4648 section 5). Pure
// functions, any thread.
#ifndef RECKONER_TEXT_BASE64URL_H
#define RECKONER_TEXT_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"

// Characters that `bytes` bytes become.
#define BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

// Writes BASE64URL_CHARS(bytes.len) characters, without a NUL, and returns how many these are.
size_t base64url_encode(struct span bytes, char *out);

// Reads the whole text into at most `max` bytes. False when it is not what base64url_encode writes: a
// character of no use, a length that cannot be, bits behind the last byte that are not 0; or when it is too
// long.
MUST_CHECK bool base64url_decode(struct span text, char *out, size_t max, size_t *ret_len);

#endif
