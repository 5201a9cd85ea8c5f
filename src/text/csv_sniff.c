// SPDX-License-Identifier: Apache-2.0
// Splits the text by each delimiter in turn and counts cells. A table's rows have one number of cells; titles
// before it and notes behind it have others, or hardly a cell that is filled. The header is what comes first
// and does not look like the rows below it. Leaves quotes and line ends as csv_rows.h has them to it: here a
// row that is read wrongly only counts less. Any thread.
#include "text/csv_sniff.h"

#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "text/bom.h"
#include "text/csv_sep.h"

enum {
    SAMPLE_ROWS = 1000, // rows that are looked at
    FEW_ROWS = 3,
    HEADER_ROWS_MAX = 6, // more rows of texts are no header
    TITLE_LINES_MAX = 100,
    YEAR_MIN = 1500,
    YEAR_MAX = 2200,
};

// A file that fits several delimiters as well has the one that stands in fewer other places: a decimal comma
// gives each row of a file with semicolons a number of commas, too.
static const char delimiters[] = {'\t', ';', '|', ','};

struct row {
    struct span text; // without its line end
    size_t lines;     // physical lines
    size_t cells;     //
    size_t filled;    // cells that are not empty
    bool is_open;     // a quote is open at its end
};

// --- rows

static bool is_blank_byte(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

// The cell that `*rest` starts with, with its quotes; takes it off, and the delimiter behind it. A line end
// is left. *lines counts line ends in quotes.
static struct span take_cell(struct span *rest, char delimiter, size_t *lines, bool *ret_open)
{
    const char *at = rest->at, *end = rest->at + rest->len, *start = at;
    bool in_quotes = at < end && *at == '"';
    if (in_quotes)
        at++;
    while (at < end && (in_quotes || (*at != delimiter && *at != '\n' && *at != '\r'))) {
        if (*at == '"' && in_quotes) {
            bool is_doubled = at + 1 < end && at[1] == '"';
            in_quotes = is_doubled;
            at += is_doubled;
        } else {
            *lines += *at == '\n';
        }
        at++;
    }
    struct span cell = {.at = start, .len = (size_t)(at - start)};
    *ret_open = in_quotes;
    if (at < end && *at == delimiter)
        at++;
    rest->len = (size_t)(end - at);
    rest->at = at;
    return cell;
}

static struct span unquoted(struct span cell)
{
    if (cell.len >= 2 && cell.at[0] == '"' && cell.at[cell.len - 1] == '"')
        cell = (struct span){.at = cell.at + 1, .len = cell.len - 2};
    return span_trim(cell);
}

static void take_line_end(struct span *rest)
{
    size_t len = 0;
    if (len < rest->len && rest->at[len] == '\r')
        len++;
    if (len < rest->len && rest->at[len] == '\n')
        len++;
    rest->at += len;
    rest->len -= len;
}

// The next row, be it blank; false at the end.
static bool next_row(struct span *rest, char delimiter, struct row *ret_row)
{
    if (rest->len == 0)
        return false;
    const char *start = rest->at;
    struct row row = {.lines = 1};
    bool is_last = false;
    while (!is_last) {
        const char *cell_start = rest->at;
        struct span cell = take_cell(rest, delimiter, &row.lines, &row.is_open);
        row.cells++;
        row.filled += unquoted(cell).len > 0;
        is_last = rest->at == cell_start + cell.len; // no delimiter was behind it
    }
    row.text = (struct span){.at = start, .len = (size_t)(rest->at - start)};
    take_line_end(rest);
    *ret_row = row;
    return true;
}

static bool is_blank(const struct row *row)
{
    for (size_t i = 0; i < row->text.len; i++) {
        if (!is_blank_byte(row->text.at[i]))
            return false;
    }
    return true;
}

// --- the delimiter

struct fit {
    size_t columns; // the number of cells of the table's rows
    size_t rows;    // rows with that many
    size_t all;     // rows that are not blank
    size_t filled;  // the most cells that are filled in a row of so many
};

// The cells of the sample's rows. The table is where most cells are: of many titles and few rows, the rows.
// One row alone is none, unless there are hardly any, and rows of one cell only where there are no others.
static struct fit fit_of(struct span text, char delimiter)
{
    uint16_t counts[LIMIT_CSV_CELLS + 1] = {0}, filled[LIMIT_CSV_CELLS + 1] = {0};
    struct fit fit = {.columns = 1};
    struct row row;
    bool is_cut = text.len > 0 && strchr("\r\n", text.at[text.len - 1]) == NULL;
    while (fit.all < SAMPLE_ROWS && next_row(&text, delimiter, &row)) {
        if (is_blank(&row) || (is_cut && text.len == 0 && fit.all > 1)) // the last one may be cut
            continue;
        fit.all++;
        size_t cells = row.cells < LIMIT_CSV_CELLS ? row.cells : (size_t)LIMIT_CSV_CELLS;
        size_t some = row.filled < LIMIT_CSV_CELLS ? row.filled : (size_t)LIMIT_CSV_CELLS;
        counts[cells]++;
        if (some > filled[cells])
            filled[cells] = (uint16_t)some;
    }
    for (size_t cells = 2; cells <= LIMIT_CSV_CELLS; cells++) {
        bool is_there = counts[cells] > (fit.all > FEW_ROWS);
        if (is_there && (fit.columns == 1 || counts[cells] * cells >= counts[fit.columns] * fit.columns))
            fit.columns = cells;
    }
    fit.rows = counts[fit.columns];
    fit.filled = filled[fit.columns];
    return fit;
}

// Programs leave out empty cells at the end of rows, maybe of most: a first row with something in each cell,
// than which no row is wider, and another one as wide, tell how many columns there are.
static void widen(struct span text, char delimiter, struct fit *fit)
{
    struct row row;
    size_t rows = 0, first = 0, as_wide = 0;
    while (rows < SAMPLE_ROWS && next_row(&text, delimiter, &row)) {
        if (is_blank(&row))
            continue;
        if (rows++ == 0 && row.filled == row.cells)
            first = row.cells;
        if (row.cells > first)
            return;
        as_wide += row.cells == first;
    }
    if (first <= fit->columns || as_wide < 2)
        return;
    fit->columns = fit->filled = first;
    fit->rows = as_wide;
}

// Whether `other` is a clearly better reading than `best`, whose delimiter stands before its own in the list.
static bool is_better(const struct fit *other, const struct fit *best)
{
    if (other->columns < 2 || other->rows * 10 < other->all)
        return false;
    if (best->columns < 2)
        return true;
    // Shares of rows that fit, in hundredths.
    size_t share = other->rows * 100 / other->all, best_share = best->rows * 100 / best->all;
    if (best->columns >= 3 * other->columns && share <= best_share + 30)
        return false; // a few more rows do not outweigh that many columns
    return share > best_share + 5 || (share + 5 >= best_share && other->columns >= 3 * best->columns);
}

// The delimiter of a first line "sep=;", which goes off the text; or '\0'.
static char take_sep(struct span *text)
{
    size_t bytes;
    bool unused;
    char delimiter = csv_sep(*text, &bytes, &unused);
    if (delimiter == '\0')
        return '\0';
    bytes += span_starts_with(span_from(*text, bytes), "\r\n") ? 2 : 1;
    *text = span_from(*text, bytes);
    return delimiter;
}

static char best_delimiter(struct span text, struct fit *ret_fit)
{
    char best = ',';
    struct fit best_fit = {.columns = 1, .all = 1};
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++) {
        struct fit fit = fit_of(text, delimiters[i]);
        if (fit.all > 0 && is_better(&fit, &best_fit)) {
            best = delimiters[i];
            best_fit = fit;
        }
    }
    *ret_fit = best_fit.columns > 1 ? best_fit : fit_of(text, best);
    return best;
}

