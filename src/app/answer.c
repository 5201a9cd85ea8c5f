// SPDX-License-Identifier: Apache-2.0
// A row costs a few appends: all names are escaped, and all types looked up, beforehand.
#include "app/answer.h"

#include <math.h>
#include <stdio.h>

#include "base/limits.h"
#include "text/json_write.h"
#include "text/number.h"

// Reals from INTEGER_LOW up to but without INTEGER_END fit into 64 bits.
static const double INTEGER_LOW = -9223372036854775808.0, INTEGER_END = 9223372036854775808.0;

struct answer_column {
    struct span name;     // as the statement has it; borrowed from the statement
    struct span prefix;   // what stands in front of its value: {"day": or ,"price":
    bool is_declared;     // there is a @column, and type is in force
    enum value_type type; // of the @column
};

// --- preparing

static void report_doubles(
    const struct answer *answer, const char *file, const struct statement *statement, struct diags *diags)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct span name = answer->columns[i].name;
        for (size_t k = 0; k < i; k++) {
            if (!span_equal(answer->columns[k].name, name))
                continue;
            diags_add(diags, file, statement->line, statement->column,
                "the answer has two columns %.*s; rename one by AS", SHOW(name));
            return;
        }
    }
}

// Reports a @column that names none of the answer's, and says which there are.
static void report_unknown(
    const struct answer *answer, const char *file, const struct column *column, struct diags *diags)
{
    char names[256];
    size_t len = 0;
    for (size_t i = 0; i < answer->count && len < sizeof(names); i++) {
        struct span name = answer->columns[i].name;
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.*s", i > 0 ? ", " : "", SHOW(name));
    }
    struct span shown = {.at = names, .len = len < sizeof(names) ? len : sizeof(names) - 1};
    shown.len = utf8_cut(shown, sizeof(names) - 4); // between two characters, if it is full
    diags_add(diags, file, column->line, column->column, "the answer has no column %.*s; it has %.*s",
        SHOW(column->name), (int)shown.len, shown.at);
}

// Sets the types of the columns that have a @column.
static void apply_declared(const struct answer *answer, const struct endpoint *endpoint, struct diags *diags)
{
    for (size_t i = 0; i < endpoint->column_count; i++) {
        const struct column *column = &endpoint->columns[i];
        size_t k = 0;
        while (k < answer->count && !span_equal(answer->columns[k].name, column->name))
            k++;
        if (k == answer->count) {
            report_unknown(answer, endpoint->file, column, diags);
            continue;
        }
        answer->columns[k].is_declared = true;
        answer->columns[k].type = column->type;
    }
}

static enum err_code make_prefixes(const struct answer *answer, struct arena *arena, struct err *err)
{
    AUTO(buf_fini) struct buf prefix;
    buf_init(&prefix, arena->max);
    for (size_t i = 0; i < answer->count; i++) {
        struct answer_column *column = &answer->columns[i];
        buf_clear(&prefix);
        buf_append_byte(&prefix, i == 0 ? '{' : ',');
        json_write_string(&prefix, column->name);
        buf_append_byte(&prefix, ':');
        if (buf_status(&prefix) != ERR_NONE)
            return err_no_memory(err);
        column->prefix.at = arena_strndup(arena, prefix.data, prefix.len);
        column->prefix.len = prefix.len;
        if (column->prefix.at == NULL)
            return err_no_memory(err);
    }
    return ERR_NONE;
}

enum err_code answer_init(struct answer *answer, const struct endpoint *endpoint,
    const struct statement *statement, const struct store_stmt *stmt, struct arena *arena,
    struct diags *diags, struct err *err)
{
    answer->count = store_column_count(stmt);
    answer->columns = arena_zalloc(arena, answer->count, sizeof(*answer->columns));
    if (answer->columns == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < answer->count; i++)
        answer->columns[i].name = span_of(store_column_name(stmt, i));
    if (answer->count == 0) {
        diags_add(diags, endpoint->file, statement->line, statement->column,
            "an @answer has to give rows; start it with SELECT");
        return ERR_NONE;
    }
    report_doubles(answer, endpoint->file, statement, diags);
    apply_declared(answer, endpoint, diags);
    return make_prefixes(answer, arena, err);
}

