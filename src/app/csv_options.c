// SPDX-License-Identifier: Apache-2.0
// Each option has one row: its word, how many values it takes, how they are read and written. Leaves to
// text/ what a dialect does. One thread at a time.
#include "app/csv_options.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "text/charset.h"
#include "text/nearest.h"
#include "text/number.h"
#include "text/time_format.h"

enum { MANY = CSV_WORDS, PREFIX_LEN = sizeof("csv.") - 1 };

// An option's values are read by one of these: NULL when they are fine, "" when they are not what the row
// wants, or else what is wrong with the last one.
typedef const char *set_function(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first);
typedef void write_function(const struct csv_dialect *dialect, struct buf *out);

// --- characters

static const struct {
    const char *name; // as a word
    char character;
} named[] = {{"tab", '\t'}, {"\\t", '\t'}, {"space", ' '}};

// The character of a value: itself, or by name; 0 when it is neither.
static char character_of(struct span value)
{
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (span_is(value, named[i].name))
            return named[i].character;
    }
    return value.len == 1 ? value.at[0] : '\0';
}

static void write_character(const char *word, char character, struct buf *out)
{
    if (character == '\t')
        buf_printf(out, "%s tab ", word);
    else if (character == ' ')
        buf_printf(out, "%s space ", word);
    else
        buf_printf(out, character == '\'' ? "%s \"%c\" " : "%s '%c' ", word, character);
}

static const char *set_delimiter(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    bool is_auto = span_is(values[0], "auto");
    char c = is_auto ? ',' : character_of(values[0]);
    bool is_fine =
        c == '\t' || (c >= ' ' && c < 0x7f && c != '"' && !ascii_is_letter(c) && !ascii_is_digit(c));
    dialect->is_auto = is_auto;
    dialect->delimiter = c;
    return is_fine ? NULL : "";
}

static void write_delimiter(const struct csv_dialect *dialect, struct buf *out)
{
    if (dialect->is_auto)
        buf_append_str(out, "delimiter auto ");
    else if (dialect->delimiter != ',')
        write_character("delimiter", dialect->delimiter, out);
}

static const char *set_decimal(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->decimal = character_of(values[0]);
    return dialect->decimal == '.' || dialect->decimal == ',' ? NULL : "";
}

static void write_decimal(const struct csv_dialect *dialect, struct buf *out)
{
    if (dialect->decimal != '.')
        write_character("decimal", dialect->decimal, out);
}

static const char *set_thousands(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->thousands = span_is(values[0], "none") ? '\0' : character_of(values[0]);
    if (span_is(values[0], "none"))
        return NULL;
    return dialect->thousands != '\0' && strchr(".,' ", dialect->thousands) != NULL ? NULL : "";
}

static void write_thousands(const struct csv_dialect *dialect, struct buf *out)
{
    if (dialect->thousands != '\0')
        write_character("thousands", dialect->thousands, out);
}

// --- texts

// In the kind of quotes that the text does not hold.
static void write_text(struct span text, struct buf *out)
{
    char quote = text.len > 0 && memchr(text.at, '\'', text.len) != NULL ? '"' : '\'';
    buf_printf(out, "%c%.*s%c ", quote, (int)text.len, text.at, quote);
}

static void write_named_text(const char *word, struct span text, struct buf *out)
{
    if (text.len == 0)
        return;
    buf_printf(out, "%s ", word);
    write_text(text, out);
}

static const char *set_encoding(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->encoding = values[0];
    if (charset_is_utf8(values[0]))
        dialect->encoding.len = 0;
    return charset_is_name(values[0]) ? NULL : "";
}

static void write_encoding(const struct csv_dialect *dialect, struct buf *out)
{
    if (dialect->encoding.len > 0)
        buf_printf(out, "encoding %.*s ", (int)dialect->encoding.len, dialect->encoding.at);
}

static const char *set_until(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->until = values[0];
    return values[0].len > 0 ? NULL : "";
}

static void write_until(const struct csv_dialect *dialect, struct buf *out)
{
    write_named_text("until", dialect->until, out);
}

// A field reads the canonical form as well, whatever its format.
static const char *set_date(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->date = values[0];
    return time_format_problem(values[0], FORMAT_OF_DATE);
}

