// SPDX-License-Identifier: Apache-2.0
// Decimals are scaled integers in SQLite. decimal_of('10.50', 2) is a literal of them, 1050: a text or number
// with more digits is refused. decimal_round(1234567, 4, 2), 12346, brings one from a scale to another, as a
// product of decimals needs it. PostgreSQL has both as well, over numeric (store/postgresql/schema.c). The
// connection's thread.
#include "store/sqlite/decimal.h"

#include <math.h>

#include "store/sqlite/conn.h"
#include "text/decimal.h"
#include "text/number.h"

static void fail(sqlite3_context *context, const char *format, sqlite3_value *value)
{
    const void *text = sqlite3_value_text(value);
    char *message = sqlite3_mprintf(format, text != NULL ? (const char *)text : "");
    if (message != NULL)
        sqlite3_result_error(context, message, -1);
    else
        sqlite3_result_error_nomem(context);
    sqlite3_free(message);
}

// Reads a scale; false after it has made the function fail.
static bool read_scale(sqlite3_context *context, sqlite3_value *value, unsigned *ret_scale)
{
    sqlite3_int64 scale = sqlite3_value_int64(value);
    if (sqlite3_value_type(value) != SQLITE_INTEGER || scale < 0 || scale > DECIMAL_MAX_DIGITS) {
        fail(context, "a decimal's scale is \"%.40s\", and has to be from 0 to 18", value);
        return false;
    }
    *ret_scale = (unsigned)scale;
    return true;
}

static bool has_null(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return true;
    }
    return false;
}

// The digits of a text or number, as PostgreSQL has them.
static struct span digits_of(sqlite3_value *value, char number[NUMBER_CHARS])
{
    if (sqlite3_value_type(value) == SQLITE_FLOAT)
        return (struct span){.at = number, .len = number_format(sqlite3_value_double(value), number)};
    const char *text = (const char *)sqlite3_value_text(value);
    return text != NULL ? span_trim((struct span){.at = text, .len = (size_t)sqlite3_value_bytes(value)})
                        : (struct span){0};
}

static void on_decimal_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    char number[NUMBER_CHARS];
    unsigned scale;
    int64_t scaled;
    if (has_null(count, values) || !read_scale(context, values[1], &scale))
        return;
    switch (decimal_parse(digits_of(values[0], number), DECIMAL_MAX_DIGITS, scale, &scaled)) {
    case DECIMAL_OK:
        sqlite3_result_int64(context, scaled);
        break;
    case DECIMAL_NO_NUMBER:
        fail(context, "decimal_of: \"%.40s\" is not a number", values[0]);
        break;
    case DECIMAL_TOO_LONG:
        fail(context, "decimal_of: \"%.40s\" has more digits than it has room for", values[0]);
        break;
    }
}

static void on_decimal_round(sqlite3_context *context, int count, sqlite3_value **values)
{
    unsigned from, to;
    int64_t scaled;
    bool fits;
    if (has_null(count, values) || !read_scale(context, values[1], &from) ||
        !read_scale(context, values[2], &to))
        return;
    switch (sqlite3_value_type(values[0])) {
    case SQLITE_INTEGER:
        fits = decimal_rescale(sqlite3_value_int64(values[0]), from, to, &scaled);
        break;
    case SQLITE_FLOAT: // of a division, or a factor; one past 64 bits is a product that has lost its digits
        fits = fabs(sqlite3_value_double(values[0])) < 0x1p63 &&
               decimal_from_real(sqlite3_value_double(values[0]) * pow(10, (int)to - (int)from), &scaled);
        break;
    default:
        fail(context, "decimal_round: \"%.40s\" is not a number", values[0]);
        return;
    }
    if (!fits)
        fail(context, "decimal_round: \"%.40s\" has more digits than it has room for", values[0]);
    else
        sqlite3_result_int64(context, scaled);
}

int sqlite_decimal_install(struct sqlite_conn *conn)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int result =
        sqlite3_create_function_v2(conn->db, "decimal_of", 2, flags, NULL, on_decimal_of, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_create_function_v2(
            conn->db, "decimal_round", 3, flags, NULL, on_decimal_round, NULL, NULL, NULL);
    return result;
}
