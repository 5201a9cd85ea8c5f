// SPDX-License-Identifier: Apache-2.0
// Goes through the bytes once. The cells of a row are gathered in one buffer, and become spans when the row
// ends, after which the buffer does not move. One thread at a time.
//
//                    "                   "                 any other byte
//     ┌─► CELL ─────────────► QUOTED ─────────────► QUOTE ──────────► BROKEN
//     │    │  any other byte    ▲  │                 │ │  a blank ─► BEHIND ──┘   where cells are trimmed
//     │    ▼                    └──┼─────────────────┘ │               │
//     │  PLAIN                     any other byte   "  │               │
//     └────┴── the delimiter or a line end ────────────┴───────────────┘
#include "text/csv_rows.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    ROW_BYTES = 4096, // of the buffer at first
    NO_QUOTE = 256,   // no byte
};

enum csv_state {
    CSV_CELL,   // where a cell begins
    CSV_PLAIN,  // in a cell without quotes around it
    CSV_QUOTED, // in one between quotes
    CSV_QUOTE,  // behind a quote in it, which ends it or is the first one of a doubled quote
    CSV_BEHIND, // behind blanks behind a quote that ended it, where cells are trimmed
    CSV_BROKEN, // behind the end of a quoted cell that goes on
};

struct csv_rows {
    struct csv_rows_handler handler; // who gets the rows
    struct csv_form form;            //
    int quote;                       // the byte that begins and ends a quoted cell; NO_QUOTE: none does
    enum csv_state state;            //
    struct buf row;                  // the cells of the current row, one after another
    size_t cell_start;               // where the current cell begins in `row`
    size_t *ends;                    // owned; where each cell before it ends
    struct csv_cell *cells;          // owned; the same as spans, made for the handler
    size_t ends_room, cells_room;    // of both, as much as the widest row has needed
    size_t count;                    // cells in the current row that have ended
    size_t width;                    // cells of the first row; 0 before it has come
    int64_t line;                    // physical line on which the current row starts, from 1
    bool is_broken;                  // the current row is
    bool after_cr;      // the last row ended with CR: an LF right behind it belongs to that line end
    bool stopped;       // the handler wants no more
    struct err failure; // the first failure
};

static bool is_over(const struct csv_rows *csv)
{
    return csv->stopped || csv->failure.code != ERR_NONE;
}

static enum err_code report_failure(const struct csv_rows *csv, struct err *err)
{
    if (csv->failure.code == ERR_NONE)
        return ERR_NONE;
    return err_set_at(err, csv->failure.code, csv->failure.line, 0, "%s", csv->failure.text);
}

static void PRINTF_LIKE(3, 4) fail(struct csv_rows *csv, enum err_code code, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    uint32_t line = csv->line < UINT32_MAX ? (uint32_t)csv->line : UINT32_MAX;
    (void)err_set_at(&csv->failure, code, line, 0, "%s", text);
}

// --- cells

static void add(struct csv_rows *csv, const char *bytes, size_t len)
{
    if (len > LIMIT_VALUE_BYTES - (csv->row.len - csv->cell_start)) {
        fail(csv, ERR_TOO_LARGE, "a cell is larger than %d bytes", LIMIT_VALUE_BYTES);
        return;
    }
    enum err_code code = len > 0 ? buf_append(&csv->row, bytes, len) : ERR_NONE;
    if (code == ERR_TOO_LARGE)
        fail(csv, code, "the row is larger than %d bytes", LIMIT_ROW_BYTES);
    else if (code != ERR_NONE)
        (void)err_no_memory(&csv->failure);
}

