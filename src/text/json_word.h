// SPDX-License-Identifier: Apache-2.0
// The words of JSON: numbers, true, false and null. Pure; any thread.
#ifndef RECKONER_TEXT_JSON_WORD_H
#define RECKONER_TEXT_JSON_WORD_H

#include <stddef.h>

#include "base/span.h"

// The length of the number that `text`, which is not empty, begins with (RFC 8259 section 6); 0 when it is
// malformed.
size_t json_number_length(struct span text);

// The length of null, true or false in front of it; 0 when there is none of them.
size_t json_name_length(struct span text);

#endif