char csv_sniff_delimiter(struct span text)
{
    struct fit fit;
    text = span_from(text, bom_length(text));
    char sep = take_sep(&text);
    return sep != '\0' ? sep : best_delimiter(text, &fit);
}

// --- the header

bool csv_sniff_is_value(struct span cell)
{
    bool has_digit = false;
    for (size_t i = 0; i < cell.len; i++) {
        char byte = cell.at[i];
        bool is_digit = byte >= '0' && byte <= '9';
        has_digit = has_digit || is_digit;
        // A date and a time may have ISO 8601's letters, a number an exponent.
        bool is_inner = has_digit && (byte == 'T' || byte == 'Z' || byte == 'E' || byte == 'e');
        // Bytes of blanks and apostrophes that are not ASCII, of money and per cent.
        static const char signs[] = " +-.,:/'%$\xC2\xA0\xE2\x80\xAF\x89\x99\x82\xAC\xA3\xA5";
        bool is_sign = byte != '\0' && strchr(signs, byte) != NULL;
        if (!is_digit && !is_inner && !is_sign)
            return false;
    }
    return has_digit;
}

// A year, a month or a pair of years: what stands above columns of times as well as in cells.
static bool is_year(struct span cell)
{
    int year = 0;
    if (cell.len < 4 || cell.len > 9)
        return false;
    for (size_t i = 0; i < 4; i++) {
        if (cell.at[i] < '0' || cell.at[i] > '9')
            return false;
        year = year * 10 + (cell.at[i] - '0');
    }
    return year >= YEAR_MIN && year <= YEAR_MAX && (cell.len == 4 || cell.at[4] == '-' || cell.at[4] == '/');
}

