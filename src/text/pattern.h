// SPDX-License-Identifier: Apache-2.0
// Regular expressions that a whole value has to match, in bounded time. A pattern is compiled once and never
// changes, so any thread may match with it.
#ifndef RECKONER_TEXT_PATTERN_H
#define RECKONER_TEXT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct pattern; // in the arena that it was compiled into

enum {
    PATTERN_MAX_BYTES = 1024,  // of a pattern: what is longer is a table's work
    PATTERN_ERROR_CHARS = 128, // room for what is wrong with one
};

// Why a text could not be compiled.
struct pattern_error {
    size_t offset;                  // byte in the text where it stops making sense
    char text[PATTERN_ERROR_CHARS]; // lower case, no full stop
};

// Compiles `text`, a Perl-compatible regular expression (pcre2pattern(3)) over Unicode characters. \d, \w and
// \s are ASCII's. ERR_CONFIG with *ret_error when it is none or is too large; ERR_NO_MEMORY.
MUST_CHECK enum err_code pattern_compile(struct span text, struct arena *arena,
    const struct pattern **ret_pattern, struct pattern_error *ret_error);

// What the matches of one request may cost together. Each match has some steps of its own, in proportion to
// its text's length; what it takes beyond them is taken from here.
struct pattern_budget {
    uint64_t steps; // left; 0: it is spent. A step takes some 20 ns
};

// Steps of a budget without an end: only each match by itself is bounded.
#define PATTERN_STEPS_ENDLESS UINT64_MAX

enum pattern_result {
    PATTERN_MATCHES,   // the whole text, from its first character to its last
    PATTERN_DIFFERS,   // it does not, or it is not UTF-8
    PATTERN_TOO_HARD,  // the search was given up: its steps or the budget's had come to an end
    PATTERN_NO_MEMORY, //
};

// Matches a text. Any thread; the budget is that of one at a time.
MUST_CHECK enum pattern_result pattern_match(
    const struct pattern *pattern, struct span text, struct pattern_budget *budget);

#endif
