// SPDX-License-Identifier: Apache-2.0
// Guesses what an author meant by words that are no rules: rules in another spelling, those of other
// languages, and rules behind the first words of a description. Where a word is English as well, what stands
// behind it decides. It would rather refuse a description than miss a rule, as -- in front of one makes it
// clear. Reading rules is rule_read.c's. Any thread.
#include "app/rule_hint.h"

#include "app/rule_line.h"
#include "base/ascii.h"
#include "base/attr.h"
#include "text/nearest.h"

enum { KEY_BYTES = 32 }; // longer words are no rules

// --- what stands behind a word

// Where a word needs something behind it to be taken for a rule.
enum needs {
    NEEDS_NOTHING,
    NEEDS_NUMBER, // a number, or a day
    NEEDS_LIST,   // (a, b), or a, b
    NEEDS_QUOTE,  // a quote, or what only a pattern has
    NEEDS_ZONE,   // the name of a time zone
    NEEDS_END,    // nothing more on the line, or a rule
};

static bool is_number_next(struct span text)
{
    size_t sign = text.len > 0 && strchr("+-", text.at[0]) != NULL;
    size_t point = text.len > sign && text.at[sign] == '.';
    return text.len > sign + point && ascii_is_digit(text.at[sign + point]);
}

static struct span first_word(struct span text)
{
    struct span rest = span_trim(text);
    return span_split(&rest, ' ');
}

static bool is_quote_next(struct span text)
{
    struct span word = first_word(text);
    if (word.len > 0 && strchr("\"'", word.at[0]) != NULL)
        return true;
    for (size_t i = 0; i < word.len; i++) {
        if (strchr("[^\\*$+|%", word.at[i]) != NULL)
            return true;
    }
    return false;
}

// Whether all of a text is single words with commas or bars between them.
static bool are_items(struct span text)
{
    size_t items = 0;
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && text.at[len] != ',' && text.at[len] != '|')
            len++;
        struct span item = span_trim((struct span){.at = text.at, .len = len});
        if (item.len == 0 || memchr(item.at, ' ', item.len) != NULL)
            return false;
        items++;
        len += len < text.len;
        text.at += len;
        text.len -= len;
    }
    return items > 1;
}

static bool is_list_next(struct span text)
{
    return text.len > 0 && (strchr("([{\"'", text.at[0]) != NULL || are_items(text));
}

// Two words with a slash between them, as most time zones are called.
static bool is_path_next(struct span text)
{
    struct span rest = first_word(text), area = span_split(&rest, '/');
    return area.len > 2 && rest.len > 2 && ascii_is_letter(area.at[0]) && ascii_is_letter(rest.at[0]);
}

static bool has_needed(enum needs needs, struct span behind)
{
    switch (needs) {
    case NEEDS_NOTHING:
        return true;
    case NEEDS_NUMBER:
        return is_number_next(behind);
    case NEEDS_LIST:
        return is_list_next(behind);
    case NEEDS_QUOTE:
        return is_quote_next(behind);
    case NEEDS_ZONE:
        return span_is(first_word(behind), "UTC") || is_path_next(behind);
    case NEEDS_END:
        break;
    }
    return behind.len == 0 || rule_word_is(first_word(behind));
}

// --- words of other languages

#define MEANT(rule) "did you mean " rule "?"

static const char LEAVE_AWAY[] = "what is not required is optional: take it away";
static const char REJECT[] = "write a @reject for it";

