// SPDX-License-Identifier: Apache-2.0
// From what was found to what is declared. A dialect holds for all columns of a file, so what one column
// needs is declared for all, and what only some would need otherwise stays with their fields. On the main
// thread.
#include "cmd/new_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/json_write.h"
#include "text/number_unit.h"
#include "text/time_format.h"
#include "text/utf8.h"

enum {
    OUTSIDE_BYTES = 150, // longer names of columns are headlines
    KEY_ROWS_MIN = 5,    // fewer rows have values of one each by chance
    FILTERS_MAX = 4,     //
    FILTER_VALUES = 50,  // that people choose from
    SAMPLE_TEXT_BYTES = 120,
    MONEY_SCALE = 2,
    MONEY_DIGITS = 12,   // ten billion
    REAL_DIGITS = 15,    // that a double keeps
    DECIMAL_DIGITS = 18, // that a decimal may have
};

// --- names

static bool is_name_taken(const struct new_table *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return true;
    }
    return false;
}

static void name_column(struct new_table *table, size_t index, struct span header)
{
    char base[SQL_NAME_CHARS], *name = table->columns[index].name;
    if (!sql_name_make(header, base))
        snprintf(base, sizeof(base), "c%zu", index + 1);
    memcpy(name, base, sizeof(base));
    for (size_t number = 2; is_name_taken(table, index, name); number++) {
        memcpy(name, base, sizeof(base));
        sql_name_number(name, number);
    }
}

// Whether @field can have it as a name.
static bool may_be_outside(struct span header)
{
    bool has_both = header.len > 0 && memchr(header.at, '"', header.len) != NULL &&
                    memchr(header.at, '\'', header.len) != NULL;
    for (size_t i = 0; i < header.len; i++) {
        if ((unsigned char)header.at[i] < 0x20)
            return false;
    }
    return !has_both && header.len <= OUTSIDE_BYTES && utf8_valid(header);
}

static bool is_nameless(const struct survey_column *column)
{
    return column->header.len == 0;
}

static bool is_without_values(const struct survey_column *column)
{
    return column->guess.values == 0 && column_guess_tokens(&column->guess) == 0;
}

// Whether names in the header tell the columns apart; otherwise they are told by their order.
static bool has_good_names(const struct survey *survey)
{
    size_t nameless = 0;
    if (survey->layout.header_rows != 1 || survey->has_far_double ||
        (survey->header_cells != survey->layout.columns && survey->header_cells != survey->column_count))
        return false;
    for (size_t i = 0; i < survey->column_count; i++) {
        struct span header = survey->columns[i].header;
        nameless += header.len == 0 && !is_without_values(&survey->columns[i]);
        if (!may_be_outside(header) || nameless > 1)
            return false;
        for (size_t k = 0; k < i && header.len > 0; k++) {
            if (span_equal_nocase(header, survey->columns[k].header))
                return false;
        }
    }
    return true;
}

static void add_columns(const struct survey *survey, struct new_table *table)
{
    bool has_names = has_good_names(survey);
    struct csv_dialect *dialect = &table->dialect;
    dialect->skip = (uint32_t)survey->layout.skip;
    dialect->ignores_extra = survey->layout.columns > LIMIT_FIELDS;
    if (!has_names) {
        dialect->header = CSV_HEADER_ABSENT;
        dialect->skip += (uint32_t)survey->layout.header_lines;
    }
    for (size_t i = 0; i < survey->column_count; i++) {
        const struct survey_column *found = &survey->columns[i];
        struct new_column *column = &table->columns[table->count];
        if (has_names && is_nameless(found) && is_without_values(found)) {
            dialect->ignores_extra = true;
            continue;
        }
        name_column(table, table->count++, found->header);
        column->found = found;
        column->kind = column_guess_kind(&found->guess, &survey->ways);
        column->outside = found->header;
        column->has_outside = has_names && !span_is_nocase(found->header, column->name);
        if (has_names && !column->has_outside && !span_is(found->header, column->name))
            dialect->header = CSV_HEADER_ANY_CASE;
    }
}

