// SPDX-License-Identifier: Apache-2.0
// Reads the syntax of pcre2pattern(3) as far as it tells items, groups and repetitions apart. What an item
// matches is not looked at: ([a-z]+[0-9]+)* is found, whose rounds are told apart, and (a|aa)* is not. Any
// thread.
#include "text/pattern_nest.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

enum {
    MAX_DEPTH = 256, // of groups: PCRE2 takes 250
    FEW_ROUNDS = 10, // of a group, up to which its work stays small
};

// One group, or the pattern as a whole.
struct group {
    bool is_atomic;     // what it has matched is not gone back into
    bool is_assertion;  // it takes no text
    bool is_filled;     // an alternative before this one is
    bool is_empty;      // an alternative before this one may match nothing
    bool has_repeat;    // this alternative has an item of many lengths
    bool has_mandatory; // this alternative has an item that is not such and has to match something
};

struct item {
    bool is_repeat; // it matches texts of many lengths
    bool is_empty;  // it may match nothing
};

struct reading {
    struct span text;
    size_t at;
    struct group groups[MAX_DEPTH]; // the open ones, the pattern itself first
    size_t depth;                   // of the innermost
    bool is_nested;                 // the result
};

static bool is_next(const struct reading *reading, size_t ahead, char byte)
{
    return reading->at + ahead < reading->text.len && reading->text.at[reading->at + ahead] == byte;
}

// Goes behind the next `byte`, or to the end.
static void skip_behind(struct reading *reading, char byte)
{
    while (reading->at < reading->text.len && !is_next(reading, 0, byte))
        reading->at++;
    reading->at++;
}

// --- repetitions

struct repeat {
    bool is_given;
    bool is_possessive;
    int64_t min;
    int64_t max; // INT64_MAX: no end
};

static bool read_count(struct reading *reading, int64_t *count)
{
    size_t first = reading->at;
    int64_t number = 0;
    for (; reading->at < reading->text.len && ascii_is_digit(reading->text.at[reading->at]); reading->at++)
        number = number < 100000 ? number * 10 + (reading->text.at[reading->at] - '0') : number;
    if (reading->at > first)
        *count = number;
    return reading->at > first;
}

// {n}, {n,} or {n,m}; what else is in braces is text.
static bool read_braces(struct reading *reading, struct repeat *repeat)
{
    size_t start = reading->at++;
    bool fine = read_count(reading, &repeat->min);
    repeat->max = repeat->min;
    if (fine && is_next(reading, 0, ',')) {
        reading->at++;
        repeat->max = INT64_MAX;
        (void)read_count(reading, &repeat->max);
    }
    fine = fine && is_next(reading, 0, '}');
    reading->at = fine ? reading->at + 1 : start;
    return fine;
}

static struct repeat read_repeat(struct reading *reading)
{
    struct repeat once = {.min = 1, .max = 1}, repeat = {.is_given = true, .max = INT64_MAX};
    if (is_next(reading, 0, '{')) {
        if (!read_braces(reading, &repeat))
            return once;
    } else if (is_next(reading, 0, '*') || is_next(reading, 0, '+') || is_next(reading, 0, '?')) {
        repeat.min = is_next(reading, 0, '+');
        repeat.max = is_next(reading, 0, '?') ? 1 : INT64_MAX;
        reading->at++;
    } else {
        return once;
    }
    repeat.is_possessive = is_next(reading, 0, '+');
    if (repeat.is_possessive || is_next(reading, 0, '?'))
        reading->at++;
    return repeat;
}

// An item has ended: its repetition follows, if it has one.
static void end_item(struct reading *reading, struct item item, bool is_group)
{
    struct repeat repeat = read_repeat(reading);
    if (is_group && item.is_repeat && repeat.max > FEW_ROUNDS && !repeat.is_possessive)
        reading->is_nested = true;
    if (repeat.is_given) {
        bool varies = repeat.max > repeat.min && repeat.max > 1;
        item.is_repeat = !repeat.is_possessive && (varies || item.is_repeat);
        item.is_empty = item.is_empty || repeat.min == 0;
    }
    struct group *group = &reading->groups[reading->depth];
    group->has_repeat = group->has_repeat || item.is_repeat;
    group->has_mandatory = group->has_mandatory || (!item.is_repeat && !item.is_empty);
}

