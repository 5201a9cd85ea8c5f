// SPDX-License-Identifier: Apache-2.0
// Writes the rows of an answer. Each value is first brought into the form of its column's type, then written
// as the format has it. A row costs a few appends, since answer.c has escaped all names and looked up all
// types. The plan's thread.
#include "app/answer.h"

#include <math.h>

#include "text/csv_write.h"
#include "text/decimal.h"
#include "text/json_normal.h"
#include "text/json_write.h"
#include "text/number.h"
#include "text/timestamp.h"

// Reals from INTEGER_LOW up to but without INTEGER_END fit into 64 bits.
static const double INTEGER_LOW = -9223372036854775808.0, INTEGER_END = 9223372036854775808.0;
static const int64_t EXACT_END = INT64_C(1) << 53; // up to here every integer is a double

// How a value is written.
enum form {
    FORM_VALUE,  // by its kind
    FORM_WORD,   // a text that is no string in JSON: true or false
    FORM_DIGITS, // a number, with the decimal places of the column's type
    FORM_JSON,   // a text that is JSON
    FORM_LIST,   // a text of items, as lists of parameters and fields are
};

struct cell {
    struct value value;                 //
    enum form form;                     //
    const struct answer_column *column; // whose value it is; borrowed
};

// --- values in the form of their column's type

static enum err_code fail_type(const struct answer_column *column, const struct value *value, struct err *err)
{
    enum { TYPE_CHARS = 40 };
    char number[NUMBER_CHARS];
    struct span shown = value_show(*value, number);
    AUTO(buf_fini) struct buf type;
    buf_init(&type, TYPE_CHARS);
    rule_write_type(column->type, &type);
    if (buf_status(&type) != ERR_NONE)
        return err_no_memory(err);
    return err_set(err, ERR_STORE, "column %.*s is declared %.*s, and a row has %.*s", SHOW(column->name),
        (int)type.len, type.data, SHOW(shown));
}

// Of integers past 64 bits SQLite makes a real, whose last digits are lost. The values that have led there
// are the row's or the request's, or are stored, as for a statement that ends with an overflow.
static enum err_code fail_overflow(const struct answer_column *column, double real, struct err *err)
{
    err_set(err, ERR_VALUE, "column %.*s has a decimal past 64 bits", SHOW(column->name));
    err_hint(err, "it is about %.4g: give a factor fewer places before, as decimal_round(pieces, 3, 1) does",
        real);
    return ERR_VALUE;
}

// A decimal without places, or with zeros there.
static bool is_whole_decimal(struct span digits)
{
    const char *point = memchr(digits.at, '.', digits.len);
    return point == NULL || (point + 2 == digits.at + digits.len && point[1] == '0');
}

// A whole real is an integer: round() gives reals. A whole decimal is one of any length.
static bool make_integer(struct value *value)
{
    if (value->kind == VALUE_DECIMAL && is_whole_decimal(value->text)) {
        const char *point = memchr(value->text.at, '.', value->text.len);
        if (point != NULL)
            value->text.len = (size_t)(point - value->text.at);
        int64_t integer;
        if (number_parse_integer(value->text, &integer))
            *value = (struct value){.kind = VALUE_INTEGER, .integer = integer};
        return true;
    }
    bool is_whole = value->kind == VALUE_REAL && value->real >= INTEGER_LOW && value->real < INTEGER_END &&
                    trunc(value->real) == value->real;
    if (is_whole)
        *value = (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)value->real};
    return value->kind == VALUE_INTEGER;
}

// A real, so that 5 and 5.0 come out alike from stores that tell them apart and those that do not. What no
// real holds keeps its digits.
static bool make_number(struct value *value)
{
    if (value->kind == VALUE_INTEGER && value->integer >= -EXACT_END && value->integer <= EXACT_END)
        *value = (struct value){.kind = VALUE_REAL, .real = (double)value->integer};
    return value->kind != VALUE_TEXT;
}

static bool make_boolean(struct value *value)
{
    struct value integer = *value;
    if (!make_integer(&integer) || integer.kind != VALUE_INTEGER || integer.integer < 0 ||
        integer.integer > 1)
        return false;
    *value = (struct value){.kind = VALUE_TEXT, .text = span_of(integer.integer == 1 ? "true" : "false")};
    return true;
}

