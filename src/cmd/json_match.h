// SPDX-License-Identifier: Apache-2.0
// Compares JSON as tests of apps do: by value, with "..." for what does not matter. Any thread.
#ifndef RECKONER_CMD_JSON_MATCH_H
#define RECKONER_CMD_JSON_MATCH_H

#include "base/buf.h"
#include "base/span.h"

enum json_match {
    JSON_MATCHES,
    JSON_DIFFERS,
    JSON_EXPECTED_BROKEN, // the expected text is no JSON
    JSON_ACTUAL_BROKEN,   // the actual one is none
};

// Whether `actual` is what `expected` says. The order of an object's members does not matter, and numbers are
// equal when their values are. In `expected` the text "..." is any value; a member "...": "..." lets further
// members be there; "..." at the end of an array lets any number of items follow. Otherwise what is wrong is
// appended to `out`, in words: "shop.tags[2]: expected 7, got null".
enum json_match json_match(struct span expected, struct span actual, struct buf *out);

#endif