static void write_date(const struct csv_dialect *dialect, struct buf *out)
{
    write_named_text("date", dialect->date, out);
}

static const char *set_timestamp(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->timestamp = values[0];
    return time_format_problem(values[0], FORMAT_OF_TIMESTAMP);
}

static void write_timestamp(const struct csv_dialect *dialect, struct buf *out)
{
    write_named_text("timestamp", dialect->timestamp, out);
}

static const char *set_time(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    dialect->time = values[0];
    return time_format_problem(values[0], FORMAT_OF_TIME);
}

static void write_time(const struct csv_dialect *dialect, struct buf *out)
{
    write_named_text("time", dialect->time, out);
}

// --- the header and what stands around it

static const char *set_skip(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    int64_t lines;
    if (!number_parse_integer(values[0], &lines) || lines < 0 || lines > LIMIT_CSV_SKIP_LINES)
        return "";
    dialect->skip = (uint32_t)lines;
    return NULL;
}

static void write_skip(const struct csv_dialect *dialect, struct buf *out)
{
    if (dialect->skip > 0)
        buf_printf(out, "skip %u ", (unsigned)dialect->skip);
}

static const char *const headers[] = {
    [CSV_HEADER_PRESENT] = "present", [CSV_HEADER_ANY_CASE] = "any-case", [CSV_HEADER_ABSENT] = "absent"};

static const char *set_header(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)count, (void)is_first;
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        if (span_is_nocase(values[0], headers[i])) {
            dialect->header = (enum csv_header)i;
            return NULL;
        }
    }
    return "";
}

static void write_header(const struct csv_dialect *dialect, struct buf *out)
{
    if (dialect->header != CSV_HEADER_PRESENT)
        buf_printf(out, "header %s ", headers[dialect->header]);
}

// --- switches

// Reads one of two words; no value is the first one.
static const char *set_switch(
    bool *is_on, const struct span *values, size_t count, const char *on, const char *off)
{
    *is_on = count == 0 || values[0].len == 0 || span_is(values[0], on);
    return *is_on || span_is(values[0], off) ? NULL : "";
}

static const char *set_quote(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)is_first;
    return set_switch(&dialect->has_no_quotes, values, count, "none", "double");
}

static void write_quote(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->has_no_quotes ? "quote none " : "");
}

static const char *set_trim(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)is_first;
    return set_switch(&dialect->trims, values, count, "on", "off");
}

static void write_trim(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->trims ? "trim " : "");
}

static const char *set_extra(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)is_first;
    return set_switch(&dialect->ignores_extra, values, count, "ignore", "refuse");
}

static void write_extra(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->ignores_extra ? "extra ignore " : "");
}

static const char *set_short(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)is_first;
    return set_switch(&dialect->fills_short, values, count, "fill", "refuse");
}

static void write_short(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->fills_short ? "short fill " : "");
}

static const char *set_blank(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    (void)is_first;
    return set_switch(&dialect->ignores_blank, values, count, "ignore", "keep");
}

static void write_blank(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->ignores_blank ? "blank ignore " : "");
}

// --- lists

static const char *set_null(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    if (is_first)
        dialect->null_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (dialect->null_count == CSV_WORDS)
            return "is one too many: 16 are the most";
        dialect->nulls[dialect->null_count++] = values[i];
    }
    return NULL;
}

static void write_null(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->null_count > 0 ? "null " : "");
    for (size_t i = 0; i < dialect->null_count; i++)
        write_text(dialect->nulls[i], out);
}

// Whether a text may stand beside a number: it neither begins nor ends as one does, nor with a blank.
static bool is_unit(struct span text)
{
    static const char ends[] = "0123456789.,'+- \t";
    return text.len > 0 && strchr(ends, text.at[0]) == NULL && strchr(ends, text.at[text.len - 1]) == NULL;
}

static const char *set_unit(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    if (is_first)
        dialect->unit_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (dialect->unit_count == CSV_WORDS)
            return "is one too many: 16 are the most";
        if (!is_unit(values[i]))
            return "";
        dialect->units[dialect->unit_count++] = values[i];
    }
    return NULL;
}

