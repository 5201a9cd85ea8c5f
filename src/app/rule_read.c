// SPDX-License-Identifier: Apache-2.0
// A table has one function for each rule word; a word that is not in it starts the description. What depends
// on several words (the default has to pass, min and max have to leave something) is checked behind the last.
#include "app/rule_read.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "text/number.h"

enum rule_word { WORD_REQUIRED, WORD_DEFAULT, WORD_MIN, WORD_MAX, WORD_MAXLENGTH, WORD_IN, RULE_WORDS };

enum {
    MAX_CHOICES = 1000,    // of in (…), which is searched one by one; longer lists are a table's work
    EXPECTED_BYTES = 4096, // rule_expected in a message
};

static const char *const rule_words[RULE_WORDS] = {"required", "default", "min", "max", "maxlength", "in"};

// A rule while its line is read.
struct reading {
    struct words *words;       // what is left of the line
    struct arena *arena;       // for choices and normalised timestamps
    struct rule *rule;         // filled
    bool seen[RULE_WORDS];     // which rule words were there
    struct word default_value; // default's value
    struct word max_value;     // max's value
    bool has_errors;           // the rule is not whole
    enum err_code status;      // ERR_NO_MEMORY, or ERR_NONE
};

static bool is_name(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!(c >= 'a' && c <= 'z') && c != '_' && !(is_digit && i > 0))
            return false;
    }
    return text.len > 0;
}

bool rule_read_name(struct words *words, const char *directive, struct word *ret_name)
{
    struct word name = words_next(words);
    if (name.text.len == 0) {
        words_fail(
            words, name.column, "%s needs a name and a type, such as %s day date", directive, directive);
        return false;
    }
    if (!is_name(name.text)) {
        words_fail(words, name.column, "the name %.*s may have only a-z, 0-9 and _, and no digit in front",
            SHOW(name.text));
        return false;
    }
    *ret_name = name;
    return true;
}

bool rule_read_type(struct words *words, const char *directive, struct span name, enum value_type *ret_type)
{
    struct word type = words_next(words);
    if (type.text.len == 0) {
        words_fail(words, type.column, "%s %.*s needs a type: " TYPE_NAMES, directive, SHOW(name));
        return false;
    }
    if (!value_type_from_name(type.text, ret_type)) {
        words_fail(words, type.column, "unknown type %.*s; use " TYPE_NAMES, SHOW(type.text));
        return false;
    }
    return true;
}

// Reads the value behind a rule word. False when there is none, which is reported.
static bool read_value(
    struct reading *reading, enum rule_word word, const char *stops, struct word *ret_value)
{
    struct word value;
    if (!words_value(reading->words, stops, &value)) {
        reading->has_errors = true;
        return false;
    }
    if (value.text.len == 0 && !value.is_quoted) {
        words_fail(reading->words, value.column, "%s needs a value", rule_words[word]);
        reading->has_errors = true;
        return false;
    }
    *ret_value = value;
    return true;
}

// Parses the value of a rule word as the rule's type. False when it is of another, which is reported.
static bool parse_value(
    struct reading *reading, enum rule_word word, struct word value, struct value *ret_value)
{
    enum rule_result result = rule_parse(reading->rule->type, value.text, reading->arena, ret_value);
    if (result == RULE_OK)
        return true;
    if (result == RULE_MEMORY)
        reading->status = ERR_NO_MEMORY;
    else
        words_fail(reading->words, value.column, "%s must be %s, not \"%.*s\"", rule_words[word],
            value_type_expected(reading->rule->type), SHOW(value.text));
    reading->has_errors = true;
    return false;
}

static void read_required(struct reading *reading, struct word at)
{
    if (reading->seen[WORD_DEFAULT])
        words_fail(
            reading->words, at.column, "required and default exclude each other; take one of them away");
    reading->rule->required = true;
}

static void read_default(struct reading *reading, struct word at)
{
    if (!read_value(reading, WORD_DEFAULT, "", &reading->default_value))
        return;
    reading->rule->has_default = true;
    if (reading->rule->required)
        words_fail(
            reading->words, at.column, "required and default exclude each other; take one of them away");
}

static bool has_order(enum value_type type)
{
    return type != TYPE_TEXT && type != TYPE_BOOLEAN;
}

// Reads min or max. False when there is no value to go by.
static bool read_bound(struct reading *reading, enum rule_word word, struct word at, struct word *ret_text,
    struct value *ret_value)
{
    bool applies = has_order(reading->rule->type);
    if (!applies) {
        words_fail(reading->words, at.column, "%s is for integer, number, date and timestamp, not for %s%s",
            rule_words[word], value_type_name(reading->rule->type),
            reading->rule->type == TYPE_TEXT ? "; for text there is maxlength" : "");
        reading->has_errors = true;
    }
    return read_value(reading, word, "", ret_text) && applies &&
           parse_value(reading, word, *ret_text, ret_value);
}

static void read_min(struct reading *reading, struct word at)
{
    struct word text;
    reading->rule->has_min = read_bound(reading, WORD_MIN, at, &text, &reading->rule->min);
}

static void read_max(struct reading *reading, struct word at)
{
    reading->rule->has_max = read_bound(reading, WORD_MAX, at, &reading->max_value, &reading->rule->max);
}

static void read_maxlength(struct reading *reading, struct word at)
{
    struct word text;
    if (reading->rule->type != TYPE_TEXT) {
        words_fail(reading->words, at.column, "maxlength is for text, not for %s",
            value_type_name(reading->rule->type));
        reading->has_errors = true;
    }
    int64_t chars;
    if (!read_value(reading, WORD_MAXLENGTH, "", &text))
        return;
    if (!number_parse_integer(text.text, &chars) || chars < 1 || chars > LIMIT_VALUE_BYTES) {
        words_fail(reading->words, text.column, "maxlength must be an integer from 1 to %d, not \"%.*s\"",
            LIMIT_VALUE_BYTES, SHOW(text.text));
        reading->has_errors = true;
        return;
    }
    reading->rule->max_chars = (size_t)chars;
}

