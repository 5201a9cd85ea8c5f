// SPDX-License-Identifier: Apache-2.0
// Looks names up, and says of one that is no field's what is probably wrong with it. One thread at a time.
#include "batch/csv_columns.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "batch/csv_hint.h"
#include "text/utf8.h"

enum { HINT_BYTES = 256 };

static const struct span none = {0};

// --- names

// A field whose name is the same but for capitals and blanks around it; NO_FIELD where several are.
static int find_any_case(const struct row_check *check, struct span name)
{
    int found = NO_FIELD;
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        if (!utf8_equal_nocase(span_trim(name), span_trim(check->fields[i].outside)))
            continue;
        if (found != NO_FIELD)
            return NO_FIELD;
        found = (int)i;
    }
    return found;
}

static int find_field(const struct row_check *check, struct span name)
{
    int field = row_check_field(check, name);
    if (field == NO_FIELD && check->csv->header == CSV_HEADER_ANY_CASE)
        field = find_any_case(check, name);
    return field;
}

// --- what is wrong with a name

// What else than the delimiter separates the cells of a header that is one cell.
static const char *other_delimiter(const struct row_check *check, struct span name)
{
    static const char *const delimiters[] = {";", "\t", "|", ","};
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++) {
        if (memchr(name.at, delimiters[i][0], name.len) != NULL && delimiters[i][0] != check->csv->delimiter)
            return delimiters[i];
    }
    return NULL;
}

static void report_hint(struct row_check *check, int64_t line, struct span name, const char *wrong,
    const char *option, struct span value)
{
    AUTO(buf_fini) struct buf hint;
    buf_init(&hint, HINT_BYTES);
    csv_hint_option(option, value, &hint);
    row_check_fault(check, line, name, none, "unknown_field", "%s: %.*s", wrong, (int)hint.len, hint.data);
}

static void report_delimiter(struct row_check *check, int64_t line, struct span name, const char *delimiter)
{
    char wrong[64];
    bool is_tab = delimiter[0] == '\t';
    snprintf(wrong, sizeof(wrong), is_tab ? "cells are separated by tabs" : "cells are separated by '%s'",
        delimiter);
    report_hint(check, line, name, wrong, "delimiter", span_of(delimiter));
}

// `is_alone`: none of the header's names is a field's.
static void report_name(struct row_check *check, int64_t line, struct span name, size_t number, bool is_alone)
{
    struct span trimmed = span_trim(name);
    int other = find_any_case(check, name);
    const char *delimiter = is_alone ? other_delimiter(check, name) : NULL;
    char wrong[HINT_BYTES];
    if (memchr(name.at, '\0', name.len) != NULL)
        row_check_fault(check, line, none, none, "encoding",
            "the header has NUL bytes, as UTF-16 has: declare @csv encoding UTF-16 or send Content-Type: "
            "text/csv; charset=UTF-16");
    else if (!utf8_valid(name))
        row_check_report_encoding(check, line, none, name);
    else if (name.len == 0)
        row_check_fault(check, line, name, none, "unknown_field",
            "column %zu has no name: take it out, declare @csv extra ignore, or a field with name \"\"",
            number);
    else if (delimiter != NULL)
        report_delimiter(check, line, name, delimiter);
    else if (trimmed.len < name.len && row_check_field(check, trimmed) != NO_FIELD)
        row_check_fault(check, line, name, none, "unknown_field",
            "has blanks around it: write %.*s, declare @csv trim or send ?csv.trim=on; an app can also declare "
            "it with name \"%.*s\"",
            (int)trimmed.len, trimmed.at, (int)name.len, name.at);
    else if (other != NO_FIELD) {
        snprintf(wrong, sizeof(wrong), "is not written as the field %.*s",
            (int)utf8_cut(check->fields[other].outside, 100), check->fields[other].outside.at);
        report_hint(check, line, name, wrong, "header", span_of("any-case"));
    } else
        row_check_report_unknown(check, line, name,
            "is not a field, which @csv extra ignore or ?csv.extra=ignore would pass over; the fields are");
}

void csv_columns_report_alien(
    struct row_check *check, int64_t line, const struct csv_cell *names, size_t count)
{
    struct span first = names[0].text;
    bool is_plain = first.len > 0 && utf8_valid(first) && memchr(first.at, '\0', first.len) == NULL &&
                    span_trim(first).len == first.len && find_any_case(check, first) == NO_FIELD;
    if (is_plain && count > 1)
        row_check_report_unknown(check, line, first,
            "is not a field: the first line is a header with the names of them, but for @csv header absent or "
            "@csv skip:");
    else
        report_name(check, line, first, 1, true);
}

