// SPDX-License-Identifier: Apache-2.0
// Each cell is tried against what is still possible, so that a column of text costs little once all else has
// failed. What a cell stands for is not kept. One thread at a time.
#include "text/column_guess.h"

#include <stdio.h>

#include "base/attr.h"
#include "text/number.h"
#include "text/time_format.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"

enum {
    WHOLE_DIGITS = 18, // of a decimal or whole number that fits in 64 bits
    EXACT_DIGITS = 15, // of a number that a double keeps
    PHONE_DIGITS = 7,  // a plus in front of so many is a telephone's
    DAYS_FEW = 3,      // as many values of eight digits that are days by chance are none
    LETTERS = 9,       // from here on booleans are single letters, of which both have to come
};

const char *const column_tokens[COLUMN_TOKENS] = {"NA", "N/A", "n/a", "#N/A", "\\N", "NULL", "null", "(null)",
    "NaN", "nan", "-", "--", ".", "..", "...", ":", "/", "x", "X", "\xE2\x80\x93", "(D)", "(NA)", "(X)",
    "n.d.", "n.a.", "k.A."};

const char *const column_date_formats[COLUMN_DATES] = {"%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y",
    "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y",
    "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d. %b %Y", "%Y%m%d"};

const char *const column_time_formats[COLUMN_TIMES] = {"%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S%z",
    "%H:%M:%S %z", "%H:%M:%S.%f%z", "%I:%M %p", "%I:%M:%S %p"};

enum {
    FORMAT_ISO = 0,
    FORMAT_DIGITS = COLUMN_DATES - 1,
    ALL_DATES = (1 << COLUMN_DATES) - 1,
    ALL_TIMES = (1 << COLUMN_TIMES) - 1
};

const char *const column_booleans[COLUMN_BOOLEANS][2] = {{"false", "true"}, {"no", "yes"}, {"nein", "ja"},
    {"non", "oui"}, {"no", "s\xC3\xAC"}, {"no", "si"}, {"faux", "vrai"}, {"falso", "vero"},
    {"falsch", "wahr"}, {"f", "t"}, {"n", "y"}, {"n", "j"}, {"n", "s"}, {"n", "o"}};

enum { ALL_BOOLEANS = (1 << COLUMN_BOOLEANS) - 1 };

void column_guess_init(struct column_guess *guess)
{
    *guess = (struct column_guess){.value_bytes_min = SIZE_MAX};
    value_set_init(&guess->unique, COLUMN_UNIQUE_MAX);
    value_set_init(&guess->mixed, COLUMN_MIXED_MAX);
}

void column_guess_fini(struct column_guess *guess)
{
    value_set_fini(&guess->unique);
    value_set_fini(&guess->mixed);
}

// --- one cell

static bool is_token(struct span cell, size_t *ret_token)
{
    for (size_t i = 0; i < COLUMN_TOKENS; i++) {
        if (span_is(cell, column_tokens[i])) {
            *ret_token = i;
            return true;
        }
    }
    return false;
}

static bool is_digits(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.at[i]))
            return false;
    }
    return text.len > 0;
}

static void feed_integer(struct column_guess *guess, struct span cell)
{
    struct span digits = cell;
    int64_t integer;
    if (digits.len > 0 && digits.at[0] == '-')
        span_drop(&digits, 1);
    bool is_zero_filled = digits.len > 1 && digits.at[0] == '0';
    guess->long_digits += is_digits(digits) && digits.len > 3;
    if (!is_digits(digits) || is_zero_filled || !number_parse_integer(cell, &integer))
        guess->not_integer = true;
}

// Takes a unit off a number, and the sign with it. Amounts in several currencies are no numbers of one kind.
static struct span feed_unit(struct column_guess *guess, struct span cell)
{
    struct span units[NUMBER_UNITS];
    for (size_t i = 0; i < NUMBER_UNITS; i++)
        units[i] = span_of(number_units[i]);
    struct number_parts parts = number_unit_split(cell, units, NUMBER_UNITS);
    bool has_sign_twice = parts.sign != '\0' && parts.digits.len > 0 && !ascii_is_digit(parts.digits.at[0]) &&
                          strchr("+-", parts.digits.at[0]) != NULL;
    if (parts.unit < 0 || has_sign_twice)
        return cell;
    guess->has_other_units = guess->has_other_units || (guess->units > 0 && parts.unit != guess->unit);
    guess->unit = parts.unit;
    guess->units++;
    return parts.digits;
}

static bool is_a_number(const struct column_guess *guess)
{
    for (size_t i = 0; i < NUMBER_STYLES; i++) {
        if (!guess->styles[i].fails)
            return true;
    }
    return false;
}