static void write_unit(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->unit_count > 0 ? "unit " : "");
    for (size_t i = 0; i < dialect->unit_count; i++)
        write_text(dialect->units[i], out);
}

static const char *set_boolean(
    struct csv_dialect *dialect, const struct span *values, size_t count, bool is_first)
{
    if (is_first)
        dialect->boolean_count = 0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        if (dialect->boolean_count == CSV_WORDS)
            return "is one too many: 16 pairs are the most";
        if (span_equal_nocase(values[i], values[i + 1]))
            return "is true and false";
        dialect->trues[dialect->boolean_count] = values[i];
        dialect->falses[dialect->boolean_count++] = values[i + 1];
    }
    return count % 2 == 0 ? NULL : "";
}

static void write_boolean(const struct csv_dialect *dialect, struct buf *out)
{
    buf_append_str(out, dialect->boolean_count > 0 ? "boolean " : "");
    for (size_t i = 0; i < dialect->boolean_count; i++) {
        write_text(dialect->trues[i], out);
        write_text(dialect->falses[i], out);
    }
}

// --- the table

static const struct csv_option {
    const char *word;
    size_t min_values, max_values;
    bool is_list;          // it may come several times
    const char *wants;     // behind "needs" or "must be"
    set_function *set;     //
    write_function *write; //
} table[] = {
    {"delimiter", 1, 1, false, "a character such as ';', or tab, space or auto", set_delimiter,
        write_delimiter},
    {"quote", 1, 1, false, "none or double", set_quote, write_quote},
    {"encoding", 1, 1, false, "a name such as windows-1252", set_encoding, write_encoding},
    {"skip", 1, 1, false, "a number of lines from 0 to 1000", set_skip, write_skip},
    {"header", 1, 1, false, "present, absent or any-case", set_header, write_header},
    {"until", 1, 1, false, "the text that the first cell behind the last row begins with", set_until,
        write_until},
    {"trim", 0, 1, false, "on or off", set_trim, write_trim},
    {"extra", 1, 1, false, "ignore or refuse", set_extra, write_extra},
    {"short", 1, 1, false, "fill or refuse", set_short, write_short},
    {"blank", 1, 1, false, "ignore or keep", set_blank, write_blank},
    {"decimal", 1, 1, false, "'.' or ','", set_decimal, write_decimal},
    {"thousands", 1, 1, false, "'.', ',', \"'\", space or none", set_thousands, write_thousands},
    {"unit", 1, MANY, true,
        "texts that neither begin nor end with a digit, a sign or a blank, such as '€' USD", set_unit,
        write_unit},
    {"null", 1, MANY, true, "texts such as 'NA' '-'", set_null, write_null},
    {"boolean", 2, MANY, true, "pairs for true and false, such as ja nein", set_boolean, write_boolean},
    {"date", 1, 1, false, "a format such as '%d.%m.%Y'", set_date, write_date},
    {"timestamp", 1, 1, false, "a format such as '%d.%m.%Y %H:%M'", set_timestamp, write_timestamp},
    {"time", 1, 1, false, "a format such as '%I:%M %p'", set_time, write_time},
};

static const struct csv_option *find(struct span word)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (span_is(word, table[i].word))
            return &table[i];
    }
    return NULL;
}

// Gives an option its values; false with what is wrong.
static bool set(struct csv_options *options, const struct csv_option *option, const struct span *values,
    size_t count, char ret_problem[CSV_PROBLEM_BYTES])
{
    uint32_t bit = UINT32_C(1) << (option - table);
    struct span last = count > 0 ? values[count - 1] : (struct span){0};
    if ((options->given & bit) != 0 && !option->is_list) {
        snprintf(ret_problem, CSV_PROBLEM_BYTES, "%s is there twice", option->word);
        return false;
    }
    const char *problem = option->set(&options->dialect, values, count, (options->given & bit) == 0);
    options->given |= bit;
    if (problem == NULL)
        return true;
    if (problem[0] == '\0' && count > 1) // it may be any of them
        snprintf(ret_problem, CSV_PROBLEM_BYTES, "%s must be %s", option->word, option->wants);
    else if (problem[0] == '\0')
        snprintf(ret_problem, CSV_PROBLEM_BYTES, "%s must be %s, not \"%.*s\"", option->word, option->wants,
            SHOW(last));
    else
        snprintf(ret_problem, CSV_PROBLEM_BYTES, "%s: \"%.*s\" %s", option->word, SHOW(last), problem);
    return false;
}

