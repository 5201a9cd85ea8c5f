// SPDX-License-Identifier: Apache-2.0
// Tries what files of other countries and programs have: each hint is an option with which the cell would be
// of its type, which is found out by reading it so. One thread at a time.
#include "batch/csv_hint.h"

#include "base/ascii.h"
#include "base/attr.h"
#include "batch/csv_cells.h"
#include "text/number_unit.h"
#include "text/time_format.h"

enum { TRY_BYTES = 8192 }; // of cells that are read by way of trial; a longer one is no number or date

// --- an option in words

// As a query has it: what would end or change the value is percent-encoded.
static void append_encoded(struct span value, struct buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        bool is_plain = c > ' ' && c < 0x7f && strchr("%&#+", c) == NULL;
        buf_printf(out, is_plain ? "%c" : "%%%02X", c);
    }
}

static void append_quoted(struct span value, struct buf *out)
{
    char quote = value.len > 0 && memchr(value.at, '\'', value.len) != NULL ? '"' : '\'';
    if (value.len == 1 && value.at[0] == '\t')
        buf_append_str(out, "tab");
    else
        buf_printf(out, "%c%.*s%c", quote, (int)value.len, value.at, quote);
}

void csv_hint_option(const char *word, struct span value, struct buf *out)
{
    bool is_word = value.len > 1 && ascii_is_letter(value.at[0]);
    buf_printf(out, "declare @csv %s ", word);
    if (is_word)
        buf_append(out, value.at, value.len);
    else
        append_quoted(value, out);
    buf_printf(out, " or send ?csv.%s=", word);
    append_encoded(value.len == 1 && value.at[0] == '\t' ? span_of("tab") : value, out);
}

// --- numbers

static const struct spelling {
    char decimal, thousands;
} spellings[] = {
    {'.', '\0'}, {',', '\0'}, {'.', ','}, {',', '.'}, {'.', ' '}, {',', ' '}, {'.', '\''}, {',', '\''}};

static bool is_read_by(
    const struct csv_dialect *dialect, const struct rule *rule, struct span text, struct arena *arena)
{
    struct csv_cell cell = {.text = text};
    struct value value;
    return csv_cell_spell(dialect, rule, arena, &cell) == CSV_SPELT && cell.text.len > 0 &&
           rule_parse(rule, cell.text, arena, &value) == RULE_OK;
}

// A value as the words of @csv have it, or those of a query.
static void append_value(const char *before, struct span value, bool is_sent, struct buf *out)
{
    buf_append_str(out, before);
    if (value.len == 1 && value.at[0] == ' ')
        buf_append_str(out, "space");
    else if (is_sent)
        append_encoded(value, out);
    else if (value.len > 1 && ascii_is_letter(value.at[0]))
        buf_append(out, value.at, value.len);
    else
        append_quoted(value, out);
}

// What of a spelling is not as the dialect has it, in one of both ways.
static void append_spelling(
    const struct csv_dialect *dialect, const struct csv_dialect *other, bool is_sent, struct buf *out)
{
    struct span thousands = {.at = &other->thousands, .len = 1};
    if (other->thousands == '\0')
        thousands = span_of("none");
    const struct {
        const char *word;
        bool is_other;
        struct span value;
    } options[] = {
        {"decimal", other->decimal != dialect->decimal, {.at = &other->decimal, .len = 1}},
        {"thousands", other->thousands != dialect->thousands, thousands},
        {"unit", other->unit_count != dialect->unit_count, other->units[dialect->unit_count % CSV_WORDS]},
    };
    const char *before = is_sent ? "?" : " ";
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (!options[i].is_other)
            continue;
        buf_printf(out, is_sent ? "%scsv.%s" : "%s%s", before, options[i].word);
        append_value(is_sent ? "=" : " ", options[i].value, is_sent, out);
        before = is_sent ? "&" : " ";
    }
}

// The dialect with a unit that stands in the text, if there is one that tables mostly have.
static struct csv_dialect with_unit(const struct csv_dialect *dialect, struct span text)
{
    struct csv_dialect other = *dialect;
    struct span units[NUMBER_UNITS];
    for (size_t i = 0; i < NUMBER_UNITS; i++)
        units[i] = span_of(number_units[i]);
    struct number_parts parts = number_unit_split(text, units, NUMBER_UNITS);
    if (parts.unit >= 0 && other.unit_count < CSV_WORDS)
        other.units[other.unit_count++] = units[parts.unit];
    return other;
}

static bool hint_spelling(const struct csv_dialect *dialect, const struct rule *rule, struct span text,
    struct arena *arena, struct buf *out)
{
    struct csv_dialect other = with_unit(dialect, text);
    bool is_read = is_read_by(&other, rule, text, arena);
    for (size_t i = 0; i < ARRAY_LEN(spellings) && !is_read; i++) {
        other.decimal = spellings[i].decimal;
        other.thousands = spellings[i].thousands;
        is_read = is_read_by(&other, rule, text, arena);
    }
    if (!is_read)
        return false;
    buf_append_str(out, "declare @csv");
    append_spelling(dialect, &other, false, out);
    buf_append_str(out, " or send ");
    append_spelling(dialect, &other, true, out);
    char point = other.decimal;
    other.decimal = point == ',' ? '.' : ',';
    bool is_either = other.thousands == '\0' && point != dialect->decimal;
    other.thousands = point;
    if (is_either && is_read_by(&other, rule, text, arena))
        buf_printf(out, ", or thousands '%c' where that groups digits", point);
    return true;
}