// --- the header

static bool has_a_field(const struct row_check *check, const struct csv_cell *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (find_field(check, names[i].text) != NO_FIELD)
            return true;
    }
    return false;
}

static bool is_empty(const struct csv_cell *cell)
{
    return cell->text.len == 0 && !cell->is_quoted;
}

// Makes columns of no field; false after a want of memory.
static bool make_columns(struct csv_columns *columns, struct row_check *check, size_t count)
{
    columns->field_of = mem_zalloc(count, sizeof(*columns->field_of));
    if (columns->field_of != NULL)
        return true;
    row_check_fail(check, err_no_memory(check->err));
    return false;
}

enum csv_fit csv_columns_read(struct csv_columns *columns, struct row_check *check, int64_t line,
    const struct csv_cell *names, size_t count)
{
    size_t faults_before = check->report->total;
    if (!has_a_field(check, names, count))
        return CSV_ALIEN;
    check->rows_seen = 1; // what row_check_mark compares with
    if (count > 1 && is_empty(&names[count - 1]) && find_field(check, names[count - 1].text) == NO_FIELD) {
        columns->has_tail = columns->has_named_tail = true;
        count--;
    }
    if (!make_columns(columns, check, count))
        return CSV_FAULTY;
    for (size_t i = 0; i < count; i++) {
        int field = find_field(check, names[i].text);
        columns->field_of[i] = field;
        if (field != NO_FIELD)
            (void)row_check_mark(check, line, field);
        else if (!check->csv->ignores_extra)
            report_name(check, line, names[i].text, i + 1, false);
    }
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        const struct rule *rule = &check->fields[i];
        if (rule->required && check->seen_in[i] == 0)
            row_check_fault(check, line, rule->outside, none, "required", "is missing from the header");
        check->seen_in[i] = 0;
    }
    check->rows_seen = 0;
    columns->count = count;
    return check->status == ERR_NONE && check->report->total == faults_before ? CSV_FITS : CSV_FAULTY;
}

bool csv_columns_in_order(struct csv_columns *columns, struct row_check *check)
{
    size_t count = check->endpoint->field_count;
    if (!make_columns(columns, check, count))
        return false;
    for (size_t i = 0; i < count; i++)
        columns->field_of[i] = (int)i;
    columns->count = count;
    return true;
}

void csv_columns_fini(struct csv_columns *columns)
{
    mem_free(columns->field_of);
    *columns = (struct csv_columns){0};
}

// --- rows

static void report_ragged(struct row_check *check, int64_t line, const struct csv_columns *columns,
    const struct csv_cell *cells, size_t count)
{
    AUTO(buf_fini) struct buf hint;
    buf_init(&hint, HINT_BYTES);
    bool is_wide = columns->has_tail && !columns->has_named_tail;
    const char *whose = is_wide                                   ? "the first row has"
                        : check->csv->header == CSV_HEADER_ABSENT ? "the fields are"
                                                                  : "the header has";
    if (count == 1 && columns->count > 1 && cells[0].text.len > 0 && check->rows_seen > 1) {
        struct span start = {.at = cells[0].text.at, .len = utf8_cut(cells[0].text, 10)};
        buf_append_str(&hint, ": where notes follow the rows, ");
        csv_hint_option("until", start, &hint);
    }
    if (count < columns->count) {
        buf_append_str(&hint, hint.len > 0 ? "; where cells" : ": where those");
        buf_append_str(&hint, " at the end are left out, ");
        csv_hint_option("short", span_of("fill"), &hint);
    }
    row_check_fault(check, line, none, none, "ragged_row", "has %zu cells, %s %zu%.*s", count, whose,
        columns->count + columns->has_tail, (int)hint.len, hint.data != NULL ? hint.data : "");
}

bool csv_columns_fit(struct csv_columns *columns, struct row_check *check, int64_t line,
    const struct csv_cell *cells, size_t count)
{
    if (check->csv->fills_short && count < columns->count)
        return true;
    if (check->csv->ignores_extra && check->csv->header == CSV_HEADER_ABSENT && count > columns->count)
        return true;
    bool is_tail = count == columns->count + 1 && is_empty(&cells[count - 1]);
    if (check->rows_seen == 1 && !columns->has_tail && is_tail)
        columns->has_tail = true;
    if (columns->has_tail && (is_tail || (columns->has_named_tail && count == columns->count)))
        return true;
    if (columns->has_named_tail && count == columns->count + 1)
        row_check_fault(check, line, none, cells[count - 1].text, "ragged_row",
            "has a cell in column %zu, which has no name", count);
    else
        report_ragged(check, line, columns, cells, count);
    return false;
}
