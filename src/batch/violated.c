// SPDX-License-Identifier: Apache-2.0
// From the columns of a constraint to the fields of the endpoint of the same names, and from the values of a
// key to rows that may have it. What the store tells is store_violation's; whether a row or a field is at
// fault culprit.c tries, as a statement may store a field in a column of another name. The thread of the
// connection.
#include "batch/violated.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "text/number.h"

// Makes the columns fields; false when one of them is none.
static bool find_fields(const struct endpoint *endpoint, struct span columns, struct violated *violated)
{
    violated->count = 0;
    while (columns.len > 0) {
        struct span column = span_trim(span_split(&columns, ','));
        size_t i = 0;
        while (i < endpoint->field_count && !span_equal(endpoint->field_names[i].name, column))
            i++;
        if (i == endpoint->field_count || violated->count == LIMIT_FIELDS)
            return false;
        violated->fields[violated->count++] = i;
    }
    return violated->count > 0;
}

struct violated violated_read(struct store_conn *conn, const struct endpoint *endpoint)
{
    struct violation violation = store_violation(conn);
    struct violated violated = {.kind = violation.kind};
    if (!find_fields(endpoint, violation.columns, &violated))
        violated.count = 0;
    return violated;
}

void violated_write(const struct violated *violated, const struct endpoint *endpoint, const struct value *row,
    struct buf *out)
{
    for (size_t i = 0; i < violated->count; i++) {
        char number[NUMBER_CHARS];
        const struct value *value = &row[violated->fields[i]];
        struct span shown = value_show(*value, number);
        if (value->kind == VALUE_NULL)
            shown = span_of("null");
        else if (endpoint->field_names[violated->fields[i]].type == TYPE_BOOLEAN)
            shown = span_of(value->integer != 0 ? "t" : "f");
        buf_append_str(out, i > 0 ? ", " : "");
        buf_append(out, shown.at, shown.len);
    }
}

// --- suspects

// The rows with the key that the store tells: the first one alone, or the second one with the first.
static bool find_told(const struct violated *violated, const struct endpoint *endpoint, struct span told,
    const struct rows *rows, struct suspects *ret_suspects)
{
    AUTO(buf_fini) struct buf text;
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    struct suspects found = {0};
    buf_init(&text, LIMIT_REQUEST_BYTES);
    rows_start(rows, &cursor);
    for (size_t i = 0; found.count < 2 && rows_next(&cursor, &line, values); i++) {
        buf_clear(&text);
        violated_write(violated, endpoint, values, &text);
        if (buf_status(&text) != ERR_NONE || !span_equal(buf_span(&text), told))
            continue;
        found.before = found.row;
        found.row = i;
        found.count++;
    }
    struct err ignored = {0}; // culprit.c has no row either then
    if (rows_stop(&cursor, &ignored) != ERR_NONE || found.count == 0)
        return false;
    *ret_suspects = found;
    return true;
}

bool violated_suspects(struct store_conn *conn, const struct endpoint *endpoint, const struct rows *rows,
    struct suspects *ret_suspects)
{
    struct violated violated = violated_read(conn, endpoint);
    struct span told = store_violation(conn).values;
    struct suspect_case of = {.kind = SUSPECT_NOBODY, .count = violated.count};
    if (violated.count == 0)
        return false;
    if (told.len > 0 && find_told(&violated, endpoint, told, rows, ret_suspects))
        return true;
    if (violated.kind == VIOLATION_NULL)
        of.kind = SUSPECT_NULL;
    else if (violated.kind == VIOLATION_KEY)
        of.kind = SUSPECT_KEY;
    memcpy(of.fields, violated.fields, violated.count * sizeof(*violated.fields));
    return suspects_find(&of, rows, ret_suspects);
}

// --- words

struct span violated_code(enum violation_kind kind)
{
    switch (kind) {
    case VIOLATION_KEY:
    case VIOLATION_EXCLUSION:
        return span_of("conflict");
    case VIOLATION_TWICE:
        return span_of("key_twice");
    default:
        return span_of("constraint");
    }
}

void violated_words(struct store_conn *conn, const struct endpoint *endpoint, struct err *err)
{
    struct violated violated = violated_read(conn, endpoint);
    AUTO(buf_fini) struct buf names;
    buf_init(&names, sizeof(err->text));
    if (violated.count == 0)
        return;
    for (size_t i = 0; i < violated.count; i++) {
        struct span name = endpoint->fields[violated.fields[i]].outside;
        buf_append_str(&names, i > 0 ? ", " : "");
        buf_append(&names, name.at, name.len);
    }
    if (buf_status(&names) != ERR_NONE)
        return;
    int len = (int)names.len;
    if (violated.kind == VIOLATION_KEY)
        snprintf(err->text, sizeof(err->text), "a row with this %.*s exists already", len, names.data);
    else if (violated.kind == VIOLATION_NULL)
        snprintf(err->text, sizeof(err->text), "%.*s must not be null", len, names.data);
    else if (violated.kind == VIOLATION_REFERENCE)
        snprintf(err->text, sizeof(err->text), "a row refers by its %.*s to one that does not exist", len,
            names.data);
    else if (violated.kind == VIOLATION_TYPE)
        snprintf(err->text, sizeof(err->text), "%.*s is not of its column's type", len, names.data);
}