static const struct {
    const char *key;    // in small letters, without - and _
    const char *second; // the word behind it; NULL: any
    enum needs needs;   //
    const char *advice; //
} foreign[] = {
    {"optional", NULL, NEEDS_NOTHING, LEAVE_AWAY},
    {"nullable", NULL, NEEDS_NOTHING, LEAVE_AWAY},
    {"null", NULL, NEEDS_END, LEAVE_AWAY},
    {"mandatory", NULL, NEEDS_NOTHING, MEANT("required")},
    {"notnull", NULL, NEEDS_NOTHING, MEANT("required")},
    {"nonnull", NULL, NEEDS_NOTHING, MEANT("required")},
    {"notempty", NULL, NEEDS_NOTHING, MEANT("required")},
    {"nonempty", NULL, NEEDS_NOTHING, MEANT("required")},
    {"not", "null", NEEDS_NOTHING, MEANT("required")},
    {"not", "empty", NEEDS_NOTHING, MEANT("required")},
    {"not", "optional", NEEDS_NOTHING, MEANT("required")},
    {"primary", "key", NEEDS_NOTHING, MEANT("required unique")},
    {"primarykey", NULL, NEEDS_NOTHING, MEANT("required unique")},
    {"distinct", NULL, NEEDS_END, MEANT("unique")},
    {"between", NULL, NEEDS_NUMBER, MEANT("min N max N")},
    {"range", NULL, NEEDS_NUMBER, MEANT("min N max N")},
    {"range", NULL, NEEDS_LIST, MEANT("min N max N")},
    {"from", NULL, NEEDS_NUMBER, MEANT("min N max N")},
    {"minimum", NULL, NEEDS_NUMBER, MEANT("min N")},
    {"minvalue", NULL, NEEDS_NUMBER, MEANT("min N")},
    {"maximum", NULL, NEEDS_NUMBER, MEANT("max N")},
    {"maxvalue", NULL, NEEDS_NUMBER, MEANT("max N")},
    {"maxlen", NULL, NEEDS_NOTHING, MEANT("maxlength N")},
    {"maximumlength", NULL, NEEDS_NOTHING, MEANT("maxlength N")},
    {"maxsize", NULL, NEEDS_NUMBER, MEANT("maxlength N")},
    {"maxchars", NULL, NEEDS_NUMBER, MEANT("maxlength N")},
    {"length", NULL, NEEDS_NUMBER, MEANT("maxlength N")},
    {"len", NULL, NEEDS_NUMBER, MEANT("maxlength N")},
    {"size", NULL, NEEDS_NUMBER, MEANT("maxlength N")},
    {"limit", NULL, NEEDS_NUMBER, MEANT("maxlength N, or max N")},
    {"minlength", NULL, NEEDS_NOTHING, MEANT("pattern \".{3,}\"")},
    {"minlen", NULL, NEEDS_NOTHING, MEANT("pattern \".{3,}\"")},
    {"regex", NULL, NEEDS_NOTHING, MEANT("pattern \"REGEX\"")},
    {"regexp", NULL, NEEDS_NOTHING, MEANT("pattern \"REGEX\"")},
    {"re", NULL, NEEDS_QUOTE, MEANT("pattern \"REGEX\"")},
    {"match", NULL, NEEDS_QUOTE, MEANT("pattern \"REGEX\"")},
    {"matches", NULL, NEEDS_QUOTE, MEANT("pattern \"REGEX\"")},
    {"matching", NULL, NEEDS_QUOTE, MEANT("pattern \"REGEX\"")},
    {"like", NULL, NEEDS_QUOTE, MEANT("pattern \"REGEX\"")},
    {"enum", NULL, NEEDS_NOTHING, MEANT("in (a, b)")},
    {"oneof", NULL, NEEDS_NOTHING, MEANT("in (a, b)")},
    {"one", "of", NEEDS_LIST, MEANT("in (a, b)")},
    {"any", "of", NEEDS_LIST, MEANT("in (a, b)")},
    {"values", NULL, NEEDS_LIST, MEANT("in (a, b)")},
    {"choice", NULL, NEEDS_LIST, MEANT("in (a, b)")},
    {"choices", NULL, NEEDS_LIST, MEANT("in (a, b)")},
    {"options", NULL, NEEDS_LIST, MEANT("in (a, b)")},
    {"allowed", NULL, NEEDS_LIST, MEANT("in (a, b)")},
    {"either", NULL, NEEDS_LIST, MEANT("in (a, b)")},
    {"array", NULL, NEEDS_END, MEANT("list, right behind the type")},
    {"multiple", NULL, NEEDS_END, MEANT("list, right behind the type")},
    {"alias", NULL, NEEDS_QUOTE, MEANT("name \"Outside Name\"")},
    {"as", NULL, NEEDS_QUOTE, MEANT("name \"Outside Name\"")},
    {"label", NULL, NEEDS_QUOTE, MEANT("name \"Outside Name\"")},
    {"called", NULL, NEEDS_QUOTE, MEANT("name \"Outside Name\"")},
    {"timezone", NULL, NEEDS_ZONE, MEANT("zone Europe/Rome")},
    {"tz", NULL, NEEDS_ZONE, MEANT("zone Europe/Rome")},
    {"microseconds", NULL, NEEDS_END, MEANT("micros")},
    {"dateformat", NULL, NEEDS_QUOTE, MEANT("format \"%d.%m.%Y\"")},
    {"check", NULL, NEEDS_LIST, REJECT},
    {"references", NULL, NEEDS_NOTHING, REJECT},
    {"foreign", "key", NEEDS_NOTHING, REJECT},
};