// What most rows have in a column.
struct column {
    size_t values; // cells that look like numbers or dates
    size_t years;  // of those, years
    size_t texts;  // other cells with more in them than a sign for nothing
    size_t codes;  // of those, capital letters and digits of the same number as in the first one
    size_t len;    // that number
};

// Two to five capital letters and digits, as codes of countries and currencies are.
static bool is_code(struct span cell)
{
    for (size_t i = 0; i < cell.len; i++) {
        if (!ascii_is_digit(cell.at[i]) && !(cell.at[i] >= 'A' && cell.at[i] <= 'Z'))
            return false;
    }
    return cell.len >= 2 && cell.len <= 5;
}

static bool is_nothing(struct span cell)
{
    return cell.len == 0 || span_is_nocase(cell, "na") || span_is_nocase(cell, "n/a") ||
           span_is_nocase(cell, "null") || span_is(cell, "\\N") || (cell.len <= 3 && cell.at[0] == '.') ||
           (cell.len <= 2 && cell.at[0] == '-') || span_is(cell, ":") || span_is(cell, "/") ||
           span_is(cell, "x");
}

static void count_row(struct span text, char delimiter, struct column *columns, size_t count)
{
    size_t lines = 0;
    bool is_open;
    for (size_t i = 0; i < count; i++) {
        struct span cell = unquoted(take_cell(&text, delimiter, &lines, &is_open));
        if (csv_sniff_is_value(cell)) {
            columns[i].values++;
            columns[i].years += is_year(cell);
        } else if (!is_nothing(cell)) {
            columns[i].len = columns[i].texts++ == 0 ? cell.len : columns[i].len;
            columns[i].codes += is_code(cell) && cell.len == columns[i].len;
        }
    }
}

// The first columns of all rows of the right width behind the first `skipped` ones of them.
static void count_columns(
    struct span text, const struct csv_sniff *sniff, size_t skipped, struct column *columns, size_t count)
{
    struct row row;
    for (size_t rows = 0; rows < SAMPLE_ROWS && next_row(&text, sniff->delimiter, &row);) {
        if (row.cells == sniff->columns && rows++ >= skipped)
            count_row(row.text, sniff->delimiter, columns, count);
    }
}

// Whether the row is one of codes and other texts like those below it.
static bool is_like_others(struct span text, char delimiter, const struct column *columns, size_t count)
{
    size_t lines = 0;
    bool is_open, is_like = false;
    for (size_t i = 0; i < count; i++) {
        struct span cell = unquoted(take_cell(&text, delimiter, &lines, &is_open));
        bool of_codes = columns[i].codes > 2 && columns[i].codes * 10 > columns[i].texts * 9;
        if ((csv_sniff_is_value(cell) && !is_year(cell)) || span_is(cell, "\\N"))
            return true;
        is_like = is_like || (of_codes && is_code(cell) && cell.len == columns[i].len);
    }
    return is_like;
}

enum heading {
    IS_DATA,     // it has a value that could be of its column, or nothing but texts like those below
    MAY_BE_HEAD, // it has no value: above the header's last row there may be such ones
    IS_HEAD,     // it has a text where the column has values
};