// Adds one value of in (…). False when the list cannot be read on.
static bool read_choice(struct reading *reading, size_t max_choices)
{
    struct rule *rule = reading->rule;
    struct word choice;
    struct value value;
    if (!read_value(reading, WORD_IN, ",)", &choice))
        return false;
    if (rule->choice_count == max_choices) {
        words_fail(reading->words, choice.column,
            "in lists more than %d values; keep them in a table, with a @reject", MAX_CHOICES);
        return false;
    }
    if (!parse_value(reading, WORD_IN, choice, &value))
        return reading->status == ERR_NONE;
    for (size_t i = 0; i < rule->choice_count; i++) {
        if (span_equal(rule->choices[i], choice.text)) {
            words_fail(reading->words, choice.column, "in lists %.*s twice", SHOW(choice.text));
            return true;
        }
    }
    rule->choices[rule->choice_count++] = choice.text;
    return true;
}

// Stands behind the opening parenthesis.
static void read_in(struct reading *reading, struct word at)
{
    (void)at;
    struct words *words = reading->words;
    size_t most = 1;
    for (size_t i = 0; i < words->rest.len && most < MAX_CHOICES; i++)
        most += words->rest.at[i] == ',';
    reading->rule->choices = arena_zalloc(reading->arena, most, sizeof(*reading->rule->choices));
    if (reading->rule->choices == NULL) {
        reading->status = ERR_NO_MEMORY;
        return;
    }
    do {
        if (!read_choice(reading, most)) {
            reading->has_errors = true;
            return;
        }
    } while (words_take(words, ','));
    if (!words_take(words, ')')) {
        words_fail(words, words->column, "in needs , or ) here; quote a value that holds blanks");
        reading->has_errors = true;
    }
}

static void (*const readers[RULE_WORDS])(struct reading *reading, struct word at) = {
    read_required, read_default, read_min, read_max, read_maxlength, read_in};

// Passes over a word that was peeked at.
static void skip_word(struct words *words, struct word at)
{
    size_t len = (size_t)(at.text.at - words->rest.at) + at.text.len;
    words->rest.at += len;
    words->rest.len -= len;
    words->column += (uint32_t)len;
}

// Takes the rule word that comes next, with the ( behind "in"; RULE_WORDS when something else comes. "in" is
// one in front of a list alone, as many a description starts with it: "in kilograms".
static enum rule_word take_rule_word(struct words *words, struct word *ret_at)
{
    struct word at = words_peek(words);
    struct words behind = *words;
    enum rule_word word = WORD_REQUIRED;
    while (word < RULE_WORDS && !span_is(at.text, rule_words[word]))
        word++;
    if (word == RULE_WORDS)
        return RULE_WORDS;
    skip_word(&behind, at);
    if (word == WORD_IN && !words_take(&behind, '('))
        return RULE_WORDS;
    *words = behind;
    *ret_at = at;
    return word;
}

static void read_rule_words(struct reading *reading)
{
    struct word at;
    enum rule_word word;
    while ((word = take_rule_word(reading->words, &at)) != RULE_WORDS) {
        if (reading->seen[word]) {
            words_fail(reading->words, at.column, "%s is there twice", rule_words[word]);
            reading->has_errors = true;
            return;
        }
        readers[word](reading, at);
        reading->seen[word] = true;
        if (reading->has_errors || reading->status != ERR_NONE)
            return; // what follows would be read wrongly
    }
}

static void check_range(struct reading *reading)
{
    const struct rule *rule = reading->rule;
    if (!rule->has_min || !rule->has_max || rule_compare(rule->type, rule->min, rule->max) <= 0)
        return;
    words_fail(reading->words, reading->max_value.column, "max %.*s is below min, so that no value passes",
        SHOW(reading->max_value.text));
    reading->has_errors = true;
}

static void check_default(struct reading *reading)
{
    struct rule *rule = reading->rule;
    struct word text = reading->default_value;
    if (!rule->has_default || !parse_value(reading, WORD_DEFAULT, text, &rule->default_value))
        return;
    enum rule_result result = rule_check_bounds(rule, text.text, rule->default_value, reading->arena);
    if (result == RULE_OK)
        return;
    AUTO(buf_fini) struct buf expected;
    buf_init(&expected, EXPECTED_BYTES);
    rule_expected(rule, &expected);
    if (buf_status(&expected) == ERR_NO_MEMORY) {
        reading->status = ERR_NO_MEMORY;
        return;
    }
    words_fail(reading->words, text.column, "default must be %.*s, not \"%.*s\"", (int)expected.len,
        expected.data, SHOW(text.text));
}

enum err_code rule_read(
    struct words *words, const char *directive, struct word name, struct arena *arena, struct rule *ret_rule)
{
    struct rule rule = {.name = name.text, .line = words->line, .column = name.column};
    struct reading reading = {.words = words, .arena = arena, .rule = &rule};
    if (rule_read_type(words, directive, name.text, &rule.type)) {
        read_rule_words(&reading);
        if (!reading.has_errors && reading.status == ERR_NONE)
            check_range(&reading);
        if (!reading.has_errors && reading.status == ERR_NONE)
            check_default(&reading);
        rule.description = words_rest(words).text;
    }
    if (reading.status != ERR_NONE)
        return reading.status;
    *ret_rule = rule;
    return ERR_NONE;
}
