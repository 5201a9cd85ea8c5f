// SPDX-License-Identifier: Apache-2.0
// Takes the rule words and their values off a line; -- or the first other word starts the description. What
// the rule words mean is found out when all of them were read (rule_settle.c), and what is nearly a rule by
// rule_hint.c. The parser's thread.
#include "app/rule_read.h"

#include <string.h>

#include "app/rule_hint.h"
#include "app/rule_line.h"
#include "app/rule_settle.h"
#include "app/type_hint.h"
#include "base/ascii.h"
#include "text/decimal.h"
#include "text/number.h"

// --- name and type

bool rule_is_name(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!(c >= 'a' && c <= 'z') && c != '_' && !(ascii_is_digit(c) && i > 0))
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
    if (!rule_is_name(name.text)) {
        words_fail(words, name.column,
            "the name %.*s may have only a-z, 0-9 and _, and no digit in front; a rule name \"%.*s\" tells "
            "what clients call it",
            SHOW(name.text), SHOW(name.text));
        return false;
    }
    *ret_name = name;
    return true;
}

static void fail_type(struct words *words, const char *directive, struct span name, struct word type)
{
    const char *advice = type_hint(type.text);
    enum value_type swapped;
    if (advice != NULL)
        words_fail(words, type.column, "unknown type %.*s; %s", SHOW(type.text), advice);
    else if (value_type_from_name(name, &swapped) && rule_is_name(type.text))
        words_fail(words, type.column, "unknown type %.*s; did you mean %s %.*s %.*s?", SHOW(type.text),
            directive, SHOW(type.text), SHOW(name));
    else
        words_fail(words, type.column, "unknown type %.*s; use " TYPE_NAMES, SHOW(type.text));
}

// Takes an integer from `low` to `high` in front of `end`, and that, too.
static bool take_digits(struct words *words, int64_t low, int64_t high, char end, uint8_t *ret_digits)
{
    struct word word;
    int64_t digits;
    if (!words_value(words, ",)", &word) || !number_parse_integer(word.text, &digits) || digits < low ||
        digits > high || !words_take(words, end))
        return false;
    *ret_digits = (uint8_t)digits;
    return true;
}

// Takes the type decimal(p,s) if it is next. *ret_is_fine is false for one that is wrong, which is reported.
static bool take_decimal(struct words *words, struct rule_type *ret_type, bool *ret_is_fine)
{
    struct word word = words_peek(words);
    struct rule_type type = {.type = TYPE_DECIMAL};
    if (!span_is(word.text, value_type_name(TYPE_DECIMAL)))
        return false;
    words_skip(words, word);
    *ret_is_fine = words_take(words, '(') &&
                   take_digits(words, 1, DECIMAL_MAX_DIGITS, ',', &type.precision) &&
                   take_digits(words, 0, type.precision, ')', &type.scale);
    if (*ret_is_fine)
        *ret_type = type;
    else
        words_fail(words, word.column,
            "decimal needs two numbers behind it: how many digits there are at most, up to %d, and how many of "
            "them behind the point, as in decimal(12,2)",
            DECIMAL_MAX_DIGITS);
    return true;
}

bool rule_read_type(struct words *words, const char *directive, struct span name, struct rule_type *ret_type)
{
    bool is_fine;
    if (take_decimal(words, ret_type, &is_fine))
        return is_fine;
    struct word type = words_next(words);
    *ret_type = (struct rule_type){0};
    if (type.text.len == 0) {
        words_fail(words, type.column, "%s %.*s needs a type: " TYPE_NAMES, directive, SHOW(name));
        return false;
    }
    if (!value_type_from_name(type.text, &ret_type->type)) {
        fail_type(words, directive, name, type);
        return false;
    }
    return true;
}

// --- values

// Reads the value behind a rule word. False when it is missing, which is reported.
static bool read_value(struct rule_line *line, enum rule_word word, const char *stops, struct word *ret_value)
{
    struct word value;
    if (!words_value(line->words, stops, &value))
        return false;
    if (!value.is_quoted && (value.text.len == 0 || span_is(value.text, "--"))) {
        words_fail(line->words, value.column, "%s needs a value", rule_word_name(word));
        return false;
    }
    *ret_value = value;
    return true;
}

// Reads the list a, b) behind the opening parenthesis. False when it is anything else, which is reported.
static bool read_choices(struct rule_line *line)
{
    struct words *words = line->words;
    size_t most = 1;
    for (size_t i = 0; i < words->rest.len && most < RULE_MAX_CHOICES; i++)
        most += words->rest.at[i] == ',';
    line->choices = arena_zalloc(line->arena, most, sizeof(*line->choices));
    if (line->choices == NULL) {
        line->status = ERR_NO_MEMORY;
        return false;
    }
    do {
        struct word choice;
        if (!read_value(line, WORD_IN, ",)", &choice))
            return false;
        if (line->choice_count == most) {
            words_fail(words, choice.column,
                "in lists more than %d values; keep them in a table, with a @reject", RULE_MAX_CHOICES);
            return false;
        }
        line->choices[line->choice_count++] = choice;
    } while (words_take(words, ','));
    if (words_take(words, ')'))
        return true;
    words_fail(words, words->column, "in needs , or ) here; quote a value that holds blanks");
    return false;
}

static bool read_behind(struct rule_line *line, enum rule_word word)
{
    switch (rule_word_behind(word)) {
    case BEHIND_NOTHING:
        return true;
    case BEHIND_VALUE:
    case BEHIND_QUOTE:
    case BEHIND_ZONE:
        return read_value(line, word, "", &line->values[word]);
    case BEHIND_PARENTHESIS:
        break;
    }
    return read_choices(line);
}

