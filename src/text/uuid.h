// SPDX-License-Identifier: Apache-2.0
// UUIDs as text (RFC 9562 section 4). Pure; any thread.
#ifndef RECKONER_TEXT_UUID_H
#define RECKONER_TEXT_UUID_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

enum { UUID_CHARS = 36, UUID_BYTES = 16 };

// Reads 32 hexadecimal digits of either case in groups of 8, 4, 4, 4 and 12 with a minus between them,
// perhaps in braces, as some exports have them. Any version and variant will do. False when it is not that.
MUST_CHECK bool uuid_parse(struct span text, unsigned char ret_bytes[UUID_BYTES]);

// Writes the canonical form, in small letters, without a NUL.
void uuid_format(const unsigned char bytes[UUID_BYTES], char out[UUID_CHARS]);

#endif