static void feed_number(struct column_guess *guess, struct span cell)
{
    struct number_shape shape;
    if (!is_a_number(guess))
        return;
    cell = feed_unit(guess, cell);
    for (size_t i = 0; i < NUMBER_STYLES; i++) {
        struct column_style *style = &guess->styles[i];
        if (style->fails)
            continue;
        if (!number_style_fits(cell, number_styles[i], &shape)) {
            style->fails = true;
            continue;
        }
        if (shape.zero_filled ||
            (cell.len > 0 && cell.at[0] == '+' && !shape.has_point && shape.whole >= PHONE_DIGITS))
            guess->is_zero_filled = true;
        style->points += shape.has_point;
        style->groups += shape.has_groups;
        if (shape.whole > style->whole)
            style->whole = shape.whole;
        if (shape.scale > style->scale)
            style->scale = shape.scale;
        if (shape.has_point && (style->points == 1 || shape.scale < style->scale_min))
            style->scale_min = shape.scale;
    }
}

// The formats of `failed` and those that do not read the text.
static unsigned feed_formats(struct span text, const char *const *formats, unsigned count, unsigned failed)
{
    struct time_parts parts;
    for (unsigned i = 0; i < count; i++) {
        if (!(failed & 1u << i) && !time_format_read(text, span_of(formats[i]), NULL, &parts))
            failed |= 1u << i;
    }
    return failed;
}

// Splits a day and a time: what has a colon is a time, with the one or two digits before it. The separator is
// '\0' where there is no day.
static bool split_moment(struct span cell, struct span *ret_day, char *ret_separator, struct span *ret_time)
{
    const char *colon = cell.len > 0 ? memchr(cell.at, ':', cell.len) : NULL;
    size_t at = colon != NULL ? (size_t)(colon - cell.at) : 0;
    for (int digits = 0; digits < 2 && at > 0 && ascii_is_digit(cell.at[at - 1]); digits++)
        at--;
    if (colon == NULL)
        return false;
    *ret_separator = at == 0 ? '\0' : cell.at[at - 1] != '\0' ? cell.at[at - 1] : '?';
    *ret_day = (struct span){.at = cell.at, .len = at > 0 ? at - 1 : 0};
    *ret_time = span_from(cell, at);
    return true;
}

static size_t count_fraction(struct span time)
{
    struct span rest = time;
    size_t count = 0;
    (void)span_split(&rest, '.');
    while (count < rest.len && ascii_is_digit(rest.at[count]))
        count++;
    return count;
}

// A day, a time, or both.
static void feed_moment(struct column_guess *guess, struct span cell)
{
    struct span day = cell, time;
    struct date date;
    char separator;
    int64_t us;
    if (guess->dates == ALL_DATES && guess->times == ALL_TIMES)
        return;
    if (split_moment(cell, &day, &separator, &time)) {
        guess->times = feed_formats(time, column_time_formats, COLUMN_TIMES, guess->times);
        guess->is_mixed = guess->is_mixed || strchr(" T_-", separator) == NULL ||
                          (guess->separator != '\0' && separator != guess->separator);
        guess->separator = separator;
        size_t digits = count_fraction(time);
        if (digits > guess->fraction_digits)
            guess->fraction_digits = digits;
        guess->clocks += time_of_day_parse(cell, &us);
        guess->stamps += timestamp_parse(cell, &us);
        guess->moments += day.len > 0;
    } else {
        guess->days++;
    }
    if (!(guess->dates & 1u << FORMAT_ISO))
        guess->is_short = guess->is_short || !date_parse(day, &date);
    if (day.len > 0)
        guess->dates = feed_formats(day, column_date_formats, COLUMN_DATES, guess->dates);
}

static void feed_boolean(struct column_guess *guess, struct span cell)
{
    for (unsigned i = 0; i < COLUMN_BOOLEANS && guess->booleans != ALL_BOOLEANS; i++) {
        bool is_false = span_is_nocase(cell, column_booleans[i][0]);
        bool is_true = span_is_nocase(cell, column_booleans[i][1]);
        guess->words[0] |= is_false ? 1u << i : 0;
        guess->words[1] |= is_true ? 1u << i : 0;
        if (!is_false && !is_true)
            guess->booleans |= 1u << i;
    }
    for (size_t i = 0; i < cell.len && !guess->has_capitals; i++)
        guess->has_capitals = cell.at[i] != ascii_lower(cell.at[i]);
}