// --- rule words

static bool is_quote_next(const struct words *words)
{
    struct word next = words_peek(words);
    return next.text.len > 0 && (next.text.at[0] == '"' || next.text.at[0] == '\'');
}

// Whether what comes next is meant for the name of a time zone: many descriptions start with "zone of the …".
static bool is_zone_next(const struct words *words)
{
    struct words ahead = *words;
    struct word name = words_next(&ahead);
    bool is_alone = name.text.len > 0 && (ahead.rest.len == 0 || rule_word_is(words_peek(&ahead).text) ||
                                             span_is(words_peek(&ahead).text, "--"));
    return is_alone || span_is(name.text, "UTC") ||
           (name.text.len > 0 && memchr(name.text.at, '/', name.text.len) != NULL);
}

// What may come next on the line.
enum found {
    FOUND_WORD,        // a rule word, which was taken, with the parenthesis behind it
    FOUND_DESCRIPTION, // something else, or the end
    FOUND_MISTAKE,     // a word that was meant as a rule word, which was reported
};

// Whether what a rule word needs stands behind it; if so, a parenthesis is taken.
static enum found look_behind(
    struct rule_line *line, enum rule_word word, struct word at, struct words *behind)
{
    if (rule_word_behind(word) == BEHIND_PARENTHESIS)
        return words_take(behind, '(') ? FOUND_WORD : FOUND_DESCRIPTION;
    if (rule_word_behind(word) == BEHIND_ZONE)
        return is_zone_next(behind) ? FOUND_WORD : FOUND_DESCRIPTION;
    if (rule_word_behind(word) != BEHIND_QUOTE || is_quote_next(behind))
        return FOUND_WORD;
    struct words ahead = *behind;
    struct word value = words_next(&ahead);
    if (words_next(&ahead).text.len > 0)
        return FOUND_DESCRIPTION;
    struct span shown = value.text.len > 0 ? value.text : span_of("…");
    words_fail(line->words, at.column,
        "%s needs a value in quotes, such as %s \"%.*s\"; or begin the description with --",
        rule_word_name(word), rule_word_name(word), SHOW(shown));
    return FOUND_MISTAKE;
}

static enum found take_rule_word(struct rule_line *line, enum rule_word *ret_word)
{
    struct word at = words_peek(line->words);
    struct words behind = *line->words;
    words_skip(&behind, at);
    enum rule_word word = WORD_REQUIRED;
    while (word < RULE_WORDS && !span_is(at.text, rule_word_name(word)))
        word++;
    if (word == RULE_WORDS)
        return FOUND_DESCRIPTION;
    enum found found = look_behind(line, word, at, &behind);
    if (found != FOUND_WORD)
        return found;
    *line->words = behind;
    line->at[word] = at;
    *ret_word = word;
    return FOUND_WORD;
}

// Whether the word list comes next, too far behind the type; if so, that is reported.
static bool is_late_list(struct rule_line *line)
{
    struct word at = words_peek(line->words);
    bool is_late = line->list_at.text.len == 0 && span_is(at.text, "list");
    if (is_late)
        words_fail(line->words, at.column,
            "list has to stand right behind the type; or begin the description with --");
    return is_late;
}

// Reads rule words up to the description. False after the first error: what follows would be read wrongly.
static bool read_rule_words(struct rule_line *line)
{
    enum rule_word word = RULE_WORDS;
    enum found found;
    while ((found = take_rule_word(line, &word)) == FOUND_WORD) {
        if (line->seen[word]) {
            words_fail(line->words, line->at[word].column, "%s is there twice", rule_word_name(word));
            return false;
        }
        line->seen[word] = true;
        if (!read_behind(line, word))
            return false;
    }
    return found == FOUND_DESCRIPTION && !(word != RULE_WORDS && is_late_list(line));
}

static void take_list(struct rule_line *line)
{
    struct word at = words_peek(line->words);
    if (!span_is(at.text, "list"))
        return;
    words_skip(line->words, at);
    line->list_at = at;
}

// Reads what is left, the description. One without -- is refused where it may be a rule that was meant.
static struct span read_description(struct rule_line *line, const struct rule *rule)
{
    struct rule_hint hint;
    bool is_clear = words_take_dashes(line->words);
    if (is_clear || !rule_hint_find(line->words, rule->type, !line->is_field, &hint))
        return words_rest(line->words).text;
    if (hint.is_inside)
        words_fail(line->words, hint.column,
            "the rule %.*s stands in the description; put it in front, or begin the description with --",
            SHOW(hint.shown));
    else
        words_fail(line->words, hint.column, "unknown rule %.*s; %s or begin the description with --",
            SHOW(hint.shown), hint.advice);
    return words_rest(line->words).text;
}

enum err_code rule_read(struct words *words, const char *directive, bool is_field, struct word name,
    struct arena *arena, struct rule *ret_rule)
{
    struct rule rule = {.name = name.text, .outside = name.text, .line = words->line, .column = name.column};
    struct rule_line line = {.words = words, .arena = arena, .is_field = is_field};
    line.status = ERR_NONE;
    struct rule_type type;
    if (rule_read_type(words, directive, name.text, &type)) {
        rule.type = type.type;
        rule.precision = type.precision;
        rule.scale = type.scale;
        take_list(&line);
        if (read_rule_words(&line)) {
            rule_settle(&line, &rule);
            rule.description = read_description(&line, &rule);
        }
    }
    if (line.status != ERR_NONE)
        return line.status;
    *ret_rule = rule;
    return ERR_NONE;
}
