// SPDX-License-Identifier: Apache-2.0
// libcsv finds the cells and hands them over one at a time. They are gathered in one buffer, and become spans
// when the row ends, after which the buffer does not move. libcsv cannot be stopped from its callbacks: after
// a stop or a failure they return at once, and the slice that is being parsed is the last one. One thread at
// a time.
#include "text/csv_rows.h"

#include <csv.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/bom.h"

enum {
    CELL_BLOCK_BYTES = 4096,                   // by which libcsv grows its buffer for one cell
    CELL_BUFFER_BYTES = LIMIT_VALUE_BYTES + 2, // up to this: a closing quote and the byte after it go in too
    SLICE_BYTES = 65536,                       // parsed at a time: bounds the work after a stop
};

struct csv_rows {
    struct csv_rows_handler handler; // who gets the rows
    struct csv_parser parser;        // libcsv's state, and its buffer for one cell
    struct bom bom;                  // the start of the input
    struct buf row;                  // the cells of the current row, one after another
    size_t ends[LIMIT_FIELDS];       // where each of them ends in `row`
    struct span cells[LIMIT_FIELDS]; // the same as spans, made for the handler
    size_t count;                    // cells in the current row
    int64_t line;                    // physical line on which the current row starts, from 1
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

static void on_cell(void *data, size_t len, void *ctx)
{
    struct csv_rows *csv = ctx;
    if (is_over(csv))
        return;
    if (len > LIMIT_VALUE_BYTES) {
        fail(csv, ERR_TOO_LARGE, "a cell is larger than %d bytes", LIMIT_VALUE_BYTES);
        return;
    }
    if (csv->count == LIMIT_FIELDS) {
        fail(csv, ERR_TOO_LARGE, "the row has more than %d cells", LIMIT_FIELDS);
        return;
    }
    enum err_code code = buf_append(&csv->row, data, len);
    if (code == ERR_TOO_LARGE)
        fail(csv, code, "the row is larger than %d bytes", LIMIT_BODY_BYTES);
    else if (code != ERR_NONE)
        (void)err_no_memory(&csv->failure);
    csv->ends[csv->count++] = csv->row.len;
}

static void make_cells(struct csv_rows *csv)
{
    const char *start = csv->row.data;
    for (size_t i = 0; i < csv->count; i++) {
        const char *end = csv->row.data + csv->ends[i];
        csv->cells[i] = (struct span){.at = start, .len = (size_t)(end - start)};
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
        count += count_in_cell(csv->cells[i]);
    return count;
}

// libcsv tells the end of a row or a blank line: CR, LF, or -1 for the end of the input. Of CR LF it tells
// both, the LF as that of a blank line.
static void on_row_end(int end, void *ctx)
{
    struct csv_rows *csv = ctx;
    if (is_over(csv))
        return;
    bool is_lf_of_cr_lf = end == '\n' && csv->count == 0 && csv->after_cr;
    csv->after_cr = end == '\r';
    if (is_lf_of_cr_lf)
        return;
    int64_t line = csv->line;
    csv->line++;
    if (csv->count > 0) {
        make_cells(csv);
        csv->line += count_line_ends(csv);
        csv->stopped = !csv->handler.on_row(csv->handler.ctx, line, csv->cells, csv->count);
    }
    csv->count = 0;
    buf_clear(&csv->row);
}

// RFC 4180 section 2.4: "Spaces are considered part of a field".
static int nothing_is_blank(unsigned char byte)
{
    (void)byte;
    return 0;
}

// libcsv tries smaller and smaller steps after a refusal, so its buffer ends at exactly CELL_BUFFER_BYTES.
static void *grow_cell(void *old, size_t size)
{
    return size <= CELL_BUFFER_BYTES ? mem_realloc(old, size) : NULL;
}

enum err_code csv_rows_new(const struct csv_rows_handler *handler, struct csv_rows **ret_csv, struct err *err)
{
    struct csv_rows *csv = mem_zalloc(1, sizeof(*csv));
    if (csv == NULL)
        return err_no_memory(err);
    csv->handler = *handler;
    csv->line = 1;
    buf_init(&csv->row, LIMIT_BODY_BYTES);
    if (buf_reserve(&csv->row, CELL_BLOCK_BYTES) != ERR_NONE) { // so that no cell is NULL
        csv_rows_free(csv);
        return err_no_memory(err);
    }
    (void)csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL); // fails for NULL only
    csv_set_space_func(&csv->parser, nothing_is_blank);
    csv_set_realloc_func(&csv->parser, grow_cell);
    csv_set_free_func(&csv->parser, mem_free);
    csv_set_blk_size(&csv->parser, CELL_BLOCK_BYTES);
    *ret_csv = csv;
    return ERR_NONE;
}

// Fails as libcsv has. When it could not grow its buffer, the size tells whether memory or the limit was
// short.
static void check_parser(struct csv_rows *csv)
{
    int status = csv_error(&csv->parser);
    if (status == CSV_SUCCESS || is_over(csv))
        return;
    if (status == CSV_EPARSE)
        fail(csv, ERR_MALFORMED, "broken CSV: a quote is out of place in the row that starts here");
    else if (csv_get_buffer_size(&csv->parser) == CELL_BUFFER_BYTES)
        fail(csv, ERR_TOO_LARGE, "a cell is larger than %d bytes", LIMIT_VALUE_BYTES);
    else
        (void)err_no_memory(&csv->failure);
}

static void parse(struct csv_rows *csv, struct span bytes)
{
    while (bytes.len > 0 && !is_over(csv)) {
        size_t len = bytes.len < SLICE_BYTES ? bytes.len : SLICE_BYTES;
        // How many bytes it took does not matter: it takes all, or has an error.
        (void)csv_parse(&csv->parser, bytes.at, len, on_cell, on_row_end, csv);
        check_parser(csv);
        bytes.at += len;
        bytes.len -= len;
    }
}

enum err_code csv_rows_feed(struct csv_rows *csv, struct span bytes, struct err *err)
{
    struct span held = bom_skip(&csv->bom, &bytes);
    parse(csv, held);
    parse(csv, bytes);
    return report_failure(csv, err);
}

enum err_code csv_rows_finish(struct csv_rows *csv, struct err *err)
{
    parse(csv, bom_finish(&csv->bom));
    if (!is_over(csv) && csv_fini(&csv->parser, on_cell, on_row_end, csv) != 0)
        fail(csv, ERR_MALFORMED, "broken CSV: a quote in the row that starts here is never closed");
    return report_failure(csv, err);
}

void csv_rows_free(struct csv_rows *csv)
{
    if (csv == NULL)
        return;
    csv_free(&csv->parser);
    buf_fini(&csv->row);
    mem_free(csv);
}
