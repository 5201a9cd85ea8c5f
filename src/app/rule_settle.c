// SPDX-License-Identifier: Apache-2.0
// Makes a rule of the rule words of a line. Each word has a function, and they are called in an order in
// which each finds what it needs: the format before the dates that are written in it, and last the default,
// which has to pass the whole rule. Reading the line is rule_read.c's. The parser's thread.
#include "app/rule_settle.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "text/number.h"
#include "text/pattern.h"
#include "text/time_format.h"
#include "text/zones.h"

enum { EXPECTED_BYTES = 4096 }; // rule_expected in a message

// --- errors; each returns false

static bool no_memory(struct rule_line *line)
{
    line->status = ERR_NO_MEMORY;
    return false;
}

// Column of a value's text, behind its quote.
static uint32_t text_column(struct word value)
{
    return value.column + (value.is_quoted ? 1 : 0);
}

// "<word> is for <what>, not for <type>"
static bool wrong_type(struct rule_line *line, const struct rule *rule, enum rule_word word, const char *what,
    const char *advice)
{
    words_fail(line->words, line->at[word].column, "%s is for %s, not for %s%s", rule_word_name(word), what,
        value_type_name(rule->type), advice);
    return false;
}

// "<word> must be <what the rule wants>, not <value>"
static bool unexpected(
    struct rule_line *line, const struct rule *rule, enum rule_word word, struct word value)
{
    AUTO(buf_fini) struct buf expected;
    buf_init(&expected, EXPECTED_BYTES);
    rule_expected(rule, &expected);
    if (buf_status(&expected) == ERR_NO_MEMORY)
        return no_memory(line);
    words_fail(line->words, value.column, "%s must be %.*s, not \"%.*s\"", rule_word_name(word),
        (int)expected.len, expected.data, SHOW(value.text));
    return false;
}

// Parses a value as the rule's type and format.
static bool parse(struct rule_line *line, const struct rule *rule, enum rule_word word, struct word value,
    struct value *ret_value)
{
    AUTO(buf_fini) struct buf why;
    buf_init(&why, EXPECTED_BYTES);
    enum rule_result result = rule_parse(rule, value.text, line->arena, ret_value);
    if (result == RULE_OK)
        return true;
    if (result == RULE_MEMORY)
        return no_memory(line);
    if (rule_explain(rule, result, value.text, &why)) {
        words_fail(line->words, value.column, "%s: %.*s", rule_word_name(word), (int)why.len, why.data);
        return false;
    }
    struct rule bare = {.type = rule->type,
        .format = rule->format,
        .zone = rule->zone,
        .micros = rule->micros,
        .precision = rule->precision,
        .scale = rule->scale};
    return unexpected(line, &bare, word, value);
}

// --- the words

static bool settle_list(struct rule_line *line, struct rule *rule)
{
    rule->is_list = line->list_at.text.len > 0;
    const char *problem = NULL;
    if (rule->is_list && rule->type == TYPE_JSON)
        problem = "JSON has lists of its own; take list away, or begin the description with --";
    else if (rule->is_list && rule->type == TYPE_BOOLEAN)
        problem = "a list of booleans says nothing; use text list in (a, b), or one boolean for each";
    if (problem != NULL)
        words_fail(line->words, line->list_at.column, "%s", problem);
    return problem == NULL;
}

static bool settle_required(struct rule_line *line, struct rule *rule)
{
    rule->required = line->seen[WORD_REQUIRED];
    if (!line->seen[WORD_REQUIRED] || !line->seen[WORD_DEFAULT])
        return true;
    uint32_t first = line->at[WORD_REQUIRED].column, second = line->at[WORD_DEFAULT].column;
    words_fail(line->words, first > second ? first : second,
        "required and default exclude each other; take one of them away");
    return false;
}

// The problem of an outside name, or NULL.
static const char *name_problem(const struct rule_line *line, struct span name)
{
    if (name.len == 0 && !line->is_field) // a column of CSV may have none
        return "is empty";
    if (span_trim(name).len < name.len && !line->is_field)
        return "starts or ends with a blank";
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7f)
            return "has a control character";
    }
    if (!line->is_field && span_ends_with(name, "[]"))
        return "ends with [], which clients may write behind the name of any list";
    return NULL;
}

static bool settle_name(struct rule_line *line, struct rule *rule)
{
    struct word name = line->values[WORD_NAME];
    if (!line->seen[WORD_NAME])
        return true;
    rule->outside = name.text;
    const char *problem = name_problem(line, name.text);
    if (problem != NULL)
        words_fail(line->words, name.column, "the outside name \"%.*s\" %s", SHOW(name.text), problem);
    return problem == NULL;
}

