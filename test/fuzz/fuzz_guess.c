// SPDX-License-Identifier: Apache-2.0
// What is guessed of a file holds: its layout lies in the text, and each cell of a column is read by the kind
// and the format that the column is said to have. The text is a file, and its lines are the cells of a
// column.
#include <stdint.h>
#include <stdlib.h>

#include "text/charset_guess.h"
#include "text/column_guess.h"
#include "text/csv_sniff.h"
#include "text/number_unit.h"
#include "text/sql_name.h"
#include "text/time_format.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void try_layout(struct span text)
{
    struct csv_sniff sniff;
    struct charset_guess guess = {0};
    char name[SQL_NAME_CHARS];
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n' || text.at[i] == '\r';
    csv_sniff(text, &sniff);
    require(sniff.skip + sniff.header_lines <= lines && sniff.header_rows <= sniff.header_lines);
    require(sniff.delimiter == csv_sniff_delimiter(text));
    charset_guess_feed(&guess, text);
    (void)charset_guess_name(&guess, true);
    if (sql_name_make(text, name))
        require(name[0] >= 'a' && name[0] <= 'z' && strlen(name) < SQL_NAME_CHARS);
}

static bool is_token(struct span value)
{
    for (size_t i = 0; i < COLUMN_TOKENS; i++) {
        if (span_is(value, column_tokens[i]))
            return true;
    }
    return false;
}

static bool is_boolean(const struct column_guess *guess, struct span value)
{
    const char *const *words = column_guess_booleans(guess);
    if (words == NULL)
        return span_is(value, "true") || span_is(value, "false");
    return span_is_nocase(value, words[0]) || span_is_nocase(value, words[1]);
}

// A number without the unit that the column is said to have beside it.
static struct span without_unit(const struct column_guess *guess, struct span value)
{
    const char *unit = column_guess_unit(guess);
    if (unit == NULL)
        return value;
    struct span units[] = {span_of(unit)};
    return number_unit_split(value, units, 1).digits;
}

static bool is_read(const struct column_guess *guess, const struct column_ways *ways, enum column_kind kind,
    struct span value)
{
    char format[COLUMN_FORMAT_BYTES];
    struct time_parts parts;
    struct number_shape shape;
    struct date date;
    int64_t us;
    column_guess_format(guess, ways, format);
    switch (kind) {
    case COLUMN_EMPTY:
    case COLUMN_JSON: // which no guess finds
        return false;
    case COLUMN_TEXT:
        return true;
    case COLUMN_BOOLEAN:
        return is_boolean(guess, value);
    case COLUMN_INTEGER:
    case COLUMN_NUMBER:
        return number_style_fits(without_unit(guess, value), number_styles[ways->style], &shape);
    case COLUMN_DATE:
        return format[0] != '\0' ? time_format_read(value, span_of(format), NULL, &parts)
                                 : date_parse(value, &date);
    case COLUMN_TIME:
        return format[0] != '\0' ? time_format_read(value, span_of(format), NULL, &parts)
                                 : time_of_day_parse(value, &us);
    case COLUMN_TIMESTAMP:
        return format[0] != '\0' ? time_format_read(value, span_of(format), NULL, &parts)
                                 : timestamp_parse(value, &us);
    }
    return false;
}

static void check_format(
    const struct column_guess *guess, const struct column_ways *ways, enum column_kind kind)
{
    char format[COLUMN_FORMAT_BYTES];
    enum time_format_use use = kind == COLUMN_DATE   ? FORMAT_OF_DATE
                               : kind == COLUMN_TIME ? FORMAT_OF_TIME
                                                     : FORMAT_OF_TIMESTAMP;
    column_guess_format(guess, ways, format);
    require(format[0] == '\0' || time_format_problem(span_of(format), use) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .len = size};
    struct column_guess guess;
    const struct column_guess *guesses[] = {&guess};
    struct column_ways ways;
    try_layout(text);
    column_guess_init(&guess);
    for (struct span rest = text; rest.len > 0;)
        column_guess_feed(&guess, span_line(&rest));
    column_ways_settle(guesses, 1, ';', &ways);
    enum column_kind kind = column_guess_kind(&guess, &ways);
    check_format(&guess, &ways, kind);
    for (struct span rest = text; rest.len > 0;) {
        struct span value = span_trim(span_line(&rest));
        require(value.len == 0 || is_token(value) || is_read(&guess, &ways, kind, value));
    }
    column_guess_fini(&guess);
    return 0;
}
