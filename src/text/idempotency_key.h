// SPDX-License-Identifier: Apache-2.0
// The value of the field Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07, section 2.1): a
// string of RFC 9651 in its quotes; and, as clients of before that draft send it, the same characters without
// them. Pure.
#ifndef RECKONER_TEXT_IDEMPOTENCY_KEY_H
#define RECKONER_TEXT_IDEMPOTENCY_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"

enum { IDEMPOTENCY_KEY_CHARS = 256 }; // the longest key, and a NUL

// Reads a key of 1 to 255 visible ASCII characters; with and without quotes it is the same key. False for
// anything else: a blank in it, or something behind the closing quote.
MUST_CHECK bool idempotency_key_read(struct span field, char ret_key[IDEMPOTENCY_KEY_CHARS], size_t *ret_len);

#endif