// --- groups

static void end_alternative(struct group *group)
{
    group->is_filled = group->is_filled || (group->has_repeat && !group->has_mandatory);
    group->is_empty = group->is_empty || (!group->has_repeat && !group->has_mandatory);
    group->has_repeat = group->has_mandatory = false;
}

static void end_group(struct reading *reading)
{
    struct group *group = &reading->groups[reading->depth];
    end_alternative(group);
    struct item item = {.is_repeat = group->is_filled && !group->is_atomic && !group->is_assertion,
        .is_empty = group->is_empty || group->is_assertion};
    reading->depth -= reading->depth > 0;
    reading->at++;
    end_item(reading, item, true);
}

// Behind "(?": what kind of group it is. False when it is none: options, a comment, a call of another group.
static bool read_kind(struct reading *reading, struct group *group)
{
    size_t behind = is_next(reading, 0, '<') ? 1 : 0; // (?<= and (?<!
    if (is_next(reading, behind, '=') || is_next(reading, behind, '!')) {
        group->is_assertion = true;
        reading->at += behind + 1;
    } else if (is_next(reading, 0, '>') || is_next(reading, 0, '|') || is_next(reading, 0, ':')) {
        group->is_atomic = is_next(reading, 0, '>');
        reading->at++;
    } else if (is_next(reading, 0, '<') || is_next(reading, 1, '<')) {
        skip_behind(reading, '>'); // (?<name> and (?P<name>
    } else if (is_next(reading, 0, '\'')) {
        reading->at++;
        skip_behind(reading, '\'');
    } else {
        while (reading->at < reading->text.len && !is_next(reading, 0, ')') && !is_next(reading, 0, ':'))
            reading->at++;
        bool is_group = is_next(reading, 0, ':'); // (?i: has options of its own
        reading->at++;
        return is_group;
    }
    return true;
}

static void begin_group(struct reading *reading)
{
    struct group group = {0};
    bool is_group = true;
    reading->at++;
    if (is_next(reading, 0, '*')) {
        skip_behind(reading, ')'); // a verb
        is_group = false;
    } else if (is_next(reading, 0, '?')) {
        reading->at++;
        is_group = read_kind(reading, &group);
    }
    if (is_group && reading->depth + 1 < MAX_DEPTH)
        reading->groups[++reading->depth] = group;
}

// --- items

// [...], with its escapes and names such as [:alpha:].
static void skip_class(struct reading *reading)
{
    reading->at += is_next(reading, 1, '^') ? 2 : 1;
    reading->at += is_next(reading, 0, ']'); // as the first one it is a member
    while (reading->at < reading->text.len && !is_next(reading, 0, ']')) {
        if (is_next(reading, 0, '[') && is_next(reading, 1, ':'))
            skip_behind(reading, ']');
        else
            reading->at += is_next(reading, 0, '\\') ? 2 : 1;
    }
    reading->at++;
}

// An escape; true when it takes no text.
static bool skip_escape(struct reading *reading)
{
    static const char empty[] = "bBAzZGK";
    char kind = reading->at + 1 < reading->text.len ? reading->text.at[reading->at + 1] : '\\';
    reading->at += 2;
    if (is_next(reading, 0, '{') && memchr("pPxoNgk", kind, 7) != NULL)
        skip_behind(reading, '}');
    else if (kind == 'p' || kind == 'P') // \pL
        reading->at++;
    return memchr(empty, kind, sizeof(empty) - 1) != NULL;
}

static void read_next(struct reading *reading)
{
    struct item item = {0};
    switch (reading->text.at[reading->at]) {
    case '(':
        begin_group(reading);
        return;
    case ')':
        end_group(reading);
        return;
    case '|':
        end_alternative(&reading->groups[reading->depth]);
        reading->at++;
        return;
    case '[':
        skip_class(reading);
        break;
    case '\\':
        item.is_empty = skip_escape(reading);
        break;
    case '^':
    case '$':
        item.is_empty = true;
        reading->at++;
        break;
    default:
        reading->at++;
        break;
    }
    end_item(reading, item, false);
}

bool pattern_is_nested(struct span text)
{
    struct reading reading = {.text = text};
    while (reading.at < text.len && !reading.is_nested)
        read_next(&reading);
    return reading.is_nested;
}
