// SPDX-License-Identifier: Apache-2.0
// The table of rule words: how each is written, and what has to stand behind it. Reading a line by this table
// is rule_read.c's, what the words mean is rule_settle.c's. Immutable; any thread.
#include "app/rule_line.h"

static const struct {
    const char *name;        // as it is written
    enum rule_behind behind; //
} rule_words[RULE_WORDS] = {
    [WORD_REQUIRED] = {"required", BEHIND_NOTHING},
    [WORD_DEFAULT] = {"default", BEHIND_VALUE},
    [WORD_MIN] = {"min", BEHIND_VALUE},
    [WORD_MAX] = {"max", BEHIND_VALUE},
    [WORD_MAXLENGTH] = {"maxlength", BEHIND_VALUE},
    [WORD_IN] = {"in", BEHIND_PARENTHESIS},
    [WORD_FORMAT] = {"format", BEHIND_QUOTE},
    [WORD_PAST] = {"past", BEHIND_NOTHING},
    [WORD_NAME] = {"name", BEHIND_QUOTE},
    [WORD_PATTERN] = {"pattern", BEHIND_QUOTE},
    [WORD_UNIQUE] = {"unique", BEHIND_NOTHING},
    [WORD_ZONE] = {"zone", BEHIND_ZONE},
    [WORD_MICROS] = {"micros", BEHIND_NOTHING},
};

const char *rule_word_name(enum rule_word word)
{
    return rule_words[word].name;
}

bool rule_word_is(struct span text)
{
    for (size_t i = 0; i < RULE_WORDS; i++) {
        if (span_is(text, rule_words[i].name))
            return true;
    }
    return false;
}

enum rule_behind rule_word_behind(enum rule_word word)
{
    return rule_words[word].behind;
}