// A sign behind a number, which no option reads.
static bool hint_sign(struct span text, struct buf *out)
{
    if (text.len < 2 || text.at[text.len - 1] != '-' || !ascii_is_digit(text.at[0]))
        return false;
    buf_append_str(out, "write the sign in front");
    return true;
}

// --- dates

static bool hint_date(const struct rule *rule, struct span text, struct buf *out)
{
    static const char *const formats[] = {"%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d",
        "%Y.%m.%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y"};
    struct date date, swapped;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (!date_parse_format(text, span_of(formats[i]), NULL, &date))
            continue;
        bool is_slash = formats[i][2] == '/' && formats[i][1] == 'd';
        const char *other = is_slash ? formats[i + 1] : NULL;
        bool is_either = other != NULL && date_parse_format(text, span_of(other), NULL, &swapped);
        if (rule->format.len > 0) {
            buf_printf(out, "declare the field with format \"%s\"", formats[i]);
        } else {
            csv_hint_option("date", span_of(formats[i]), out);
        }
        if (is_either)
            buf_printf(out, ", or the same with %s", other);
        return true;
    }
    return false;
}

static bool hint_timestamp(const struct rule *rule, struct span text, struct buf *out)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S%z", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p",
        "%d.%m.%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S.%f", "%b %d, %Y %I:%M %p"};
    struct time_parts parts;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (!time_format_read(text, span_of(formats[i]), NULL, &parts))
            continue;
        if (rule->format.len > 0)
            buf_printf(out, "declare the field with format \"%s\"", formats[i]);
        else
            csv_hint_option("timestamp", span_of(formats[i]), out);
        return true;
    }
    return false;
}

// --- booleans and nulls

static bool hint_boolean(struct span text, struct buf *out)
{
    static const struct {
        const char *yes, *no;
    } pairs[] = {{"TRUE", "FALSE"}, {"1", "0"}, {"yes", "no"}, {"Y", "N"}, {"T", "F"}, {"ja", "nein"},
        {"J", "N"}, {"wahr", "falsch"}, {"oui", "non"}, {"vrai", "faux"}, {"sì", "no"}, {"si", "no"},
        {"vero", "falso"}, {"sí", "no"}, {"verdadero", "falso"}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (!span_is_nocase(text, pairs[i].yes) && !span_is_nocase(text, pairs[i].no))
            continue;
        buf_printf(out, "declare @csv boolean %s %s or send ?csv.boolean=", pairs[i].yes, pairs[i].no);
        append_encoded(span_of(pairs[i].yes), out);
        buf_printf(out, ",%s", pairs[i].no);
        return true;
    }
    return false;
}

static bool hint_null(struct span text, struct buf *out)
{
    static const char *const nulls[] = {"NA", "N/A", "n/a", "#N/A", "NULL", "null", "\\N", "NaN", "nan",
        "None", "-", "--", ".", "..", "...", ":", "/"};
    for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
        if (!span_is(text, nulls[i]))
            continue;
        buf_printf(out, "declare @csv null '%s' or send ?csv.null=", nulls[i]);
        append_encoded(text, out);
        return true;
    }
    return false;
}

// --- cells

static bool hint(const struct csv_dialect *dialect, const struct rule *rule, struct span text,
    struct arena *arena, struct buf *out)
{
    switch (rule->type) {
    case TYPE_INTEGER:
    case TYPE_NUMBER:
    case TYPE_DECIMAL:
        return hint_spelling(dialect, rule, text, arena, out) || hint_sign(text, out);
    case TYPE_BOOLEAN:
        return hint_boolean(text, out);
    case TYPE_DATE:
        return hint_date(rule, text, out);
    case TYPE_TIMESTAMP:
        return hint_timestamp(rule, text, out);
    default:
        break;
    }
    return false;
}

void csv_hint_cell(
    const struct csv_dialect *dialect, const struct rule *rule, struct span text, struct buf *out)
{
    struct span trimmed = span_trim(text);
    if (text.len == 0 || text.len > TRY_BYTES || rule->is_list || rule->type == TYPE_TEXT)
        return;
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf found;
    arena_init(&arena, (size_t)64 * TRY_BYTES);
    buf_init(&found, TRY_BYTES);
    bool is_found = true;
    if (!dialect->trims && trimmed.len < text.len && is_read_by(dialect, rule, trimmed, &arena))
        buf_append_str(&found, "declare @csv trim or send ?csv.trim=on");
    else
        is_found = hint_null(trimmed, &found) || hint(dialect, rule, trimmed, &arena, &found);
    if (is_found && buf_status(&found) == ERR_NONE)
        buf_printf(out, ": to read it, %.*s", (int)found.len, found.data);
}
