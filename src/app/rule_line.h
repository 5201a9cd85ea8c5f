// SPDX-License-Identifier: Apache-2.0
// The line of a @param or @field, taken apart into rule words, and the words that there are. rule_read.c
// fills it, and rule_settle.c makes a rule of it; who else reads directives asks for the words. One thread at
// a time.
#ifndef RECKONER_APP_RULE_LINE_H
#define RECKONER_APP_RULE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/rule.h"
#include "app/words.h"
#include "base/arena.h"
#include "base/err.h"

enum rule_word {
    WORD_REQUIRED,
    WORD_DEFAULT,
    WORD_MIN,
    WORD_MAX,
    WORD_MAXLENGTH,
    WORD_IN,
    WORD_FORMAT,
    WORD_PAST,
    WORD_NAME,
    WORD_PATTERN,
    WORD_UNIQUE,
    WORD_ZONE,
    WORD_MICROS,
    RULE_WORDS, // how many there are
};

// What has to stand behind a word so that it is a rule word: many descriptions start with "name of the …" or
// "in kilograms".
enum rule_behind {
    BEHIND_NOTHING,
    BEHIND_VALUE,
    BEHIND_QUOTE, // a value in quotes
    BEHIND_PARENTHESIS,
    BEHIND_ZONE, // the name of a time zone: with a slash, UTC, or all that is left of the line
};

enum { RULE_MAX_CHOICES = 1000 }; // of in (…), which is searched one by one; longer lists are a table's work

// The words of one line.
struct rule_line {
    struct words *words;            // the rest of the line
    struct arena *arena;            // of the rule
    bool is_field;                  // of a @field, not a @param
    bool seen[RULE_WORDS];          // which rule words were there
    struct word at[RULE_WORDS];     // where
    struct word values[RULE_WORDS]; // what stood behind them
    struct word list_at;            // the word list; empty when it was not there
    struct word *choices;           // what stood in the parentheses of in; in the arena
    size_t choice_count;            //
    enum err_code status;           // ERR_NO_MEMORY, or ERR_NONE
};

// The word as it is written: "maxlength".
const char *rule_word_name(enum rule_word word);

// Whether a text is a rule word as it is written.
bool rule_word_is(struct span text);

// What has to stand behind it.
enum rule_behind rule_word_behind(enum rule_word word);

#endif
