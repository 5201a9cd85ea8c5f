// SPDX-License-Identifier: Apache-2.0
// The JSON of tokens and their keys: one object, each of its names once (RFC 7515 section 4, RFC 7519
// section 4). text/json_object.h reads it; that allows a name twice, of which two programs may take another
// one each. Pure; any thread.
#ifndef RECKONER_ACCESS_TOKEN_JSON_H
#define RECKONER_ACCESS_TOKEN_JSON_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "text/json_object.h"

// Reads the object into *ret_first, NULL for {}; all is the arena's, or borrows the text. Errors of
// json_object_read; ERR_MALFORMED for a name that is there twice, or more than LIMIT_TOKEN_MEMBERS of them.
MUST_CHECK enum err_code token_json_read(
    struct span text, size_t max_items, struct arena *arena, struct json_entry **ret_first, struct err *err);

// The member of that name, or NULL.
const struct json_entry *token_json_find(const struct json_entry *first, struct span name);

// Its text; `at` is NULL where there is no such member, or it is no text.
struct span token_json_text(const struct json_entry *first, const char *name);

#endif
