// SPDX-License-Identifier: Apache-2.0
// Rows of text/csv_input.c to values. A body of no dialect takes on_row, which does no more a cell than ever;
// one of a dialect on_declared_row. What a header means is csv_columns.c's, how cells are spelt
// csv_cells.c's. One thread at a time.
#include "batch/reader_csv.h"

#include <string.h>

#include "app/csv_options.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/csv_cells.h"
#include "batch/csv_columns.h"
#include "text/csv_input.h"
#include "text/utf8.h"

enum { SHOWN_ROWS = 3, SHOWN_CELL_BYTES = 24, SHOWN_ROW_BYTES = 120 };

struct reader_csv {
    struct row_check *check;    // borrowed
    struct csv_dialect dialect; // of the body
    bool is_declared;           // by the endpoint or the request
    struct csv_input input;     //
    struct csv_columns columns; //
    struct rule *fields;        // owned; the endpoint's with the dialect's formats; NULL: as they are
    struct buf shown;           // rows as they were read, of a body whose header has no field
    size_t shown_rows;          // in it
    int64_t alien_line;         // of such a header; 0: there is none
};

static const struct span none = {0};
static const struct csv_cell missing = {.text = {.at = ""}}; // of a row that is short

// --- a dialect that does not fit

static void show_row(struct reader_csv *csv, int64_t line, const struct csv_cell *cells, size_t count)
{
    AUTO(buf_fini) struct buf row;
    buf_init(&row, SHOWN_ROW_BYTES);
    for (size_t i = 0; i < count && buf_status(&row) == ERR_NONE; i++)
        buf_printf(&row, "%s[%.*s]", i > 0 ? " " : "", (int)utf8_cut(cells[i].text, SHOWN_CELL_BYTES),
            cells[i].text.at);
    bool is_cut = buf_status(&row) != ERR_NONE;
    buf_printf(&csv->shown, "%s%lld: %.*s%s", csv->shown_rows > 0 ? "; " : "", (long long)line, (int)row.len,
        row.data != NULL ? row.data : "", is_cut ? " …" : "");
    csv->shown_rows++;
}

static void report_alien(struct reader_csv *csv)
{
    AUTO(buf_fini) struct buf words;
    buf_init(&words, LIMIT_REPORT_VALUE_BYTES);
    csv_options_write(&csv->dialect, &words);
    if (csv->input.is_told || csv->dialect.is_auto)
        buf_printf(&words, "%sdelimiter '%c'", words.len > 0 ? ", " : "", csv->input.form.delimiter);
    row_check_fault(csv->check, csv->alien_line, none, none, "unknown_field",
        "no field is in the header, as the first lines were read (%.*s): %.*s", (int)words.len,
        words.data != NULL ? words.data : "", (int)csv->shown.len, csv->shown.data);
    csv->alien_line = 0;
}

// Takes a row of a body whose header has no field; false when there are enough to show.
static bool add_shown(struct reader_csv *csv, int64_t line, const struct csv_cell *cells, size_t count)
{
    show_row(csv, line, cells, count);
    if (csv->shown_rows < SHOWN_ROWS)
        return true;
    report_alien(csv);
    return false;
}

// --- the header

static bool on_header(struct reader_csv *csv, int64_t line, const struct csv_cell *names, size_t count)
{
    if (csv->alien_line > 0)
        return add_shown(csv, line, names, count);
    enum csv_fit fit = csv_columns_read(&csv->columns, csv->check, line, names, count);
    if (fit != CSV_ALIEN)
        return fit == CSV_FITS;
    if (!csv->is_declared && !csv->input.is_told) {
        csv_columns_report_alien(csv->check, line, names, count);
        return false;
    }
    csv->alien_line = line;
    return add_shown(csv, line, names, count);
}

// --- rows

// An empty cell in quotes is an empty text, where the field is one; any other empty cell is no value. `shown`
// is the cell as it came.
static void check_cell(
    struct row_check *check, int64_t line, int field, const struct csv_cell *cell, struct span shown)
{
    const struct rule *rule = &check->fields[field];
    if (cell->text.len > 0 || !cell->is_quoted || rule->type != TYPE_TEXT || rule->required) {
        row_check_spelt(check, line, field, cell->text, shown);
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
    if (csv->columns.count > 0 && !row_check_begin(check, line))
        return false;
    row_check_fault(check, line, none, none, "quote",
        "a cell goes on behind its closing quote: a quote inside of quotes is written twice; where quotes are "
        "text, declare @csv quote none or send ?csv.quote=none");
    return check->status == ERR_NONE && csv->columns.count > 0;
}

// Begins a row; false when it is none that can be read, for *ret_goes_on to say whether others follow.
static bool begin_row(
    struct reader_csv *csv, int64_t line, const struct csv_cell *cells, size_t count, bool *ret_goes_on)
{
    struct row_check *check = csv->check;
    *ret_goes_on = false;
    if (!row_check_begin(check, line))
        return false;
    if ((count != csv->columns.count || csv->columns.has_tail) &&
        !csv_columns_fit(&csv->columns, check, line, cells, count)) {
        *ret_goes_on = check->status == ERR_NONE;
        return false;
    }
    return true;
}

static bool on_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct reader_csv *csv = ctx;
    struct row_check *check = csv->check;
    bool goes_on;
    if (csv->columns.count == 0)
        return on_header(csv, line, cells, count);
    size_t faults_before = check->report->total;
    if (!begin_row(csv, line, cells, count, &goes_on))
        return goes_on;
    for (size_t i = 0; i < csv->columns.count; i++) {
        int field = csv->columns.field_of[i];
        check->seen_in[field] = (int64_t)check->rows_seen;
        check_cell(check, line, field, &cells[i], cells[i].text);
    }
    return row_check_end(check, line, faults_before);
}