static bool settle_format(struct rule_line *line, struct rule *rule)
{
    struct word format = line->values[WORD_FORMAT];
    if (!line->seen[WORD_FORMAT])
        return true;
    enum time_format_use use = FORMAT_OF_DATE;
    if (rule->type == TYPE_TIME)
        use = FORMAT_OF_TIME;
    else if (rule->type == TYPE_TIMESTAMP)
        use = FORMAT_OF_TIMESTAMP;
    else if (rule->type != TYPE_DATE)
        return wrong_type(line, rule, WORD_FORMAT, "date, time and timestamp", "");
    const char *problem = time_format_problem(format.text, use);
    if (problem == NULL && rule->is_list && memchr(format.text.at, ',', format.text.len) != NULL)
        problem = "has a comma, which stands between the items of a list";
    if (problem != NULL) {
        words_fail(line->words, format.column, "the format \"%.*s\" %s", SHOW(format.text), problem);
        return false;
    }
    rule->format = format.text;
    return true;
}

static bool settle_past(struct rule_line *line, struct rule *rule)
{
    rule->past = line->seen[WORD_PAST];
    if (!rule->past || time_format_has(rule->format, 'y'))
        return true;
    words_fail(line->words, line->at[WORD_PAST].column,
        "past says what %%y means, so it needs a format with it, such as format \"%%m/%%d/%%y\"");
    return false;
}

static bool settle_zone(struct rule_line *line, struct rule *rule)
{
    struct word name = line->values[WORD_ZONE];
    struct err err = {0}, why = {0};
    if (!line->seen[WORD_ZONE])
        return true;
    if (rule->type != TYPE_TIMESTAMP && rule->type != TYPE_DATE)
        return wrong_type(line, rule, WORD_ZONE, "timestamp, and for date with today", "");
    enum err_code code = zones_find(name.text, &rule->zone, &err);
    if (code == ERR_NO_MEMORY)
        return no_memory(line);
    if (code == ERR_UNKNOWN)
        zones_explain(name.text, &why);
    if (code != ERR_NONE)
        words_fail(line->words, name.column, "%s", code == ERR_UNKNOWN ? why.text : err.text);
    return code == ERR_NONE;
}

// What the zone of a date is for.
static bool settle_zone_use(struct rule_line *line, struct rule *rule)
{
    if (rule->zone == NULL || rule->type != TYPE_DATE || rule_goes_by_clock(rule))
        return true;
    words_fail(line->words, line->at[WORD_ZONE].column,
        "zone says where it is today, so a date needs a rule about today with it, such as default today");
    return false;
}

static bool settle_micros(struct rule_line *line, struct rule *rule)
{
    rule->micros = line->seen[WORD_MICROS];
    if (!rule->micros || rule->type == TYPE_TIMESTAMP)
        return true;
    return wrong_type(line, rule, WORD_MICROS, "timestamp",
        rule->type == TYPE_TIME ? ", which has microseconds as it is" : "");
}

// Whether the value of the word is this one word, of a rule of that type.
static bool is_word(const struct rule_line *line, const struct rule *rule, enum rule_word word,
    enum value_type type, const char *text)
{
    return line->seen[word] && rule->type == type && !line->values[word].is_quoted &&
           span_is(line->values[word].text, text);
}

static bool is_today(const struct rule_line *line, const struct rule *rule, enum rule_word word)
{
    return is_word(line, rule, word, TYPE_DATE, "today");
}

static bool settle_unique(struct rule_line *line, struct rule *rule)
{
    rule->unique = line->seen[WORD_UNIQUE];
    if (!rule->unique || line->is_field)
        return true;
    words_fail(line->words, line->at[WORD_UNIQUE].column,
        "unique is for the rows of a batch, so for @field; a request has each parameter once");
    return false;
}

static bool settle_maxlength(struct rule_line *line, struct rule *rule)
{
    struct word text = line->values[WORD_MAXLENGTH];
    if (!line->seen[WORD_MAXLENGTH])
        return true;
    if (rule->type != TYPE_TEXT)
        return wrong_type(line, rule, WORD_MAXLENGTH, "text", "");
    int64_t chars;
    if (!number_parse_integer(text.text, &chars) || chars < 1 || chars > LIMIT_VALUE_BYTES) {
        words_fail(line->words, text.column, "maxlength must be an integer from 1 to %d, not \"%.*s\"",
            LIMIT_VALUE_BYTES, SHOW(text.text));
        return false;
    }
    rule->max_chars = (size_t)chars;
    return true;
}

