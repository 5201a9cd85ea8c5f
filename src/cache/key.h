// SPDX-License-Identifier: Apache-2.0
// What an answer is found by: whose it is, its format, and the parameters in one form, so that all spellings
// of a question are one key. Keys are compared in full: no two share an answer because their hashes are
// equal.
#ifndef RECKONER_CACHE_KEY_H
#define RECKONER_CACHE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "text/value.h"

struct key {
    const char *bytes; // borrowed
    size_t len;        //
    uint64_t hash;     // of them, with a seed that clients do not know
};

// What makes two answers different beside the parameters.
struct key_parts {
    uint64_t app;      // the number of the app as it was read
    uint32_t endpoint; // of the app
    uint16_t format;   // and whatever else the bytes or the header lines of an answer hang on
};

// Makes the key in `arena`, in time linear in the size of the values; false without memory. Any thread.
MUST_CHECK bool key_make(const struct key_parts *parts, const struct value *params, size_t param_count,
    struct arena *arena, struct key *ret_key);

bool key_equal(const struct key *a, const struct key *b);

#endif
