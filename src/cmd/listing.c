// SPDX-License-Identifier: Apache-2.0
// Layouts of a listing. What the rows are is the commands' business. On the main thread.
#include "cmd/listing.h"

#include <assert.h>
#include <inttypes.h>

#include "base/attr.h"
#include "base/buf.h"
#include "text/json_write.h"
#include "text/nearest.h"

enum { GAP = 2, CELL_BYTES = 1024 * 1024 };

bool listing_format_read(const char *name, enum listing_format *ret_format)
{
    static const char *const names[] = {"text", "csv", "json"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!span_is(span_of(name), names[i]))
            continue;
        *ret_format = (enum listing_format)i;
        return true;
    }
    const char *nearest = nearest_of(span_of(name), names, ARRAY_LEN(names));
    fprintf(stderr, "reckoner: --format is text, csv or json, not %s%s%s%s\n", name,
        nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    return false;
}

void listing_init(struct listing *listing, const char *const *columns, size_t count)
{
    *listing = (struct listing){.columns = columns, .column_count = count};
    arena_init(&listing->arena, SIZE_MAX); // the rows are bounded where they come from
}

void listing_fini(struct listing *listing)
{
    arena_fini(&listing->arena);
    *listing = (struct listing){0};
}

// --- cells

static void add(struct listing *listing, struct value value)
{
    struct value *cells =
        arena_grow(&listing->arena, listing->cells, listing->count, &listing->room, sizeof(*cells));
    if (cells == NULL || listing->is_full) {
        listing->is_full = true;
        return;
    }
    listing->cells = cells;
    cells[listing->count++] = value;
}

void listing_add_text(struct listing *listing, struct span text)
{
    char *at = arena_strndup(&listing->arena, text.at, text.len);
    listing->is_full |= at == NULL;
    add(listing, (struct value){.kind = VALUE_TEXT, .text = {.at = at, .len = text.len}});
}

void listing_add_integer(struct listing *listing, int64_t integer)
{
    add(listing, (struct value){.kind = VALUE_INTEGER, .integer = integer});
}

void listing_add_null(struct listing *listing)
{
    add(listing, (struct value){.kind = VALUE_NULL});
}

// --- a table for people

static void append_plain(struct buf *out, const struct value *cell)
{
    if (cell->kind == VALUE_INTEGER)
        buf_printf(out, "%" PRId64, cell->integer);
    else if (cell->kind == VALUE_TEXT)
        buf_append(out, cell->text.at, cell->text.len);
    else
        buf_append_byte(out, '-');
}

// Characters of a UTF-8 text: all bytes but those that continue one.
static size_t columns_of(struct span text)
{
    size_t columns = 0;
    for (size_t i = 0; i < text.len; i++)
        columns += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return columns;
}

static size_t width_of(const struct listing *listing, size_t column)
{
    size_t widest = columns_of(span_of(listing->columns[column]));
    for (size_t i = column; i < listing->count; i += listing->column_count) {
        AUTO(buf_fini) struct buf cell;
        buf_init(&cell, CELL_BYTES);
        append_plain(&cell, &listing->cells[i]);
        size_t width = columns_of(buf_span(&cell));
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void append_blanks(struct buf *out, size_t count)
{
    while (count-- > 0)
        buf_append_byte(out, ' ');
}

// A number stands at the end of its column, a text at the beginning; no blanks follow the last one.
static void append_padded(struct buf *line, struct span cell, size_t width, bool is_number, bool is_last)
{
    size_t blanks = width - columns_of(cell);
    if (is_number)
        append_blanks(line, blanks);
    buf_append(line, cell.at, cell.len);
    if (!is_last)
        append_blanks(line, (is_number ? 0 : blanks) + GAP);
}

static void print_line(
    const struct listing *listing, const size_t *widths, const struct value *cells, FILE *out)
{
    AUTO(buf_fini) struct buf line;
    buf_init(&line, CELL_BYTES);
    for (size_t i = 0; i < listing->column_count; i++) {
        AUTO(buf_fini) struct buf cell;
        buf_init(&cell, CELL_BYTES);
        if (cells != NULL)
            append_plain(&cell, &cells[i]);
        else
            buf_append_str(&cell, listing->columns[i]);
        append_padded(&line, buf_span(&cell), widths[i], cells != NULL && cells[i].kind == VALUE_INTEGER,
            i + 1 == listing->column_count);
    }
    fprintf(out, "%.*s\n", (int)line.len, line.data);
}

static void print_table(const struct listing *listing, FILE *out)
{
    size_t widths[LISTING_COLUMNS];
    if (listing->count == 0)
        return;
    for (size_t i = 0; i < listing->column_count; i++)
        widths[i] = width_of(listing, i);
    print_line(listing, widths, NULL, out);
    for (size_t i = 0; i + listing->column_count <= listing->count; i += listing->column_count)
        print_line(listing, widths, &listing->cells[i], out);
}

// --- CSV

static bool needs_quotes(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == ',' || text.at[i] == '"' || text.at[i] == '\r' || text.at[i] == '\n')
            return true;
    }
    return text.len == 0 || span_trim(text).len != text.len;
}

static void print_csv_text(struct span text, FILE *out)
{
    if (!needs_quotes(text)) {
        fwrite(text.at, 1, text.len, out);
        return;
    }
    fputc('"', out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            fputc('"', out);
        fputc(text.at[i], out);
    }
    fputc('"', out);
}

static void print_csv(const struct listing *listing, FILE *out)
{
    assert(listing->column_count > 0);
    for (size_t i = 0; i < listing->column_count; i++)
        fprintf(out, "%s%s", i > 0 ? "," : "", listing->columns[i]);
    fputs("\r\n", out);
    for (size_t i = 0; i < listing->count; i++) {
        const struct value *cell = &listing->cells[i];
        if (cell->kind == VALUE_TEXT)
            print_csv_text(cell->text, out);
        else if (cell->kind == VALUE_INTEGER)
            fprintf(out, "%" PRId64, cell->integer);
        fputs((i + 1) % listing->column_count == 0 ? "\r\n" : ",", out);
    }
}

// --- JSON

static bool print_json(const struct listing *listing, FILE *out)
{
    AUTO(buf_fini) struct buf row;
    assert(listing->column_count > 0);
    buf_init(&row, CELL_BYTES);
    fputc('[', out);
    for (size_t i = 0; i < listing->count; i++) {
        size_t column = i % listing->column_count;
        if (column == 0)
            buf_clear(&row);
        buf_append_str(&row, column == 0 ? "{" : ", ");
        json_write_string(&row, span_of(listing->columns[column]));
        buf_append_str(&row, ": ");
        json_write_value(&row, &listing->cells[i]);
        if (column + 1 < listing->column_count)
            continue;
        if (buf_status(&row) != ERR_NONE)
            return false;
        fprintf(out, "%s%.*s}", column == i ? "\n" : ",\n", (int)row.len, row.data);
    }
    fputs(listing->count > 0 ? "\n]\n" : "]\n", out);
    return true;
}

bool listing_print(const struct listing *listing, enum listing_format format, FILE *out)
{
    bool done = !listing->is_full;
    if (done && format == LISTING_TEXT)
        print_table(listing, out);
    else if (done && format == LISTING_CSV)
        print_csv(listing, out);
    else if (done)
        done = print_json(listing, out);
    if (!done)
        fputs("reckoner: out of memory\n", stderr);
    else if (fflush(out) != 0 || ferror(out)) {
        perror("reckoner: the output could not be written");
        done = false;
    }
    return done;
}