// Brings a moment to the column's decimal places: a text of SQLite's is as it was stored. What is no moment
// is left as it is.
static void make_moment(const struct answer_column *column, struct value *value)
{
    enum { MICROS_CHARS = TIMESTAMP_CHARS - 1, MILLIS_CHARS = MICROS_CHARS - 3 };
    size_t other_len = column->micros ? MILLIS_CHARS : MICROS_CHARS;
    int64_t us;
    if (value->kind != VALUE_TEXT || value->text.len != other_len || !timestamp_parse(value->text, &us))
        return;
    value->text.len = timestamp_format(us, column->micros, column->moment);
    value->text.at = column->moment;
}

// Where SQL has a decimal as an integer of its last places, a real is one as well: an average, say. Elsewhere
// numbers of other types are what they are.
static bool make_decimal(const struct answer_column *column, bool is_scaled, struct cell *cell)
{
    struct value *value = &cell->value, scaled = {.kind = VALUE_SCALED, .scale = column->type.scale};
    cell->form = is_scaled || value->kind == VALUE_REAL ? FORM_VALUE : FORM_DIGITS;
    if (cell->form == FORM_DIGITS)
        return value->kind == VALUE_DECIMAL || value->kind == VALUE_INTEGER;
    bool fits = value->kind == VALUE_INTEGER;
    if (fits)
        scaled.integer = value->integer;
    else if (value->kind == VALUE_REAL)
        fits = decimal_from_real(
            is_scaled ? value->real : value->real * pow(10, column->type.scale), &scaled.integer);
    if (fits)
        *value = scaled;
    return fits;
}

// Brings a value that is there into the form of the column's type.
static enum err_code make_declared(
    const struct answer *answer, const struct answer_column *column, struct cell *cell, struct err *err)
{
    struct value *value = &cell->value;
    bool fits = false;
    if (column->type.is_list || column->type.type == TYPE_JSON) {
        if (value->kind == VALUE_TEXT)
            cell->form = column->type.is_list ? FORM_LIST : FORM_JSON;
        fits = value->kind == VALUE_TEXT || !column->type.is_list; // a number is JSON as it is
        return fits ? ERR_NONE : fail_type(column, value, err);
    }
    switch (column->type.type) {
    case TYPE_INTEGER:
        fits = make_integer(value);
        break;
    case TYPE_NUMBER:
        fits = make_number(value);
        break;
    case TYPE_BOOLEAN:
        fits = make_boolean(value);
        cell->form = FORM_WORD;
        break;
    case TYPE_DECIMAL:
        fits = make_decimal(column, answer->decimals_are_scaled, cell);
        if (!fits && value->kind == VALUE_REAL)
            return fail_overflow(column, value->real, err);
        break;
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_UUID:
        fits = value->kind == VALUE_TEXT;
        break;
    case TYPE_TIMESTAMP:
        make_moment(column, value);
        fits = value->kind == VALUE_TEXT;
        break;
    case TYPE_JSON: // see above
        break;
    }
    return fits ? ERR_NONE : fail_type(column, value, err);
}

// Reads a column of the current row.
static enum err_code read_cell(
    const struct answer *answer, struct store_stmt *stmt, size_t i, struct cell *ret_cell, struct err *err)
{
    const struct answer_column *column = &answer->columns[i];
    struct value *value = &ret_cell->value;
    enum err_code code =
        column->micros ? store_column_micros(stmt, i, value, err) : store_column(stmt, i, value, err);
    ret_cell->form = FORM_VALUE;
    ret_cell->column = column;
    if (code != ERR_NONE || value->kind == VALUE_NULL)
        return code;
    if (value->kind == VALUE_REAL && !isfinite(value->real)) // has no form in JSON, of whatever type
        *value = (struct value){.kind = VALUE_NULL};
    else if (column->is_declared)
        return make_declared(answer, column, ret_cell, err);
    else if (column->is_boolean && make_boolean(value)) // any other number that SQLite has there stays one
        ret_cell->form = FORM_WORD;
    return ERR_NONE;
}

// --- values as a format writes them

static void write_digits(struct buf *out, const struct cell *cell)
{
    char number[NUMBER_CHARS];
    decimal_write_rounded(value_show(cell->value, number), cell->column->type.scale, out);
}

