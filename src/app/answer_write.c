// SPDX-License-Identifier: Apache-2.0
// Writes the rows of an answer. Each value is first brought into the form of its column's type, then written
// as the format has it. A row costs a few appends, since answer.c has escaped all names and looked up all
// types. The plan's thread.
#include "app/answer.h"

#include <math.h>

#include "text/json_write.h"
#include "text/number.h"
#include "text/timestamp.h"
#include "text/utf8.h"

// Reals from INTEGER_LOW up to but without INTEGER_END fit into 64 bits.
static const double INTEGER_LOW = -9223372036854775808.0, INTEGER_END = 9223372036854775808.0;
static const int64_t EXACT_END = INT64_C(1) << 53; // up to here every integer is a double

// --- values in the form of their column's type

static enum err_code fail_type(const struct answer_column *column, const struct value *value, struct err *err)
{
    char number[NUMBER_CHARS];
    struct span shown = value_show(*value, number);
    return err_set(err, ERR_STORE, "column %.*s is declared %s, and a row has %.*s", SHOW(column->name),
        value_type_name(column->type), SHOW(shown));
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

// Brings a value that is there into the form of the column's type.
static enum err_code make_declared(
    const struct answer_column *column, struct value *value, bool *ret_is_word, struct err *err)
{
    bool fits = false;
    switch (column->type) {
    case TYPE_INTEGER:
        fits = make_integer(value);
        break;
    case TYPE_NUMBER:
        fits = make_number(value);
        break;
    case TYPE_BOOLEAN:
        fits = make_boolean(value);
        *ret_is_word = fits;
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
    }
    return fits ? ERR_NONE : fail_type(column, value, err);
}

// Reads a column of the current row. *ret_is_word: the value is true or false, as text, not to be quoted.
static enum err_code read_value(const struct answer *answer, struct store_stmt *stmt, size_t i,
    struct value *ret_value, bool *ret_is_word, struct err *err)
{
    const struct answer_column *column = &answer->columns[i];
    enum err_code code =
        column->micros ? store_column_micros(stmt, i, ret_value, err) : store_column(stmt, i, ret_value, err);
    *ret_is_word = false;
    if (code != ERR_NONE || ret_value->kind == VALUE_NULL)
        return code;
    if (ret_value->kind == VALUE_REAL && !isfinite(ret_value->real)) // has no form in JSON, of whatever type
        *ret_value = (struct value){.kind = VALUE_NULL};
    else if (column->is_declared)
        return make_declared(column, ret_value, ret_is_word, err);
    else if (column->is_boolean)
        *ret_is_word = make_boolean(ret_value); // any other number that SQLite has there stays one
    return ERR_NONE;
}

// --- values as a format writes them

static void write_json(struct buf *out, const struct value *value, bool is_word)
{
    if (is_word)
        buf_append(out, value->text.at, value->text.len);
    else
        json_write_value(out, value);
}

// Text without quotes. Each byte that is not of valid UTF-8 becomes U+FFFD, as in JSON.
static void write_plain(struct buf *out, struct span text)
{
    while (text.len > 0) {
        size_t valid = 0, len;
        while (valid < text.len &&
               (len = utf8_sequence((struct span){.at = text.at + valid, .len = text.len - valid})) > 0)
            valid += len;
        buf_append(out, text.at, valid);
        text.at += valid;
        text.len -= valid;
        if (text.len > 0) {
            buf_append_str(out, "\xEF\xBF\xBD");
            text.at++;
            text.len--;
        }
    }
}

// Null is written as nothing.
static void write_text(struct buf *out, const struct value *value)
{
    if (value->kind == VALUE_TEXT)
        write_plain(out, value->text);
    else if (value->kind != VALUE_NULL)
        json_write_value(out, value);
}

// A cell that readers would otherwise see in parts, trim, or take for null (RFC 4180 section 2).
static bool needs_quotes(struct span text)
{
    if (text.len == 0 || text.at[0] == ' ' || text.at[0] == '\t' || text.at[text.len - 1] == ' ' ||
        text.at[text.len - 1] == '\t')
        return true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == ',' || c == '"' || c == '\r' || c == '\n')
            return true;
    }
    return false;
}

static void write_cell(struct buf *out, const struct value *value)
{
    if (value->kind != VALUE_TEXT || !needs_quotes(value->text)) {
        write_text(out, value);
        return;
    }
    struct span rest = value->text;
    buf_append_byte(out, '"');
    while (rest.len > 0) {
        size_t before = rest.len;
        struct span part = span_split(&rest, '"');
        write_plain(out, part);
        if (part.len < before)
            buf_append(out, "\"\"", 2);
    }
    buf_append_byte(out, '"');
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
        struct value value;
        bool is_word;
        enum err_code code = read_value(answer, stmt, i, &value, &is_word, err);
        if (code != ERR_NONE)
            return code;
        if (objects)
            buf_append(out, prefix.at, prefix.len);
        write_json(out, &value, is_word);
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
        struct value value;
        bool is_word;
        enum err_code code = read_value(answer, stmt, i, &value, &is_word, err);
        if (code != ERR_NONE)
            return code;
        if (run->format == FORMAT_TEXT) {
            write_text(out, &value);
            return ERR_NONE;
        }
        if (i > 0)
            buf_append_byte(out, ',');
        write_cell(out, &value);
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
