// SPDX-License-Identifier: Apache-2.0
// JSON out (RFC 8259): strings and values appended to a buffer. What comes out is valid JSON whatever goes
// in. Appending fails as buf_append does, and the failure sticks to the buffer.
#ifndef RECKONER_TEXT_JSON_WRITE_H
#define RECKONER_TEXT_JSON_WRITE_H

#include "base/buf.h"
#include "text/value.h"

// Appends a string with its quotes. Only what has to be is escaped: the quote, the backslash and controls.
// Each byte that is not of valid UTF-8 becomes U+FFFD.
enum err_code json_write_string(struct buf *out, struct span text);

// Appends a value: null, an integer, a number as number_format has it, a string.
enum err_code json_write_value(struct buf *out, const struct value *value);

#endif