// An item of a list, as the JSON of its type; false when it is none of that type.
static bool write_item(struct buf *out, const struct rule_type *type, struct span item)
{
    struct value value = {.kind = VALUE_TEXT, .text = item};
    bool fits = true;
    switch (type->type) {
    case TYPE_INTEGER:
        value.kind = VALUE_INTEGER;
        fits = number_read_integer(item, &value.integer);
        break;
    case TYPE_NUMBER:
        value.kind = VALUE_REAL;
        fits = number_read(item, &value.real);
        break;
    case TYPE_DECIMAL:
        value.kind = VALUE_SCALED;
        value.scale = type->scale;
        fits = decimal_parse(item, DECIMAL_MAX_DIGITS, type->scale, &value.integer) == DECIMAL_OK;
        break;
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_UUID:
    case TYPE_BOOLEAN: // of which there are no lists
    case TYPE_JSON:    // likewise
        break;
    }
    if (fits)
        json_write_value(out, &value);
    return fits;
}

static bool has_separator(struct span text)
{
    return text.len > 0 && memchr(text.at, LIST_SEPARATOR, text.len) != NULL;
}

// The items of a list as an array; false when one is not of its type.
static bool write_list(struct buf *out, const struct cell *cell)
{
    struct span rest = cell->value.text;
    char separator = has_separator(rest) ? LIST_SEPARATOR : ',';
    bool is_first = true, fits = true;
    buf_append_byte(out, '[');
    while (rest.len > 0 && fits) {
        struct span item = span_trim(span_split(&rest, separator));
        if (item.len == 0)
            continue;
        buf_append_str(out, is_first ? "" : ",");
        fits = write_item(out, &cell->column->type, item);
        is_first = false;
    }
    buf_append_byte(out, ']');
    return fits;
}

// Writes the forms that are JSON by themselves; false when the text is no such JSON, or no such list.
static bool write_structure(struct buf *out, const struct cell *cell)
{
    if (cell->form == FORM_LIST)
        return write_list(out, cell);
    return json_normal_write(cell->value.text, out) || buf_status(out) != ERR_NONE; // which spool_flow tells
}

static enum err_code write_json(struct buf *out, const struct cell *cell, struct err *err)
{
    switch (cell->form) {
    case FORM_VALUE:
        json_write_value(out, &cell->value);
        break;
    case FORM_WORD:
        buf_append(out, cell->value.text.at, cell->value.text.len);
        break;
    case FORM_DIGITS:
        write_digits(out, cell);
        break;
    case FORM_JSON:
    case FORM_LIST:
        if (!write_structure(out, cell))
            return fail_type(cell->column, &cell->value, err);
        break;
    }
    return ERR_NONE;
}

// Null is written as nothing.
static void write_text(struct buf *out, const struct value *value)
{
    if (value->kind == VALUE_TEXT)
        csv_write_plain(out, value->text);
    else if (value->kind != VALUE_NULL)
        json_write_value(out, value);
}

static void write_cell(struct buf *out, const struct value *value)
{
    if (value->kind == VALUE_TEXT)
        csv_write_cell(out, value->text);
    else
        write_text(out, value);
}

// Puts what was appended from `first` on into quotes, where a cell needs them.
static void quote_appended(struct buf *out, size_t first)
{
    struct span text = {.at = out->data + first, .len = out->len - first};
    size_t more = 2;
    if (buf_status(out) != ERR_NONE || !csv_needs_quotes(text))
        return;
    for (size_t i = 0; i < text.len; i++)
        more += text.at[i] == '"';
    if (buf_reserve(out, more) != ERR_NONE)
        return;
    char *from = out->data + out->len, *to = from + more;
    out->len += more;
    *--to = '"';
    while (from > out->data + first) {
        *--to = *--from;
        if (*from == '"')
            *--to = '"';
    }
    *--to = '"';
}

// A list is what a cell of a list may be, with commas between its items; where one of them has a comma, or
// where it looks like JSON, it is JSON.
static bool is_plain_list(const struct cell *cell)
{
    struct span text = cell->value.text;
    return cell->form == FORM_LIST && text.len > 0 && text.at[0] != '[' && !has_separator(text);
}

