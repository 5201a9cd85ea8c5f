// SPDX-License-Identifier: Apache-2.0
// The words of one directive's line, each with its column. One thread at a time.
#ifndef RECKONER_APP_WORDS_H
#define RECKONER_APP_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/diag.h"
#include "base/span.h"

struct words {
    struct span rest;    // not yet read, without a line end; borrowed
    const char *file;    // for messages
    uint32_t line;       // in the file
    uint32_t column;     // of rest's first byte
    struct diags *diags; // where errors go
};

struct word {
    struct span text; // empty at the end of the line; without its quotes
    uint32_t column;  // of its first byte, or of the quote
    bool is_quoted;   // it stood between quotes, so that an empty one is a value
};

// The next run of bytes that are no blanks.
struct word words_next(struct words *words);

// The same, but the words stay as they were. A "(" ends the word as well: "in(a)" starts with "in".
struct word words_peek(const struct words *words);

// Takes a word that words_peek has just shown, and the blanks in front of it.
void words_skip(struct words *words, struct word peeked);

// A value: a word, or what stands between two quotes of a kind. Outside of quotes it ends at a blank or at
// one of the bytes of `stops`. False when the second quote is missing, which is reported.
MUST_CHECK bool words_value(struct words *words, const char *stops, struct word *ret_value);

// Takes `byte` if it comes next, behind blanks.
bool words_take(struct words *words, char byte);

// Takes the -- that begins free text, if it comes next, behind blanks.
bool words_take_dashes(struct words *words);

// All that is left, without the blanks around it.
struct word words_rest(struct words *words);

// Reports the next word, if there is one: "nothing may follow <what>". A -- ends the line.
void words_end(struct words *words, const char *what);

// Reports an error in this line.
void words_fail(const struct words *words, uint32_t column, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