// --- rules in another spelling

// What each rule word needs behind it to be meant where it is spelt otherwise, and what to write.
static const struct {
    enum needs needs;
    const char *advice;
} meant[RULE_WORDS] = {
    [WORD_REQUIRED] = {NEEDS_NOTHING, MEANT("required")},
    [WORD_DEFAULT] = {NEEDS_NOTHING, MEANT("default")},
    [WORD_MIN] = {NEEDS_NUMBER, MEANT("min")},
    [WORD_MAX] = {NEEDS_NUMBER, MEANT("max")},
    [WORD_MAXLENGTH] = {NEEDS_NOTHING, MEANT("maxlength")},
    [WORD_IN] = {NEEDS_LIST, MEANT("in (a, b)")},
    [WORD_FORMAT] = {NEEDS_QUOTE, MEANT("format \"%d.%m.%Y\"")},
    [WORD_PAST] = {NEEDS_END, MEANT("past")},
    [WORD_NAME] = {NEEDS_QUOTE, MEANT("name \"Outside Name\"")},
    [WORD_PATTERN] = {NEEDS_QUOTE, MEANT("pattern \"REGEX\"")},
    [WORD_UNIQUE] = {NEEDS_NOTHING, MEANT("unique")},
    [WORD_ZONE] = {NEEDS_ZONE, MEANT("zone")},
    [WORD_MICROS] = {NEEDS_END, MEANT("micros")},
};

// The beginning of a description, taken apart.
struct beginning {
    struct span head;    // its first letters, with - and _ between them
    char key[KEY_BYTES]; // the head in small letters, without - and _
    bool has_sign;       // a colon or an equals sign follows, as in "default: 5"
    struct span behind;  // the rest, without that sign and blanks
    struct span second;  // the head's next word, without what is no letter
    struct span third;   // what stands behind that
};

static struct span letters_of(struct span text)
{
    size_t len = 0;
    while (
        len < text.len && (ascii_is_letter(text.at[len]) || (len > 0 && strchr("-_", text.at[len]) != NULL)))
        len++;
    return (struct span){.at = text.at, .len = len};
}

static struct span behind_of(struct span text, struct span part)
{
    return span_trim((struct span){.at = part.at + part.len, .len = text.len - part.len});
}

// False when it begins with no word that could be a rule.
static bool take_apart(struct span text, struct beginning *ret_beginning)
{
    struct beginning beginning = {.head = letters_of(text)};
    size_t len = 0;
    for (size_t i = 0; i < beginning.head.len; i++) {
        if (len == KEY_BYTES - 1)
            return false;
        if (ascii_is_letter(beginning.head.at[i]))
            beginning.key[len++] = ascii_lower(beginning.head.at[i]);
    }
    if (len == 0)
        return false;
    beginning.behind = behind_of(text, beginning.head);
    beginning.has_sign = beginning.behind.len > 0 && strchr(":=", beginning.behind.at[0]) != NULL;
    if (beginning.has_sign)
        beginning.behind = behind_of(beginning.behind, (struct span){.at = beginning.behind.at, .len = 1});
    beginning.second = letters_of(beginning.behind);
    beginning.third = behind_of(beginning.behind, beginning.second);
    *ret_beginning = beginning;
    return true;
}

// Whether a word is another spelling of a rule's: two edits for long words, if they begin alike.
static bool is_spelt_alike(const struct beginning *beginning, const char *rule)
{
    size_t edits = nearest_edits(span_of(beginning->key), span_of(rule));
    size_t most = strlen(rule) > 5 && beginning->key[0] == rule[0] ? 2 : 1;
    return edits <= most && (edits == 0 || !rule_word_is(span_of(beginning->key)));
}