// What the values of a column of JSON are. Texts are dates where all of them are; other texts stay what they
// are, as a number in a text is none in JSON.
static enum column_kind kind_in_json(const struct survey_column *column, const struct column_ways *ways)
{
    unsigned kinds = column->kinds & ~(1u << JSON_NULL);
    enum column_kind kind = kinds != 0 ? column_guess_kind(&column->guess, ways) : COLUMN_EMPTY;
    if (kinds == 0)
        return COLUMN_EMPTY;
    if (kinds == 1u << JSON_BOOLEAN)
        return COLUMN_BOOLEAN;
    if (kinds == 1u << JSON_NUMBER)
        return column->guess.not_integer ? COLUMN_NUMBER : COLUMN_INTEGER;
    if (kinds != 1u << JSON_STRING)
        return COLUMN_JSON;
    bool is_time = kind >= COLUMN_DATE && kind <= COLUMN_TIMESTAMP &&
                   column_guess_tokens(&column->guess) == 0 && !column->has_empty_text &&
                   column->guess.padded == 0;
    return is_time ? kind : COLUMN_TEXT;
}

static void add_members(const struct survey *survey, struct new_table *table)
{
    for (size_t i = 0; i < survey->column_count; i++) {
        const struct survey_column *found = &survey->columns[i];
        struct new_column *column = &table->columns[table->count];
        name_column(table, table->count++, found->header);
        column->found = found;
        column->kind = kind_in_json(found, &survey->ways);
        column->outside = found->header;
        column->has_outside = !span_is(found->header, column->name);
        column_guess_format(&found->guess, &survey->ways, column->format);
        if (column->kind < COLUMN_DATE || column->kind > COLUMN_TIMESTAMP)
            column->format[0] = '\0';
    }
}

// --- the dialect

static bool is_typed(const struct new_column *column)
{
    return column->kind != COLUMN_TEXT;
}

// Whether the token is no value of the column: where others are of a type, where nothing else is there, or
// where it is what only programs write.
static bool is_null_in(const struct new_column *column, size_t token)
{
    enum { WORDS = 10 }; // of column_tokens; behind them are signs
    const struct column_guess *guess = &column->found->guess;
    const char *text = column_tokens[token];
    bool is_sure = strcmp(text, "\\N") == 0 || strcmp(text, "NULL") == 0 || strcmp(text, "#N/A") == 0;
    return guess->tokens[token] > 0 && (is_typed(column) || is_sure || (guess->values == 0 && token < WORDS));
}

static void add_nulls(struct new_table *table)
{
    struct csv_dialect *dialect = &table->dialect;
    for (size_t token = 0; token < COLUMN_TOKENS; token++) {
        bool is_used = false;
        for (size_t i = 0; i < table->count; i++)
            is_used = is_used || is_null_in(&table->columns[i], token);
        if (is_used && dialect->null_count < CSV_WORDS)
            dialect->nulls[dialect->null_count++] = span_of(column_tokens[token]);
    }
}

static void add_units(struct new_table *table)
{
    struct csv_dialect *dialect = &table->dialect;
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        const char *unit = column_guess_unit(&column->found->guess);
        bool is_number = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
        bool is_there = false;
        for (size_t k = 0; k < dialect->unit_count && unit != NULL; k++)
            is_there = is_there || span_is(dialect->units[k], unit);
        if (is_number && unit != NULL && !is_there && dialect->unit_count < CSV_WORDS)
            dialect->units[dialect->unit_count++] = span_of(unit);
    }
}

static void add_booleans(struct new_table *table)
{
    struct csv_dialect *dialect = &table->dialect;
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        const char *const *words =
            column->kind == COLUMN_BOOLEAN ? column_guess_booleans(&column->found->guess) : NULL;
        bool is_there = words == NULL;
        for (size_t k = 0; k < dialect->boolean_count && !is_there; k++)
            is_there = span_is(dialect->trues[k], words[1]) && span_is(dialect->falses[k], words[0]);
        if (is_there || dialect->boolean_count == CSV_WORDS)
            continue;
        dialect->falses[dialect->boolean_count] = span_of(words[0]);
        dialect->trues[dialect->boolean_count++] = span_of(words[1]);
    }
}

static void add_style(const struct survey *survey, struct new_table *table)
{
    bool has_points = false, has_groups = false;
    struct number_style style = number_styles[survey->ways.style];
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        const struct column_style *fit = &column->found->guess.styles[survey->ways.style];
        bool is_number = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
        has_points = has_points || (is_number && fit->points > 0);
        has_groups = has_groups || (is_number && fit->groups > 0);
    }
    if (has_groups)
        table->dialect.thousands = style.thousands;
    if (has_points || (has_groups && style.thousands == '.'))
        table->dialect.decimal = style.decimal;
    table->style =
        (struct number_style){.decimal = table->dialect.decimal, .thousands = table->dialect.thousands};
}

