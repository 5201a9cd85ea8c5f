// SPDX-License-Identifier: Apache-2.0
// What every batch goes through once its rows are checked, whether a request or a file brought it. Leaves
// transactions and savepoints to its callers. On the thread of the plan's connection.
#include "batch/run.h"

#include "app/findings.h"
#include "base/limits.h"
#include "text/number.h"

enum err_code batch_insert(struct store_conn *conn, const struct rows *rows, struct err *err)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    rows_start(rows, &cursor);
    while (rows_next(&cursor, &line, values)) {
        enum err_code code = store_batch_add(conn, values, line, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// --- the row that met a constraint

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
    rows_start(rows, &cursor);
    while (rows_next(&cursor, &line, values)) {
        if (!has_key(key, values, &text))
            continue;
        if (found != 0)
            return line;
        found = line;
    }
    return found;
}

void batch_blame(struct store_conn *conn, const struct endpoint *endpoint, const struct rows *rows,
    const struct err *err, struct report *report)
{
    struct violation violation = store_violation(conn);
    struct violated key = {.endpoint = endpoint, .values = violation.values};
    if ((err->code != ERR_CONFLICT && err->code != ERR_CONSTRAINT) || violation.values.len == 0 ||
        !find_fields(&key, violation.columns))
        return;
    struct fault fault = {
        .line = find_row(&key, rows),
        .value = key.values,
        .code = span_of(err->code == ERR_CONFLICT ? "conflict" : "constraint"),
        .detail = span_of(err->text),
    };
    if (key.count == 1)
        fault.field = endpoint->fields[key.fields[0]].outside;
    if (fault.line == 0 || report_add(report, &fault) != ERR_NONE)
        return;
    report_finish(report);
}

// The answer, with the warnings beside it where the endpoint has any to give.
static enum err_code write_answer(struct plan *plan, const struct value *params, enum answer_format format,
    const struct report *warnings, struct spool *answer, int *ret_status, struct err *err)
{
    bool warns = plan_endpoint(plan)->warns;
    struct answered answered;
    if (warns)
        buf_append_str(&answer->buf, "{\"answer\":");
    enum err_code code = plan_answer(plan, params, format, answer, &answered, err);
    if (code == ERR_NONE && warns) {
        buf_append_str(&answer->buf, ",\"warnings\":");
        report_write(warnings, &answer->buf);
        buf_printf(&answer->buf, ",\"warnings_total\":%zu}", warnings->total);
    }
    if (code == ERR_NONE)
        code = spool_end(answer, err);
    if (code == ERR_NONE)
        *ret_status = answered.status;
    return code;
}

enum err_code batch_run(struct plan *plan, const struct value *params, enum answer_format format,
    struct report *report, struct report *warnings, struct spool *answer, int *ret_status, struct err *err)
{
    enum err_code code = findings_collect(plan, STATEMENT_REJECT, params, false, report, err);
    if (code != ERR_NONE)
        return code;
    if (report->total > 0)
        return err_set(
            err, ERR_INVALID, "errors in the batch: %zu; nothing of it was written", report->total);
    code = findings_collect(plan, STATEMENT_WARN, params, false, warnings, err);
    if (code == ERR_NONE)
        code = plan_write(plan, params, err);
    if (code == ERR_NONE)
        code = write_answer(plan, params, format, warnings, answer, ret_status, err);
    return code;
}