// Whether the row stands above the columns.
static enum heading heading_of(struct span text, char delimiter, const struct column *columns, size_t count)
{
    size_t lines = 0;
    bool is_open, has_text = false;
    for (size_t i = 0; i < count; i++) {
        struct span cell = unquoted(take_cell(&text, delimiter, &lines, &is_open));
        bool of_values = columns[i].values > 2 * columns[i].texts;
        bool of_years = of_values && columns[i].years * 2 > columns[i].values;
        if (csv_sniff_is_value(cell) && (!is_year(cell) || of_years))
            return IS_DATA;
        has_text = has_text || (of_values && !is_nothing(cell));
    }
    return has_text ? IS_HEAD : MAY_BE_HEAD;
}

// Counts the rows of the header, which is where `text` starts, by what the `all` rows of the table have below
// it. Where all columns hold texts, the first row is taken for it unless it looks like those below it.
static void find_header(struct span text, size_t all, struct csv_sniff *sniff)
{
    struct column columns[LIMIT_FIELDS] = {0};
    struct span rest = text;
    struct row row;
    size_t typed = 0, rows = 0, lines = 0;
    size_t count = sniff->columns < LIMIT_FIELDS ? sniff->columns : LIMIT_FIELDS; // that are looked at
    size_t skipped = all > 2 * HEADER_ROWS_MAX ? HEADER_ROWS_MAX : all > 2 ? (all - 1) / 2 : 1;
    count_columns(text, sniff, skipped, columns, count);
    for (size_t i = 0; i < count; i++)
        typed += columns[i].values > 2 * columns[i].texts;
    while (rows < HEADER_ROWS_MAX && next_row(&rest, sniff->delimiter, &row)) {
        lines += row.lines;
        if (is_blank(&row))
            continue;
        rows++;
        enum heading heading = heading_of(row.text, sniff->delimiter, columns, count);
        if (typed == 0)
            heading = is_like_others(row.text, sniff->delimiter, columns, count) ? IS_DATA : IS_HEAD;
        if (heading == IS_HEAD) {
            sniff->header_rows = rows;
            sniff->header_lines = lines;
        }
        if (heading == IS_DATA || typed == 0)
            break;
    }
    if (sniff->header_rows == HEADER_ROWS_MAX) { // these are data
        sniff->header_rows = 1;
        sniff->header_lines = 1;
    }
}

// Whether a row before the header is a title: it has another number of cells, or hardly one that is filled.
static bool is_title(const struct row *row, const struct fit *fit)
{
    if (is_blank(row) || row->cells != fit->columns)
        return true;
    return row->filled < fit->filled && row->filled * 2 < fit->filled + (fit->filled == 2);
}

// Whether the row right before the table, whose rows end with a delimiter each, is its header without one.
static bool is_short_header(const struct row *row, const struct fit *fit)
{
    return row->cells > 1 && row->cells + 1 == fit->columns && row->filled == row->cells;
}

void csv_sniff(struct span text, struct csv_sniff *ret_sniff)
{
    struct csv_sniff sniff = {0};
    struct fit fit;
    struct row row, title = {0};
    text = span_from(text, bom_length(text));
    char sep = take_sep(&text);
    sniff.delimiter = sep != '\0' ? sep : best_delimiter(text, &fit);
    if (sep != '\0')
        fit = fit_of(text, sep);
    widen(text, sniff.delimiter, &fit);
    sniff.columns = fit.all > 0 ? fit.columns : 0;
    struct span rest = text, table = text;
    for (size_t lines = 0; lines < TITLE_LINES_MAX && next_row(&rest, sniff.delimiter, &row);) {
        if (!is_title(&row, &fit)) {
            sniff.skip = lines;
            text = table;
            break;
        }
        title = row;
        lines += row.lines;
        table = rest;
    }
    if (sniff.columns > 0)
        find_header(text, fit.rows, &sniff);
    if (sniff.header_rows == 0 && sniff.skip > 0 && is_short_header(&title, &fit)) {
        sniff.skip -= title.lines;
        sniff.header_rows = 1;
        sniff.header_lines = title.lines;
    }
    *ret_sniff = sniff;
}
