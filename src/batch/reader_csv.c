// SPDX-License-Identifier: Apache-2.0
// Ties the rows of text/csv_rows.c to fields by the names in the header. One thread at a time.
#include "batch/reader_csv.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "text/csv_rows.h"
#include "text/utf8.h"

struct reader_csv {
    struct row_check *check;           // borrowed
    struct csv_rows *parser;           // owned
    size_t column_count;               // columns of the header; 0 before it has come
    int field_of_column[LIMIT_FIELDS]; // for each column its field
};

// Reports a name in the header that no field has, and what is probably wrong with it.
static void report_unknown_column(struct row_check *check, int64_t line, struct span name, size_t number)
{
    struct span trimmed = span_trim(name);
    if (name.len > 0 && memchr(name.at, '\0', name.len) != NULL)
        row_check_fault(check, line, (struct span){0}, (struct span){0}, "encoding",
            "the header has NUL bytes, as UTF-16 has: save the data as UTF-8");
    else if (!utf8_valid(name))
        row_check_report_encoding(check, line, (struct span){0}, name);
    else if (name.len == 0)
        row_check_fault(check, line, name, (struct span){0}, "unknown_field",
            "column %zu has no name: take it out; an app can declare it as a field with name \"\"", number);
    else if (memchr(name.at, ';', name.len) != NULL || memchr(name.at, '\t', name.len) != NULL)
        row_check_fault(check, line, name, (struct span){0}, "unknown_field",
            "the columns are separated by %s: separate them by commas",
            memchr(name.at, ';', name.len) != NULL ? "semicolons" : "tabs");
    else if (trimmed.len < name.len && row_check_field(check, trimmed) != NO_FIELD)
        row_check_fault(check, line, name, (struct span){0}, "unknown_field",
            "has blanks around it: write %.*s; an app can declare it with name \"%.*s\"", (int)trimmed.len,
            trimmed.at, (int)name.len, name.at);
    else
        row_check_report_unknown_field(check, line, name);
}

static bool has_a_field(const struct row_check *check, const struct csv_cell *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (row_check_field(check, names[i].text) != NO_FIELD)
            return true;
    }
    return false;
}

// What is wrong with a first line of which nothing is a field is told once: it is no header, or all of its
// names have the same fault.
static void report_no_header(
    struct row_check *check, int64_t line, const struct csv_cell *names, size_t count)
{
    struct span first = names[0].text;
    bool is_plain = first.len > 0 && utf8_valid(first) && memchr(first.at, '\0', first.len) == NULL &&
                    span_trim(first).len == first.len;
    if (is_plain && count > 1)
        row_check_report_unknown(
            check, line, first, "is not a field: the first line is a header with the names of them:");
    else
        report_unknown_column(check, line, first, 1);
}

// The header row. A fault in it ends the reading, as no row could be told right from wrong.
static bool on_header(struct reader_csv *csv, int64_t line, const struct csv_cell *names, size_t count)
{
    struct row_check *check = csv->check;
    size_t faults_before = check->report->total;
    check->rows_seen = 1; // what mark_seen compares with
    if (!has_a_field(check, names, count)) {
        report_no_header(check, line, names, count);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int field = row_check_field(check, names[i].text);
        csv->field_of_column[i] = field;
        if (field == NO_FIELD)
            report_unknown_column(check, line, names[i].text, i + 1);
        else
            (void)row_check_mark(check, line, field);
    }
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        const struct rule *rule = &check->endpoint->fields[i];
        if (rule->required && check->seen_in[i] == 0)
            row_check_fault(
                check, line, rule->outside, (struct span){0}, "required", "is missing from the header");
        check->seen_in[i] = 0;
    }
    check->rows_seen = 0;
    csv->column_count = count;
    return check->status == ERR_NONE && check->report->total == faults_before;
}

// An empty cell in quotes is an empty text, where the field is one; any other empty cell is no value.
static void check_cell(struct row_check *check, int64_t line, int field, const struct csv_cell *cell)
{
    const struct rule *rule = &check->endpoint->fields[field];
    if (cell->text.len > 0 || !cell->is_quoted || rule->type != TYPE_TEXT || rule->required) {
        row_check_text(check, line, field, cell->text);
        return;
    }
    enum rule_result result =
        rule_check_given(rule, cell->text, &check->arena, &check->patterns, &check->values[field]);
    if (result != RULE_OK)
        row_check_report_rule(check, line, rule, result, cell->text);
}

static bool on_broken_row(void *ctx, int64_t line)
{
    struct reader_csv *csv = ctx;
    struct row_check *check = csv->check;
    if (csv->column_count > 0 && !row_check_begin(check, line))
        return false;
    row_check_fault(check, line, (struct span){0}, (struct span){0}, "quote",
        "a cell goes on behind its closing quote: a quote inside of quotes is written twice");
    return check->status == ERR_NONE && csv->column_count > 0;
}

static bool on_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct reader_csv *csv = ctx;
    struct row_check *check = csv->check;
    if (csv->column_count == 0)
        return on_header(csv, line, cells, count);
    if (!row_check_begin(check, line))
        return false;
    size_t faults_before = check->report->total;
    if (count != csv->column_count) {
        row_check_fault(check, line, (struct span){0}, (struct span){0}, "ragged_row",
            "has %zu cells, the header has %zu", count, csv->column_count);
        return check->status == ERR_NONE;
    }
    for (size_t i = 0; i < count; i++) {
        int field = csv->field_of_column[i];
        check->seen_in[field] = (int64_t)check->rows_seen;
        check_cell(check, line, field, &cells[i]);
    }
    return row_check_end(check, line, faults_before);
}

enum err_code reader_csv_new(struct row_check *check, struct reader_csv **ret_csv, struct err *err)
{
    struct reader_csv *csv = mem_zalloc(1, sizeof(*csv));
    if (csv == NULL)
        return err_no_memory(err);
    csv->check = check;
    struct csv_rows_handler handler = {.ctx = csv, .on_row = on_row, .on_broken_row = on_broken_row};
    enum err_code code = csv_rows_new(&handler, &csv->parser, err);
    if (code != ERR_NONE) {
        mem_free(csv);
        return code;
    }
    *ret_csv = csv;
    return ERR_NONE;
}

enum err_code reader_csv_feed(struct reader_csv *csv, struct span bytes, struct err *err)
{
    return csv_rows_feed(csv->parser, bytes, err);
}

enum err_code reader_csv_finish(struct reader_csv *csv, struct err *err)
{
    return csv_rows_finish(csv->parser, err);
}

void reader_csv_free(struct reader_csv *csv)
{
    if (csv == NULL)
        return;
    csv_rows_free(csv->parser);
    mem_free(csv);
}