static void check_declared_cell(struct reader_csv *csv, int64_t line, int field, struct csv_cell cell)
{
    struct row_check *check = csv->check;
    const struct rule *rule = &check->fields[field];
    struct span shown = cell.text;
    switch (csv_cell_spell(&csv->dialect, rule, &check->arena, &cell)) {
    case CSV_SPELT:
        check_cell(check, line, field, &cell, shown);
        return;
    case CSV_UNSPELT:
        row_check_report_rule(check, line, rule, RULE_TYPE, shown);
        return;
    case CSV_NO_ROOM:
        row_check_report_rule(check, line, rule, RULE_MEMORY, shown);
        return;
    }
}

// Whether the line is the one behind the last row.
static bool is_end(const struct reader_csv *csv, const struct csv_cell *cells)
{
    struct span until = csv->dialect.until, start = {.at = cells[0].text.at, .len = until.len};
    return until.len > 0 && cells[0].text.len >= until.len && span_equal(start, until);
}

// Whether the row is one of those that spreadsheets write for lines without anything in them: ";;;".
static bool is_blank(const struct reader_csv *csv, const struct csv_cell *cells, size_t count)
{
    size_t empty = 0;
    while (
        csv->dialect.ignores_blank && empty < count && cells[empty].text.len == 0 && !cells[empty].is_quoted)
        empty++;
    return count > 1 && empty == count;
}

static bool on_declared_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct reader_csv *csv = ctx;
    struct row_check *check = csv->check;
    bool goes_on;
    bool is_absent = csv->dialect.header == CSV_HEADER_ABSENT;
    if (csv->columns.count == 0 && is_absent && !csv_columns_in_order(&csv->columns, check))
        return false;
    if (csv->columns.count == 0)
        return on_header(csv, line, cells, count);
    if (is_end(csv, cells))
        return false;
    if (is_blank(csv, cells, count))
        return true;
    size_t faults_before = check->report->total;
    if (!begin_row(csv, line, cells, count, &goes_on))
        return goes_on;
    for (size_t i = 0; i < csv->columns.count; i++) {
        int field = csv->columns.field_of[i];
        if (field == NO_FIELD)
            continue;
        check->seen_in[field] = (int64_t)check->rows_seen;
        check_declared_cell(csv, line, field, i < count ? cells[i] : missing);
    }
    return row_check_end(check, line, faults_before);
}

// --- the whole

static struct span format_of(const struct csv_dialect *dialect, enum value_type type)
{
    if (type == TYPE_DATE)
        return dialect->date;
    if (type == TYPE_TIMESTAMP)
        return dialect->timestamp;
    return type == TYPE_TIME ? dialect->time : none;
}

// Gives fields that have no format of their own that of the dialect.
static enum err_code set_formats(struct reader_csv *csv, struct err *err)
{
    size_t count = csv->check->endpoint->field_count;
    if (csv->dialect.date.len + csv->dialect.timestamp.len + csv->dialect.time.len == 0)
        return ERR_NONE;
    csv->fields = mem_zalloc(count, sizeof(*csv->fields));
    if (csv->fields == NULL)
        return err_no_memory(err);
    memcpy(csv->fields, csv->check->fields, count * sizeof(*csv->fields));
    for (size_t i = 0; i < count; i++) {
        if (csv->fields[i].format.len == 0)
            csv->fields[i].format = format_of(&csv->dialect, csv->fields[i].type);
    }
    csv->check->fields = csv->fields;
    return ERR_NONE;
}

enum err_code reader_csv_new(
    struct row_check *check, const struct csv_dialect *dialect, struct reader_csv **ret_csv, struct err *err)
{
    struct reader_csv *csv = mem_zalloc(1, sizeof(*csv));
    if (csv == NULL)
        return err_no_memory(err);
    csv->check = check;
    csv->dialect = dialect != NULL ? *dialect : CSV_STRICT;
    csv->is_declared = dialect != NULL;
    check->csv = &csv->dialect;
    buf_init(&csv->shown, (size_t)SHOWN_ROWS * (SHOWN_ROW_BYTES + SHOWN_CELL_BYTES));
    struct csv_rows_handler handler = {
        .ctx = csv, .on_row = csv->is_declared ? on_declared_row : on_row, .on_broken_row = on_broken_row};
    enum err_code code = csv_input_init(&csv->input, &csv->dialect, &handler, err);
    if (code == ERR_NONE)
        code = set_formats(csv, err);
    if (code != ERR_NONE) {
        reader_csv_free(csv);
        return code;
    }
    *ret_csv = csv;
    return ERR_NONE;
}

enum err_code reader_csv_feed(struct reader_csv *csv, struct span bytes, struct err *err)
{
    return csv_input_feed(&csv->input, bytes, err);
}

enum err_code reader_csv_finish(struct reader_csv *csv, struct err *err)
{
    enum err_code code = csv_input_finish(&csv->input, err);
    if (code == ERR_NONE && csv->alien_line > 0)
        report_alien(csv);
    return code;
}

void reader_csv_free(struct reader_csv *csv)
{
    if (csv == NULL)
        return;
    csv_input_fini(&csv->input);
    csv_columns_fini(&csv->columns);
    buf_fini(&csv->shown);
    mem_free(csv->fields);
    mem_free(csv);
}