static const char *find_misspelt(const struct beginning *beginning, enum value_type type)
{
    for (size_t i = 0; i < RULE_WORDS; i++) {
        const char *rule = rule_word_name((enum rule_word)i);
        if (!is_spelt_alike(beginning, rule) || (i == WORD_PAST && type != TYPE_DATE))
            continue;
        bool is_sure = beginning->has_sign && strcmp(beginning->key, rule) == 0;
        bool is_far = i == WORD_IN && strcmp(beginning->key, rule) != 0 &&
                      (beginning->behind.len == 0 || beginning->behind.at[0] != '(' ||
                          memchr(beginning->behind.at, ',', beginning->behind.len) == NULL);
        if (is_sure || (!is_far && has_needed(meant[i].needs, beginning->behind)))
            return meant[i].advice;
    }
    return NULL;
}

// Of a pair, *shown becomes both words.
static const char *find_foreign(const struct beginning *beginning, struct span *shown)
{
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        bool is_pair = foreign[i].second != NULL;
        if (strcmp(beginning->key, foreign[i].key) != 0 ||
            (is_pair && !span_is_nocase(beginning->second, foreign[i].second)) ||
            !has_needed(foreign[i].needs, is_pair ? beginning->third : beginning->behind))
            continue;
        if (is_pair)
            shown->len = (size_t)(beginning->second.at + beginning->second.len - shown->at);
        return foreign[i].advice;
    }
    return NULL;
}

static const char *find_list(const struct beginning *beginning)
{
    bool is_near = nearest_edits(span_of(beginning->key), span_of("list")) <= 1;
    return is_near && !span_is(beginning->head, "list") && has_needed(NEEDS_END, beginning->behind)
               ? MEANT("list")
               : NULL;
}

// ">= 3", "< 10"
static const char *find_comparison(struct span text)
{
    if (text.len < 2 || strchr("<>", text.at[0]) == NULL)
        return NULL;
    size_t len = 1 + (text.at[1] == '=');
    struct span behind = span_trim((struct span){.at = text.at + len, .len = text.len - len});
    if (!is_number_next(behind))
        return NULL;
    return text.at[0] == '>' ? MEANT("min N") : MEANT("max N");
}

// The first word, or all, where that word is a rule's by itself.
static struct span what_to_show(struct span text, const struct beginning *beginning)
{
    return rule_word_is(beginning->head) ? text : first_word(text);
}

// --- rules inside

// Whether `text` begins with a rule as it should be, whose words are no English.
static bool is_rule_inside(struct span text)
{
    struct span word = letters_of(text), behind = behind_of(text, word);
    bool is_next = word.len < text.len && strchr(" \t(", text.at[word.len]) != NULL;
    if (behind.len == 0)
        return span_is(word, "required") || span_is(word, "unique");
    if (!is_next)
        return false;
    if (span_is(word, "min") || span_is(word, "max") || span_is(word, "maxlength"))
        return is_number_next(behind);
    if (span_is(word, "default"))
        return is_number_next(behind) || strchr("\"'", behind.at[0]) != NULL;
    if (span_is(word, "pattern") || span_is(word, "name") || span_is(word, "format"))
        return strchr("\"'", behind.at[0]) != NULL;
    return span_is(word, "in") && behind.at[0] == '(' && memchr(behind.at, ',', behind.len) != NULL;
}

static bool find_inside(const struct words *description, struct rule_hint *ret_hint)
{
    struct words words = *description;
    for (struct word word = words_next(&words); word.text.len > 0; word = words_next(&words)) {
        struct words from = *description;
        size_t offset = (size_t)(word.text.at - from.rest.at);
        struct span text = span_trim((struct span){.at = word.text.at, .len = from.rest.len - offset});
        if (!is_rule_inside(text))
            continue;
        *ret_hint =
            (struct rule_hint){.shown = letters_of(word.text), .column = word.column, .is_inside = true};
        return true;
    }
    return false;
}

bool rule_hint_find(
    const struct words *description, enum value_type type, bool may_be_list, struct rule_hint *ret_hint)
{
    struct words words = *description;
    struct word rest = words_rest(&words);
    struct beginning beginning;
    const char *advice = find_comparison(rest.text);
    struct span shown = rest.text;
    if (advice == NULL && take_apart(rest.text, &beginning)) {
        shown = what_to_show(rest.text, &beginning);
        advice = find_foreign(&beginning, &shown);
        if (advice == NULL)
            advice = find_misspelt(&beginning, type);
        if (advice == NULL && may_be_list)
            advice = find_list(&beginning);
    }
    if (advice == NULL)
        return find_inside(description, ret_hint);
    *ret_hint = (struct rule_hint){.shown = shown, .column = rest.column, .advice = advice};
    return true;
}