static bool settle_pattern(struct rule_line *line, struct rule *rule)
{
    struct word text = line->values[WORD_PATTERN];
    if (!line->seen[WORD_PATTERN])
        return true;
    if (rule->type != TYPE_TEXT)
        return wrong_type(line, rule, WORD_PATTERN, "text", "");
    const struct pattern *pattern;
    struct pattern_error error;
    enum err_code code = pattern_compile(text.text, line->arena, &pattern, &error);
    if (code == ERR_NO_MEMORY)
        return no_memory(line);
    if (code != ERR_NONE) {
        words_fail(line->words, text_column(text) + (uint32_t)error.offset,
            "the pattern cannot be read here: %s", error.text);
        return false;
    }
    rule->pattern = pattern;
    rule->pattern_text = text.text;
    return true;
}

// Reads min or max, if it is there.
static bool settle_bound(struct rule_line *line, const struct rule *rule, enum rule_word word, bool *ret_has,
    struct value *ret_value)
{
    if (!line->seen[word] || is_today(line, rule, word))
        return true;
    if (rule->type == TYPE_TEXT || rule->type == TYPE_BOOLEAN || rule->type == TYPE_UUID ||
        rule->type == TYPE_JSON)
        return wrong_type(line, rule, word, "numbers, dates and times",
            rule->type == TYPE_TEXT ? "; for text there is maxlength" : "");
    if (!parse(line, rule, word, line->values[word], ret_value))
        return false;
    *ret_has = true;
    return true;
}

static bool settle_range(struct rule_line *line, struct rule *rule)
{
    if (!settle_bound(line, rule, WORD_MIN, &rule->has_min, &rule->min) ||
        !settle_bound(line, rule, WORD_MAX, &rule->has_max, &rule->max))
        return false;
    rule->min_today = is_today(line, rule, WORD_MIN);
    rule->max_today = is_today(line, rule, WORD_MAX);
    if (!rule->has_min || !rule->has_max || rule_compare(rule->type, rule->min, rule->max) <= 0)
        return true;
    struct word max = line->values[WORD_MAX];
    words_fail(line->words, max.column, "max %.*s is below min, so that no value passes", SHOW(max.text));
    return false;
}

// Adds one value of in (…), in the form in which rule.c compares it.
static bool settle_choice(struct rule_line *line, struct rule *rule, struct word choice)
{
    struct value value;
    if (rule->is_list && memchr(choice.text.at, ',', choice.text.len) != NULL) {
        words_fail(line->words, choice.column, "\"%.*s\" has a comma, which no item of a list can have",
            SHOW(choice.text));
        return false;
    }
    if (!parse(line, rule, WORD_IN, choice, &value))
        return false;
    struct span text = value.kind == VALUE_TEXT ? value.text : choice.text;
    for (size_t i = 0; i < rule->choice_count; i++) {
        if (span_equal(rule->choices[i], text)) {
            words_fail(line->words, choice.column, "in lists %.*s twice", SHOW(choice.text));
            return false;
        }
    }
    rule->choices[rule->choice_count++] = text;
    return true;
}

static bool settle_in(struct rule_line *line, struct rule *rule)
{
    if (!line->seen[WORD_IN])
        return true;
    rule->choices = arena_zalloc(line->arena, line->choice_count, sizeof(*rule->choices));
    if (rule->choices == NULL)
        return no_memory(line);
    for (size_t i = 0; i < line->choice_count; i++) {
        if (!settle_choice(line, rule, line->choices[i]))
            return false;
    }
    return true;
}

static bool settle_default(struct rule_line *line, struct rule *rule)
{
    struct word text = line->values[WORD_DEFAULT];
    struct pattern_budget budget = {.steps = LIMIT_QUERY_STEPS};
    if (!line->seen[WORD_DEFAULT])
        return true;
    rule->default_today = is_today(line, rule, WORD_DEFAULT) && !rule->is_list;
    rule->default_now = is_word(line, rule, WORD_DEFAULT, TYPE_TIMESTAMP, "now") && !rule->is_list;
    rule->has_default = rule->default_today || rule->default_now;
    if (rule->has_default)
        return true;
    switch (rule_check_given(rule, text.text, line->arena, &budget, &rule->default_value)) {
    case RULE_OK:
        rule->has_default = true;
        return true;
    case RULE_MEMORY:
        return no_memory(line);
    default:
        return unexpected(line, rule, WORD_DEFAULT, text);
    }
}

void rule_settle(struct rule_line *line, struct rule *rule)
{
    static bool (*const steps[])(struct rule_line *, struct rule *) = {settle_list, settle_required,
        settle_name, settle_zone, settle_format, settle_past, settle_micros, settle_unique, settle_maxlength,
        settle_pattern, settle_range, settle_in, settle_default, settle_zone_use};
    for (size_t i = 0; i < ARRAY_LEN(steps) && steps[i](line, rule); i++)
        continue;
}