// Makes room for one more cell of the row; false after a failure.
static bool make_room(struct csv_rows *csv)
{
    if (csv->count == LIMIT_CSV_CELLS) {
        fail(csv, ERR_TOO_LARGE, "the row has more than %d cells", LIMIT_CSV_CELLS);
        return false;
    }
    size_t *ends = mem_grow(csv->ends, csv->count, &csv->ends_room, sizeof(*ends));
    if (ends != NULL)
        csv->ends = ends;
    struct csv_cell *cells = mem_grow(csv->cells, csv->count, &csv->cells_room, sizeof(*cells));
    if (cells != NULL)
        csv->cells = cells;
    if (ends != NULL && cells != NULL)
        return true;
    (void)err_no_memory(&csv->failure);
    return false;
}

static void end_cell(struct csv_rows *csv)
{
    bool has_room = csv->count < csv->ends_room && csv->count < csv->cells_room;
    if (!has_room && !make_room(csv))
        return;
    csv->cells[csv->count].is_quoted = csv->state == CSV_QUOTE || csv->state == CSV_BEHIND;
    csv->ends[csv->count++] = csv->cell_start = csv->row.len;
    csv->state = CSV_CELL;
}

// --- rows

static void make_cells(struct csv_rows *csv)
{
    const char *start = csv->row.data;
    for (size_t i = 0; i < csv->count; i++) {
        const char *end = csv->row.data + csv->ends[i];
        csv->cells[i].text = (struct span){.at = start, .len = (size_t)(end - start)};
        if (csv->form.trims)
            csv->cells[i].text = span_trim(csv->cells[i].text);
        start = end;
    }
}

// Line ends in a cell: LF, CR LF or CR.
static int64_t count_in_cell(struct span cell)
{
    int64_t count = 0;
    for (size_t i = 0; i < cell.len; i++)
        count += cell.at[i] == '\n' || (cell.at[i] == '\r' && (i + 1 == cell.len || cell.at[i + 1] != '\n'));
    return count;
}

// Line ends in all cells of the row. Hardly any row has one, so the row is searched as a whole first.
static int64_t count_line_ends(const struct csv_rows *csv)
{
    int64_t count = 0;
    if (memchr(csv->row.data, '\n', csv->row.len) == NULL &&
        memchr(csv->row.data, '\r', csv->row.len) == NULL)
        return 0;
    for (size_t i = 0; i < csv->count; i++)
        count += count_in_cell(csv->cells[i].text);
    return count;
}

static bool is_blank(const struct csv_rows *csv)
{
    return csv->count == 1 && csv->row.len == 0 && !csv->cells[0].is_quoted && !csv->is_broken;
}

static void end_row(struct csv_rows *csv)
{
    int64_t line = csv->line++;
    if (!is_blank(csv) || csv->width == 1) {
        make_cells(csv);
        csv->line += count_line_ends(csv);
        if (csv->width == 0)
            csv->width = csv->count;
        csv->stopped = csv->is_broken ? !csv->handler.on_broken_row(csv->handler.ctx, line)
                                      : !csv->handler.on_row(csv->handler.ctx, line, csv->cells, csv->count);
    }
    csv->is_broken = false;
    csv->count = csv->cell_start = 0;
    buf_clear(&csv->row);
}

// Whether a byte ends a cell that is not between quotes.
static bool is_end(char byte, char delimiter)
{
    return byte == delimiter || byte == '\n' || byte == '\r';
}

// The byte at `at` ends the cell, and the row unless it is the delimiter.
static const char *take_end(struct csv_rows *csv, const char *at)
{
    end_cell(csv);
    if (*at != csv->form.delimiter && !is_over(csv))
        end_row(csv);
    csv->after_cr = *at == '\r';
    return at + 1;
}

// A blank around a cell. The delimiter may be one itself.
static bool is_outer_blank(const struct csv_rows *csv, char byte)
{
    return (byte == ' ' || byte == '\t') && byte != csv->form.delimiter;
}

// --- the states, each with bytes up to `end`; the result is where the next one begins

static const char *begin_cell(struct csv_rows *csv, const char *at)
{
    bool is_lf_of_cr_lf = csv->after_cr && *at == '\n';
    csv->after_cr = false;
    if (is_lf_of_cr_lf)
        return at + 1;
    if (csv->form.trims && is_outer_blank(csv, *at))
        return at + 1;
    bool is_quote = *at == csv->quote;
    csv->state = is_quote ? CSV_QUOTED : CSV_PLAIN;
    return at + is_quote;
}