static enum err_code write_plain_form(const struct answer_run *run, const struct cell *cell, struct err *err)
{
    struct buf *out = &run->out->buf;
    size_t first = out->len;
    if (cell->form == FORM_DIGITS) {
        write_digits(out, cell);
    } else if ((cell->form == FORM_JSON || cell->form == FORM_LIST) && !is_plain_list(cell)) {
        if (!write_structure(out, cell))
            return fail_type(cell->column, &cell->value, err);
        if (run->format == FORMAT_CSV)
            quote_appended(out, first);
    } else if (run->format == FORMAT_TEXT) {
        write_text(out, &cell->value);
    } else {
        write_cell(out, &cell->value);
    }
    return ERR_NONE;
}

// --- rows

static bool has_objects(const struct answer *answer)
{
    return answer->shape == SHAPE_ROWS || answer->shape == SHAPE_OBJECT;
}

static bool has_many(const struct answer *answer)
{
    return answer->shape == SHAPE_ROWS || answer->shape == SHAPE_VALUES;
}

void answer_start(struct answer_run *run)
{
    const struct answer *answer = run->answer;
    struct buf *out = &run->out->buf;
    run->rows = 0;
    if (run->format == FORMAT_JSON) {
        buf_append(out, answer->under.at, answer->under.len);
        if (has_many(answer))
            buf_append_byte(out, '[');
    } else if (run->format == FORMAT_CSV) {
        for (size_t i = 0; i < answer->count; i++) {
            if (i > 0)
                buf_append_byte(out, ',');
            write_cell(out, &(struct value){.kind = VALUE_TEXT, .text = answer->columns[i].name});
        }
        buf_append(out, "\r\n", 2);
    }
}

static enum err_code write_json_row(const struct answer_run *run, struct store_stmt *stmt, struct err *err)
{
    const struct answer *answer = run->answer;
    struct buf *out = &run->out->buf;
    bool objects = has_objects(answer);
    if (run->rows > 0 && run->format == FORMAT_JSON)
        buf_append_byte(out, ',');
    for (size_t i = 0; i < answer->count; i++) {
        struct span prefix = answer->columns[i].prefix;
        struct cell cell;
        enum err_code code = read_cell(answer, stmt, i, &cell, err);
        if (code != ERR_NONE)
            return code;
        if (objects)
            buf_append(out, prefix.at, prefix.len);
        code = write_json(out, &cell, err);
        if (code != ERR_NONE)
            return code;
    }
    if (objects)
        buf_append(out, answer->suffix.at, answer->suffix.len);
    if (run->format == FORMAT_NDJSON)
        buf_append_byte(out, '\n');
    return ERR_NONE;
}

static enum err_code write_plain_row(const struct answer_run *run, struct store_stmt *stmt, struct err *err)
{
    const struct answer *answer = run->answer;
    struct buf *out = &run->out->buf;
    for (size_t i = 0; i < answer->count; i++) {
        struct cell cell;
        enum err_code code = read_cell(answer, stmt, i, &cell, err);
        if (code != ERR_NONE)
            return code;
        if (i > 0 && run->format != FORMAT_TEXT)
            buf_append_byte(out, ',');
        code = write_plain_form(run, &cell, err);
        if (code != ERR_NONE)
            return code;
        if (run->format == FORMAT_TEXT)
            return ERR_NONE;
    }
    buf_append(out, "\r\n", 2);
    return ERR_NONE;
}

enum err_code answer_row(struct answer_run *run, struct store_stmt *stmt, struct err *err)
{
    bool json = run->format == FORMAT_JSON || run->format == FORMAT_NDJSON;
    enum err_code code = json ? write_json_row(run, stmt, err) : write_plain_row(run, stmt, err);
    if (code != ERR_NONE)
        return code;
    run->rows++;
    return spool_flow(run->out, err);
}

bool answer_is_full(const struct answer_run *run)
{
    return run->rows > 0 && !has_many(run->answer);
}

enum err_code answer_end(struct answer_run *run, struct err *err)
{
    const struct answer *answer = run->answer;
    struct buf *out = &run->out->buf;
    if (run->rows == 0 && !has_many(answer))
        return err_set(err, ERR_UNKNOWN, "nothing was found for this request");
    if (run->format == FORMAT_JSON) {
        if (has_many(answer))
            buf_append_byte(out, ']');
        if (answer->under.len > 0)
            buf_append_byte(out, '}');
    }
    return spool_flow(run->out, err);
}