// Blanks around cells are taken off where a type could not have them, and where most cells of a column have
// them, as files of columns of one width do.
static void add_trim(struct new_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct new_column *column = &table->columns[i];
        const struct column_guess *guess = &column->found->guess;
        bool is_number = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
        bool is_padded = guess->padded > 0 && (is_number ? column_guess_tokens(guess) > 0 : is_typed(column));
        if (is_padded || (guess->blank > 0 && is_typed(column)) || guess->padded > guess->values / 2)
            table->dialect.trims = true;
    }
}

// Dates have one format in the dialect, where all of them need the same one; else the fields say it.
static void add_formats(const struct survey *survey, struct new_table *table)
{
    const struct new_column *first = NULL;
    bool is_one = true;
    for (size_t i = 0; i < table->count; i++) {
        struct new_column *column = &table->columns[i];
        column_guess_format(&column->found->guess, &survey->ways, column->format);
        if (column->kind != COLUMN_DATE || column->format[0] == '\0')
            continue;
        first = first != NULL ? first : column;
        is_one = is_one && strcmp(column->format, first->format) == 0;
    }
    if (first != NULL && is_one)
        table->dialect.date = span_of(first->format);
}

// A number with two digits behind the point wherever it has any is money, and so is kept exactly, as is one
// of more digits than a double keeps.
static void find_money(const struct survey *survey, struct new_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct new_column *column = &table->columns[i];
        const struct column_style *fit = &column->found->guess.styles[survey->ways.style];
        bool is_money = fit->scale == MONEY_SCALE && fit->scale_min == MONEY_SCALE;
        unsigned digits = fit->whole + fit->scale;
        if (column->kind != COLUMN_NUMBER || digits > DECIMAL_DIGITS || !(is_money || digits > REAL_DIGITS))
            continue;
        column->scale = fit->scale;
        column->digits = digits < MONEY_DIGITS ? MONEY_DIGITS : DECIMAL_DIGITS;
    }
}

// A timestamp keeps milliseconds, unless it has the microseconds that programs write. Digits behind these are
// no time that anybody measures.
static void find_micros(struct new_table *table)
{
    enum { MILLI_DIGITS = 3, MICRO_DIGITS = 6 };
    for (size_t i = 0; i < table->count; i++) {
        struct new_column *column = &table->columns[i];
        size_t digits = column->found->guess.fraction_digits;
        column->has_micros =
            column->kind == COLUMN_TIMESTAMP && digits > MILLI_DIGITS && digits <= MICRO_DIGITS;
    }
}

static void settle_dialect(const struct survey *survey, struct new_table *table)
{
    struct csv_dialect *dialect = &table->dialect;
    dialect->delimiter = survey->layout.delimiter;
    dialect->until = survey->until;
    dialect->has_no_quotes = survey->has_no_quotes;
    if (survey->has_padded_header && dialect->header == CSV_HEADER_PRESENT)
        dialect->header = CSV_HEADER_ANY_CASE;
    dialect->ignores_blank = survey->blank_rows > 0;
    // A byte order mark says the other ones.
    static const char *const marked[] = {"UTF-8", "UTF-16", "UTF-32"};
    bool is_marked = false;
    for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++)
        is_marked = is_marked || strcmp(survey->encoding, marked[i]) == 0;
    if (!is_marked)
        dialect->encoding = span_of(survey->encoding);
    dialect->fills_short = survey->shorts.count > 0;
    add_nulls(table);
    add_units(table);
    add_booleans(table);
    add_style(survey, table);
    add_trim(table);
    add_formats(survey, table);
}

static bool is_null(const struct new_table *table, const struct new_column *column)
{
    const struct column_guess *guess = &column->found->guess;
    for (size_t token = 0; token < COLUMN_TOKENS; token++) {
        for (size_t i = 0; guess->tokens[token] > 0 && i < table->dialect.null_count; i++) {
            if (span_is(table->dialect.nulls[i], column_tokens[token]))
                return true;
        }
    }
    return guess->empty > 0 || guess->values + column_guess_tokens(guess) == 0;
}

// --- the key, and what is asked for

bool new_table_is_key(const struct new_table *table, const struct new_column *column)
{
    for (size_t i = 0; i < table->key_count; i++) {
        if (table->keys[i] == column)
            return true;
    }
    return false;
}