// --- writing values

static enum err_code fail_type(const struct answer_column *column, const struct value *value, struct err *err)
{
    char number[NUMBER_CHARS];
    struct span shown = {.at = number};
    if (value->kind == VALUE_INTEGER)
        shown.len = number_format_integer(value->integer, number);
    else if (value->kind == VALUE_REAL)
        shown.len = number_format(value->real, number);
    else
        shown = value->text;
    return err_set(err, ERR_STORE, "column %.*s is declared %s, and a row has %.*s", SHOW(column->name),
        value_type_name(column->type), SHOW(shown));
}

// A whole real is an integer: round() gives reals.
static bool to_integer(const struct value *value, int64_t *ret_integer)
{
    if (value->kind == VALUE_INTEGER)
        *ret_integer = value->integer;
    else if (value->kind == VALUE_REAL && value->real >= INTEGER_LOW && value->real < INTEGER_END &&
             trunc(value->real) == value->real)
        *ret_integer = (int64_t)value->real;
    else
        return false;
    return true;
}

static enum err_code write_integer(
    const struct answer_column *column, const struct value *value, struct buf *out, struct err *err)
{
    struct value integer = {.kind = VALUE_INTEGER};
    if (!to_integer(value, &integer.integer))
        return fail_type(column, value, err);
    json_write_value(out, &integer);
    return ERR_NONE;
}

// Always as a real, so that 5 and 5.0 come out alike from stores that tell them apart and those that do not.
static enum err_code write_number(
    const struct answer_column *column, const struct value *value, struct buf *out, struct err *err)
{
    struct value real = {.kind = VALUE_REAL};
    if (value->kind == VALUE_TEXT)
        return fail_type(column, value, err);
    real.real = value->kind == VALUE_INTEGER ? (double)value->integer : value->real;
    json_write_value(out, &real);
    return ERR_NONE;
}

static enum err_code write_boolean(
    const struct answer_column *column, const struct value *value, struct buf *out, struct err *err)
{
    int64_t integer;
    if (!to_integer(value, &integer) || (integer != 0 && integer != 1))
        return fail_type(column, value, err);
    buf_append_str(out, integer == 1 ? "true" : "false");
    return ERR_NONE;
}

static enum err_code write_value(
    const struct answer_column *column, const struct value *value, struct buf *out, struct err *err)
{
    if (!column->is_declared || value->kind == VALUE_NULL) {
        json_write_value(out, value);
        return ERR_NONE;
    }
    switch (column->type) {
    case TYPE_INTEGER:
        return write_integer(column, value, out, err);
    case TYPE_NUMBER:
        return write_number(column, value, out, err);
    case TYPE_BOOLEAN:
        return write_boolean(column, value, out, err);
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
        break;
    }
    if (value->kind != VALUE_TEXT)
        return fail_type(column, value, err);
    json_write_string(out, value->text);
    return ERR_NONE;
}

// --- writing rows

static enum err_code write_row(
    const struct answer *answer, struct store_stmt *stmt, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_column *column = &answer->columns[i];
        struct value value;
        enum err_code code = store_column(stmt, i, &value, err);
        if (code != ERR_NONE)
            return code;
        buf_append(out, column->prefix.at, column->prefix.len);
        code = write_value(column, &value, out, err);
        if (code != ERR_NONE)
            return code;
    }
    buf_append_byte(out, '}');
    return ERR_NONE;
}

enum err_code answer_write(
    const struct answer *answer, struct store_stmt *stmt, struct buf *out, struct err *err)
{
    char separator = '[';
    bool has_row = false;
    enum err_code code;
    while ((code = store_step(stmt, &has_row, err)) == ERR_NONE && has_row) {
        buf_append_byte(out, separator);
        separator = ',';
        code = write_row(answer, stmt, out, err);
        if (code != ERR_NONE || buf_status(out) != ERR_NONE)
            break;
    }
    if (code != ERR_NONE)
        return code;
    buf_append_str(out, separator == '[' ? "[]" : "]");
    if (buf_status(out) == ERR_TOO_LARGE)
        return err_set(err, ERR_TOO_LARGE, "the answer is larger than %zu bytes", out->max);
    return buf_status(out) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}