static void feed_sets(struct column_guess *guess, struct span cell)
{
    if (!guess->is_repeated && !value_set_add(&guess->unique, cell)) {
        guess->is_repeated = true;
        value_set_lose(&guess->unique);
    }
    (void)value_set_add(&guess->mixed, cell);
}

void column_guess_feed(struct column_guess *guess, struct span cell)
{
    size_t token;
    struct span value = span_trim(cell);
    guess->padded += value.len != cell.len;
    if (value.len == 0) {
        guess->empty++;
        guess->blank += cell.len > 0;
        return;
    }
    feed_sets(guess, value);
    if (is_token(value, &token)) {
        guess->tokens[token]++;
        return;
    }
    guess->values++;
    guess->spaced += memchr(value.at, ' ', value.len) != NULL;
    if (value.len > guess->value_bytes)
        guess->value_bytes = value.len;
    if (value.len < guess->value_bytes_min)
        guess->value_bytes_min = value.len;
    feed_integer(guess, value);
    feed_number(guess, value);
    feed_moment(guess, value);
    feed_boolean(guess, value);
}

// --- all of them

// The first of `count` formats that has not failed; -1: there is none.
static int first_format(unsigned failed, int count)
{
    for (int i = 0; i < count; i++) {
        if (!(failed & 1u << i))
            return i;
    }
    return -1;
}

// The pair of the column's booleans; -1: they are none.
static int boolean_pair(const struct column_guess *guess)
{
    for (int i = 0; i < COLUMN_BOOLEANS; i++) {
        unsigned bit = 1u << i;
        bool has_both = (guess->words[0] & bit) && (guess->words[1] & bit);
        if (!(guess->booleans & bit) && (has_both || i < LETTERS))
            return i;
    }
    return -1;
}

// The format of the column's dates; -1: they are none.
static int day_format(const struct column_guess *guess, bool month_first)
{
    int found = -1;
    for (int i = 0; i < COLUMN_DATES; i++) {
        if (guess->dates & 1u << i)
            continue;
        bool is_month_first = strncmp(column_date_formats[i], "%m", 2) == 0;
        if (found < 0 || (is_month_first && month_first))
            found = i;
    }
    return found;
}

static bool is_number(const struct column_guess *guess, size_t style)
{
    const struct column_style *fit = &guess->styles[style];
    return !fit->fails && !guess->is_zero_filled && !guess->has_other_units &&
           (!guess->not_integer || fit->whole + fit->scale <= EXACT_DIGITS || fit->groups > 0 ||
               (fit->points > 0 && fit->whole + fit->scale <= WHOLE_DIGITS));
}

// What the values are as days and times; COLUMN_TEXT where they are none.
static enum column_kind kind_of_time(const struct column_guess *guess, int day)
{
    int time = first_format(guess->times, COLUMN_TIMES);
    bool is_clock = time >= 0 && strstr(column_time_formats[time], "%z") == NULL;
    if (day >= 0 && guess->days == guess->values)
        return COLUMN_DATE;
    if (guess->stamps == guess->values)
        return COLUMN_TIMESTAMP;
    if (guess->moments == guess->values && day >= 0 && time >= 0 && !guess->is_mixed)
        return COLUMN_TIMESTAMP;
    bool is_time =
        guess->clocks == guess->values || (is_clock && guess->separator == '\0' && !guess->is_mixed);
    return guess->days + guess->moments == 0 && is_time ? COLUMN_TIME : COLUMN_TEXT;
}

enum column_kind column_guess_kind(const struct column_guess *guess, const struct column_ways *ways)
{
    if (guess->values == 0)
        return column_guess_tokens(guess) > 0 ? COLUMN_TEXT : COLUMN_EMPTY;
    if (boolean_pair(guess) >= 0)
        return COLUMN_BOOLEAN;
    int day = day_format(guess, ways->month_first);
    bool is_digits = day == FORMAT_DIGITS && guess->days == guess->values;
    if (is_digits && guess->values >= DAYS_FEW)
        return COLUMN_DATE;
    if (!guess->not_integer)
        return COLUMN_INTEGER;
    if (is_number(guess, ways->style)) {
        const struct column_style *style = &guess->styles[ways->style];
        return style->points == 0 && style->whole <= WHOLE_DIGITS ? COLUMN_INTEGER : COLUMN_NUMBER;
    }
    return is_digits ? COLUMN_TEXT : kind_of_time(guess, day);
}