bool new_table_is_key_name(const char *name)
{
    static const char *const whole[] = {"id", "code", "key", "nr", "no", "num", "number", "numero", "nummer",
        "sku", "iso", "iso2", "iso3", "isbn", "ean", "gtin", "siren", "siret", "handle", "uuid", "guid",
        "reference", "ref", "codice", "kennung", "schluessel", "kuerzel", "asin", "ident", "ags", "insee",
        "com", "slug"};
    struct span rest = span_of(name);
    while (rest.len > 0) {
        struct span part = span_split(&rest, '_');
        for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
            if (span_is(part, whole[i]))
                return true;
        }
    }
    size_t len = strlen(name);
    return len > 2 && (strcmp(name + len - 2, "id") == 0 || strcmp(name + len - 2, "nr") == 0) && len <= 16;
}

static bool is_number(const struct new_column *column)
{
    return column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
}

// A series: a date, and numbers of each.
static bool is_series(const struct new_table *table)
{
    for (size_t i = 1; i < table->count; i++) {
        if (!is_number(&table->columns[i]) && table->columns[i].found->guess.values > 0)
            return false;
    }
    return table->columns[0].kind == COLUMN_DATE && table->count > 1;
}

// A key has a value of its own in each row, each of one spelling. Prices that all differ are none: of three
// signs it has two, to be the first column, to be named as one, to be unique in more than a few rows.
static bool may_be_key(const struct survey *survey, const struct new_table *table, size_t index)
{
    const struct new_column *column = &table->columns[index];
    const struct column_guess *guess = &column->found->guess;
    bool has_rows = survey->rows >= KEY_ROWS_MIN, is_named = new_table_is_key_name(column->name);
    if (!column_guess_is_key(guess) || guess->value_bytes > KEY_BYTES ||
        survey->odd.count + survey->broken.count > 0)
        return false;
    if (column->kind == COLUMN_DATE)
        return index == 0 && has_rows && is_series(table) && guess->value_bytes == guess->value_bytes_min;
    if (column->kind != COLUMN_TEXT && (column->kind != COLUMN_INTEGER || guess->not_integer))
        return false;
    return guess->spaced == 0 && ((index == 0) + has_rows + is_named >= 2);
}

static void find_key(const struct survey *survey, struct new_table *table)
{
    for (size_t i = 0; i < table->count && table->key_count == 0; i++) {
        if (may_be_key(survey, table, i))
            table->keys[table->key_count++] = &table->columns[i];
    }
    snprintf(table->id, sizeof(table->id), "id");
    if (is_name_taken(table, table->count, table->id))
        snprintf(table->id, sizeof(table->id), "row_id");
    for (size_t number = 2; is_name_taken(table, table->count, table->id); number++)
        sql_name_number(table->id, number);
}

static void find_filters(const struct survey *survey, struct new_table *table)
{
    size_t filters = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct new_column *column = &table->columns[i];
        const struct value_set *values = &column->found->guess.mixed;
        bool is_chosen = !values->is_lost && values->count > 1 && values->count * 2 <= survey->rows &&
                         (column->kind == COLUMN_TEXT ||
                             (column->kind == COLUMN_INTEGER && values->count <= FILTER_VALUES));
        if (new_table_is_key(table, column))
            continue;
        if (table->time == NULL && (column->kind == COLUMN_DATE || column->kind == COLUMN_TIMESTAMP))
            table->time = column;
        else if (filters < FILTERS_MAX && (is_chosen || column->kind == COLUMN_BOOLEAN))
            column->is_filter = ++filters > 0;
    }
    if (table->time == NULL && table->key_count > 0 && table->keys[0]->kind == COLUMN_DATE)
        table->time = table->keys[0];
}

void new_table_settle(const struct survey *survey, const char *app, struct new_table *ret_table)
{
    *ret_table = (struct new_table){.app = app, .dialect = CSV_STRICT};
    (void)sql_name_make(span_of(app), ret_table->name); // an app's name begins with a letter
    ret_table->form = survey->form;
    if (survey->form == SURVEY_CSV) {
        add_columns(survey, ret_table);
        settle_dialect(survey, ret_table);
    } else {
        add_members(survey, ret_table);
    }
    find_money(survey, ret_table);
    find_micros(ret_table);
    for (size_t i = 0; i < ret_table->count; i++)
        ret_table->columns[i].required =
            ret_table->columns[i].kind != COLUMN_JSON && !is_null(ret_table, &ret_table->columns[i]);
    find_key(survey, ret_table);
    find_filters(survey, ret_table);
}