static const char *read_plain(struct csv_rows *csv, const char *at, const char *end)
{
    const char *start = at;
    char delimiter = csv->form.delimiter;
    while (at < end && !is_end(*at, delimiter))
        at++;
    add(csv, start, (size_t)(at - start));
    return at < end && !is_over(csv) ? take_end(csv, at) : at;
}

static const char *read_quoted(struct csv_rows *csv, const char *at, const char *end)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));
    add(csv, at, (size_t)((quote != NULL ? quote : end) - at));
    if (quote == NULL)
        return end;
    csv->state = CSV_QUOTE;
    return quote + 1;
}

static const char *read_behind_quote(struct csv_rows *csv, const char *at)
{
    if (is_end(*at, csv->form.delimiter))
        return take_end(csv, at);
    if (csv->form.trims && is_outer_blank(csv, *at)) {
        csv->state = CSV_BEHIND;
        return at + 1;
    }
    if (*at == '"' && csv->state == CSV_QUOTE) {
        add(csv, at, 1);
        csv->state = CSV_QUOTED;
        return at + 1;
    }
    csv->is_broken = true;
    csv->state = CSV_BROKEN;
    return at;
}

static void parse(struct csv_rows *csv, struct span bytes)
{
    const char *at = bytes.at, *end = bytes.len > 0 ? at + bytes.len : at;
    while (at < end && !is_over(csv)) {
        switch (csv->state) {
        case CSV_CELL:
            at = begin_cell(csv, at);
            break;
        case CSV_PLAIN:
        case CSV_BROKEN:
            at = read_plain(csv, at, end);
            break;
        case CSV_QUOTED:
            at = read_quoted(csv, at, end);
            break;
        case CSV_QUOTE:
        case CSV_BEHIND:
            at = read_behind_quote(csv, at);
            break;
        }
    }
}

// --- the reader

enum err_code csv_rows_new(const struct csv_rows_handler *handler, struct csv_rows **ret_csv, struct err *err)
{
    struct csv_rows *csv = mem_zalloc(1, sizeof(*csv));
    if (csv == NULL)
        return err_no_memory(err);
    csv->handler = *handler;
    csv_rows_begin(csv, &(struct csv_form){.delimiter = ','}, 1);
    buf_init(&csv->row, LIMIT_ROW_BYTES);
    if (buf_reserve(&csv->row, ROW_BYTES) != ERR_NONE) { // so that no cell is NULL
        csv_rows_free(csv);
        return err_no_memory(err);
    }
    *ret_csv = csv;
    return ERR_NONE;
}

void csv_rows_begin(struct csv_rows *csv, const struct csv_form *form, int64_t line)
{
    csv->form = *form;
    csv->quote = form->has_no_quotes ? NO_QUOTE : '"';
    csv->line = line;
}

int64_t csv_rows_line(const struct csv_rows *csv)
{
    return csv->line;
}

enum err_code csv_rows_feed(struct csv_rows *csv, struct span bytes, struct err *err)
{
    parse(csv, bytes);
    return report_failure(csv, err);
}

enum err_code csv_rows_finish(struct csv_rows *csv, struct err *err)
{
    bool has_row = csv->state != CSV_CELL || csv->count > 0;
    if (!is_over(csv) && csv->state == CSV_QUOTED)
        fail(csv, ERR_MALFORMED, "broken CSV: a quote in the row that starts here is never closed");
    if (!is_over(csv) && has_row)
        end_cell(csv);
    if (!is_over(csv) && has_row)
        end_row(csv);
    return report_failure(csv, err);
}

void csv_rows_free(struct csv_rows *csv)
{
    if (csv == NULL)
        return;
    buf_fini(&csv->row);
    mem_free(csv->ends);
    mem_free(csv->cells);
    mem_free(csv);
}