void column_guess_format(
    const struct column_guess *guess, const struct column_ways *ways, char ret_format[COLUMN_FORMAT_BYTES])
{
    enum column_kind kind = column_guess_kind(guess, ways);
    int day = day_format(guess, ways->month_first);
    int time = first_format(guess->times, COLUMN_TIMES);
    ret_format[0] = '\0';
    if (kind == COLUMN_DATE && (day != FORMAT_ISO || guess->is_short))
        snprintf(ret_format, COLUMN_FORMAT_BYTES, "%s", column_date_formats[day]);
    if (kind == COLUMN_TIME && guess->clocks < guess->values)
        snprintf(ret_format, COLUMN_FORMAT_BYTES, "%s", column_time_formats[time]);
    if (kind == COLUMN_TIMESTAMP && guess->stamps < guess->values)
        snprintf(ret_format, COLUMN_FORMAT_BYTES, "%s%c%s", column_date_formats[day], guess->separator,
            column_time_formats[time]);
}

const char *const *column_guess_booleans(const struct column_guess *guess)
{
    int pair = boolean_pair(guess);
    return pair < 0 || (pair == 0 && !guess->has_capitals) ? NULL : column_booleans[pair];
}

const char *column_guess_unit(const struct column_guess *guess)
{
    return guess->units > 0 ? number_units[guess->unit] : NULL;
}

// Whether the other way to read a sign fits, too: "1.234" is a number with three digits behind the point, or
// one of thousands.
static bool is_ambiguous(const struct column_guess *guess, size_t style)
{
    const struct column_style *fit = &guess->styles[style];
    bool as_groups = fit->groups > 0 && fit->points == 0;
    char sign = as_groups ? number_styles[style].thousands : number_styles[style].decimal;
    if (!as_groups && (fit->groups > 0 || fit->scale != 3 || fit->scale_min != 3))
        return false;
    for (size_t i = 0; i < NUMBER_STYLES; i++) {
        const struct column_style *other = &guess->styles[i];
        bool is_other = as_groups ? number_styles[i].decimal == sign && number_styles[i].thousands == '\0'
                                  : number_styles[i].thousands == sign && other->points == 0;
        if (is_other && !other->fails)
            return true;
    }
    return false;
}

// How much the column says for the style: nothing where it does not fit or is of digits alone.
static unsigned speaks_for(const struct column_guess *guess, size_t style, char delimiter)
{
    enum { HARDLY = 1, PERHAPS = 3, SURELY = 1000 };
    const struct column_style *fit = &guess->styles[style];
    if (guess->values == 0 || !is_number(guess, style) || fit->points + fit->groups == 0)
        return 0;
    if (!is_ambiguous(guess, style))
        return SURELY;
    // It is of thousands where all numbers past 999 are written so, and some are not past it.
    bool as_groups = fit->points == 0;
    char sign = as_groups ? number_styles[style].thousands : number_styles[style].decimal;
    uint64_t written = as_groups ? fit->groups : fit->points;
    bool wants_groups =
        guess->long_digits == 0 && (written < guess->values || (sign == ',' && delimiter == ','));
    return as_groups == wants_groups ? PERHAPS : HARDLY;
}

// 1: months stand in front of days; -1: days in front of months; 0: the column does not say.
static int month_first(const struct column_guess *guess)
{
    bool day = false, month = false;
    for (size_t i = 0; i < COLUMN_DATES; i++) {
        bool is_month_first = strncmp(column_date_formats[i], "%m", 2) == 0;
        month = month || (is_month_first && !(guess->dates & 1u << i));
        day = day || (!is_month_first && !(guess->dates & 1u << i));
    }
    return guess->values == 0 || day == month ? 0 : month ? 1 : -1;
}

void column_ways_settle(
    const struct column_guess *const *guesses, size_t count, char delimiter, struct column_ways *ret_ways)
{
    unsigned best = 0;
    int months = 0;
    *ret_ways = (struct column_ways){0};
    for (size_t style = 0; style < NUMBER_STYLES; style++) {
        unsigned sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += speaks_for(guesses[i], style, delimiter);
        if (sum > best) {
            best = sum;
            ret_ways->style = style;
        }
    }
    for (size_t i = 0; i < count; i++)
        months += month_first(guesses[i]);
    ret_ways->month_first =
        months > 0 || (months == 0 && delimiter == ',' && number_styles[ret_ways->style].decimal == '.');
}

bool column_guess_is_key(const struct column_guess *guess)
{
    return guess->values > 0 && guess->empty == 0 && column_guess_tokens(guess) == 0 && !guess->is_repeated &&
           !guess->unique.is_lost;
}

uint64_t column_guess_tokens(const struct column_guess *guess)
{
    uint64_t count = 0;
    for (size_t i = 0; i < COLUMN_TOKENS; i++)
        count += guess->tokens[i];
    return count;
}