// --- values as JSON

static void append_number(const struct new_table *table, struct span cell, struct buf *out)
{
    const struct csv_dialect *dialect = &table->dialect;
    struct number_parts parts = number_unit_split(cell, dialect->units, dialect->unit_count);
    if (parts.sign == '-')
        buf_append_byte(out, '-');
    cell = parts.digits;
    size_t start = out->len;
    for (size_t i = 0; i < cell.len; i++) {
        char byte = cell.at[i];
        if (byte == table->style.decimal)
            buf_append_byte(out, '.');
        else if (ascii_is_digit(byte) || byte == '-' || byte == 'e' || byte == 'E')
            buf_append_byte(out, byte);
        if (byte == table->style.decimal && (i == 0 || !ascii_is_digit(cell.at[i - 1]))) { // ".5"
            out->len--;
            buf_append_str(out, "0.");
        }
    }
    if (out->len > start && out->data[out->len - 1] == '.') // "5."
        out->len--;
}

static void append_moment(const struct new_column *column, struct span cell, struct buf *out)
{
    struct time_parts parts;
    char date[DATE_CHARS];
    if (column->format[0] == '\0' || !time_format_read(cell, span_of(column->format), NULL, &parts)) {
        buf_printf(out, "\"%.*s\"", (int)cell.len, cell.at);
        return;
    }
    date_format(parts.date, date);
    int minutes = parts.second_of_day / 60, offset = parts.offset_s / 60;
    if (column->kind == COLUMN_DATE)
        buf_printf(out, "\"%s\"", date);
    else if (column->kind == COLUMN_TIME)
        buf_printf(out, "\"%02d:%02d:%02d\"", minutes / 60, minutes % 60, parts.second_of_day % 60);
    else
        buf_printf(out, "\"%sT%02d:%02d:%02d%c%02d:%02d\"", date, minutes / 60, minutes % 60,
            parts.second_of_day % 60, offset < 0 ? '-' : '+', abs(offset) / 60, abs(offset) % 60);
}

static bool is_nothing(const struct new_table *table, struct span cell)
{
    for (size_t i = 0; i < table->dialect.null_count; i++) {
        if (span_equal(cell, table->dialect.nulls[i]))
            return true;
    }
    return cell.len == 0;
}

// The value of the first row as a file of JSON has it.
static void append_member(const struct new_table *table, const struct new_column *column, struct buf *out)
{
    const struct survey_column *found = column->found;
    struct span text = found->first;
    bool is_text = found->first_kind == JSON_STRING;
    if (found->first_kind == JSON_NULL || found->first.at == NULL)
        buf_append_str(out, "null");
    else if (is_text && column->format[0] != '\0')
        append_moment(column, text, out);
    else if (is_text && column->kind == COLUMN_TEXT && !new_table_is_key(table, column))
        json_write_string(out, (struct span){.at = text.at, .len = utf8_cut(text, SAMPLE_TEXT_BYTES)});
    else if (is_text)
        json_write_string(out, text);
    else
        buf_append(out, text.at, text.len);
}

void new_table_append_first(const struct new_table *table, const struct new_column *column, struct buf *out)
{
    struct span value = span_trim(column->found->first);
    const char *const *words;
    if (table->form != SURVEY_CSV) {
        append_member(table, column, out);
        return;
    }
    if (is_nothing(table, value)) {
        buf_append_str(out, "null");
        return;
    }
    switch (column->kind) {
    case COLUMN_BOOLEAN:
        words = column_guess_booleans(&column->found->guess);
        buf_append_str(out, span_is_nocase(value, words != NULL ? words[1] : "true") ? "true" : "false");
        break;
    case COLUMN_INTEGER:
    case COLUMN_NUMBER:
        append_number(table, value, out);
        break;
    case COLUMN_DATE:
    case COLUMN_TIME:
    case COLUMN_TIMESTAMP:
        append_moment(column, value, out);
        break;
    case COLUMN_EMPTY:
    case COLUMN_TEXT:
    case COLUMN_JSON:
        if (!new_table_is_key(table, column))
            value.len = utf8_cut(value, SAMPLE_TEXT_BYTES);
        json_write_string(out, value);
        break;
    }
}