void csv_options_init(struct csv_options *options, const struct csv_dialect *below)
{
    *options = (struct csv_options){.dialect = below != NULL ? *below : CSV_STRICT};
}

const char *csv_options_problem(const struct csv_options *options)
{
    const struct csv_dialect *dialect = &options->dialect;
    if (dialect->thousands == dialect->decimal)
        return dialect->decimal == '.' ? "thousands '.' needs decimal ','"
                                       : "thousands ',' needs decimal '.'";
    return NULL;
}

// --- in words

static void fail_unknown(const struct words *words, struct word word)
{
    const char *nearest = nearest_in(word.text, table, ARRAY_LEN(table), sizeof(table[0]));
    if (nearest != NULL) {
        words_fail(words, word.column, "unknown option %.*s; did you mean %s?", SHOW(word.text), nearest);
        return;
    }
    AUTO(buf_fini) struct buf known;
    buf_init(&known, CSV_PROBLEM_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", table[i].word);
    words_fail(words, word.column, "unknown option %.*s; known are %.*s", SHOW(word.text), (int)known.len,
        known.data != NULL ? known.data : "");
}

// Whether another value of an option comes next: it is not the end, and no option's word.
static bool is_value_next(const struct words *words)
{
    struct words ahead = *words;
    struct word next = words_next(&ahead);
    return next.text.len > 0 && find(next.text) == NULL && !span_starts_with(next.text, "--");
}

static bool read_option(struct csv_options *options, struct words *words)
{
    struct word word = words_next(words), value = word;
    const struct csv_option *option = find(word.text);
    if (option == NULL) {
        fail_unknown(words, word);
        return false;
    }
    struct span values[MANY];
    size_t count = 0;
    for (; count < option->max_values && is_value_next(words); count++) {
        if (!words_value(words, "", &value))
            return false;
        values[count] = value.text;
    }
    if (count < option->min_values) {
        words_fail(words, word.column, "%s needs %s", option->word, option->wants);
        return false;
    }
    char problem[CSV_PROBLEM_BYTES];
    if (set(options, option, values, count, problem))
        return true;
    words_fail(words, value.column, "%s", problem);
    return false;
}

bool csv_options_read(struct csv_options *options, struct words *words)
{
    if (words_peek(words).text.len == 0) {
        words_fail(words, words->column, "needs an option, such as delimiter ';'");
        return false;
    }
    while (!words_take_dashes(words) && words_peek(words).text.len > 0) {
        if (!read_option(options, words))
            return false;
    }
    return true;
}

void csv_options_write(const struct csv_dialect *dialect, struct buf *out)
{
    size_t before = out->len;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        table[i].write(dialect, out);
    if (out->len > before)
        out->len--; // the blank behind the last one
}

// --- in a query

bool csv_options_is_name(struct span name)
{
    return span_starts_with(name, "csv.");
}

bool csv_options_set(
    struct csv_options *options, struct span name, struct span value, char ret_problem[CSV_PROBLEM_BYTES])
{
    struct span word = {.at = name.at + PREFIX_LEN, .len = name.len - PREFIX_LEN};
    const struct csv_option *option = find(word);
    if (option == NULL) {
        const char *nearest = nearest_in(word, table, ARRAY_LEN(table), sizeof(table[0]));
        snprintf(ret_problem, CSV_PROBLEM_BYTES,
            nearest != NULL ? "is not known; did you mean csv.%s?"
                            : "is not known; see @csv in the reference",
            nearest != NULL ? nearest : "");
        return false;
    }
    struct span values[2] = {value};
    size_t count = 1;
    if (option->min_values == 2) { // a pair, with a comma between
        values[0] = span_split(&value, ',');
        values[1] = value;
        count += value.len > 0;
    }
    return set(options, option, values, count, ret_problem);
}
