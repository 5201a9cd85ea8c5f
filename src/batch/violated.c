// SPDX-License-Identifier: Apache-2.0
// From the columns of a constraint to the fields of the endpoint, and from the values of a key to the row
// that has them. What the store tells is store_violation's; which row it was where no values are told is
// culprit.c's. The thread of the connection.
#include "batch/violated.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "text/number.h"

// A key that a constraint was about.
struct violated {
    const struct endpoint *endpoint;
    size_t fields[LIMIT_FIELDS]; // of the endpoint; those that are its columns
    size_t count;                // of fields
    struct span values;          // of the columns, as text with ", " between them
};

// Makes the columns fields; false when one of them is none.
static bool find_fields(struct violated *key, struct span columns)
{
    const struct endpoint *endpoint = key->endpoint;
    while (columns.len > 0) {
        struct span column = span_trim(span_split(&columns, ','));
        size_t i = 0;
        while (i < endpoint->field_count && !span_equal(endpoint->field_names[i].name, column))
            i++;
        if (i == endpoint->field_count || key->count == LIMIT_FIELDS)
            return false;
        key->fields[key->count++] = i;
    }
    return key->count > 0;
}

// Whether a row has that key.
static bool has_key(const struct violated *key, const struct value *row, struct buf *text)
{
    buf_clear(text);
    for (size_t i = 0; i < key->count; i++) {
        char number[NUMBER_CHARS];
        const struct value *value = &row[key->fields[i]];
        struct span shown = value_show(*value, number);
        if (value->kind == VALUE_NULL)
            shown = span_of("null");
        else if (key->endpoint->field_names[key->fields[i]].type == TYPE_BOOLEAN)
            shown = span_of(value->integer != 0 ? "t" : "f");
        buf_append_str(text, i > 0 ? ", " : "");
        buf_append(text, shown.at, shown.len);
    }
    return buf_status(text) == ERR_NONE && span_equal(buf_span(text), key->values);
}

// The row with that key; of several the second, which repeats the first. 0: none.
static int64_t find_row(const struct violated *key, const struct rows *rows)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, LIMIT_REQUEST_BYTES);
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line, found = 0;
    bool is_second = false;
    rows_start(rows, &cursor);
    while (!is_second && rows_next(&cursor, &line, values)) {
        if (!has_key(key, values, &text))
            continue;
        is_second = found != 0;
        found = line;
    }
    struct err ignored = {0}; // then culprit.c has no row either
    return rows_stop(&cursor, &ignored) == ERR_NONE ? found : 0;
}

bool violated_find(struct store_conn *conn, const struct endpoint *endpoint, const struct rows *rows,
    const struct err *err, struct report *report)
{
    struct violation violation = store_violation(conn);
    struct violated key = {.endpoint = endpoint, .values = violation.values};
    if ((err->code != ERR_CONFLICT && err->code != ERR_CONSTRAINT) || violation.values.len == 0 ||
        !find_fields(&key, violation.columns))
        return false;
    struct fault fault = {
        .line = find_row(&key, rows),
        .value = key.values,
        .code = violated_code(violation.kind),
        .detail = span_of(err->text),
    };
    if (key.count == 1)
        fault.field = endpoint->fields[key.fields[0]].outside;
    if (fault.line == 0 || report_add(report, &fault) != ERR_NONE)
        return false;
    report_finish(report);
    return true;
}

void violated_suspect(
    struct store_conn *conn, const struct endpoint *endpoint, struct suspect_case *ret_suspected)
{
    struct violation violation = store_violation(conn);
    struct violated key = {.endpoint = endpoint};
    *ret_suspected = (struct suspect_case){.of = SUSPECT_NOBODY};
    if (!find_fields(&key, violation.columns))
        return;
    if (violation.kind == VIOLATION_NULL)
        ret_suspected->of = SUSPECT_NULL;
    else if (violation.kind == VIOLATION_KEY)
        ret_suspected->of = SUSPECT_KEY;
    memcpy(ret_suspected->fields, key.fields, key.count * sizeof(*key.fields));
    ret_suspected->count = key.count;
}

// --- words

struct span violated_code(enum violation_kind kind)
{
    return span_of(kind == VIOLATION_KEY ? "conflict" : kind == VIOLATION_TWICE ? "key_twice" : "constraint");
}

int violated_field(struct store_conn *conn, const struct endpoint *endpoint)
{
    struct violated key = {.endpoint = endpoint};
    return find_fields(&key, store_violation(conn).columns) && key.count == 1 ? (int)key.fields[0] : -1;
}

void violated_words(struct store_conn *conn, const struct endpoint *endpoint, struct err *err)
{
    struct violation violation = store_violation(conn);
    struct violated key = {.endpoint = endpoint};
    AUTO(buf_fini) struct buf names;
    buf_init(&names, sizeof(err->text));
    if (!find_fields(&key, violation.columns))
        return;
    for (size_t i = 0; i < key.count; i++) {
        struct span name = endpoint->fields[key.fields[i]].outside;
        buf_append_str(&names, i > 0 ? ", " : "");
        buf_append(&names, name.at, name.len);
    }
    if (buf_status(&names) != ERR_NONE)
        return;
    int len = (int)names.len;
    if (violation.kind == VIOLATION_KEY)
        snprintf(err->text, sizeof(err->text), "a row with this %.*s exists already", len, names.data);
    else if (violation.kind == VIOLATION_NULL)
        snprintf(err->text, sizeof(err->text), "%.*s must not be null", len, names.data);
    else if (violation.kind == VIOLATION_REFERENCE)
        snprintf(err->text, sizeof(err->text), "a row refers by its %.*s to one that does not exist", len,
            names.data);
    else if (violation.kind == VIOLATION_TYPE)
        snprintf(err->text, sizeof(err->text), "%.*s is not of its column's type", len, names.data);
}
