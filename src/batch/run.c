// SPDX-License-Identifier: Apache-2.0
#include "batch/run.h"

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

struct collector {
    struct report *report; // borrowed; findings become its faults
    bool out_of_memory;    // a fault could not be added
};

// A value as a report shows it.
static struct span show_value(struct value value, char number[NUMBER_CHARS])
{
    switch (value.kind) {
    case VALUE_INTEGER:
        return (struct span){.at = number, .len = number_format_integer(value.integer, number)};
    case VALUE_REAL:
        return (struct span){.at = number, .len = number_format(value.real, number)};
    case VALUE_TEXT:
        return value.text;
    case VALUE_NULL:
        break;
    }
    return (struct span){0};
}

static bool on_finding(void *ctx, const struct finding *finding)
{
    struct collector *collector = ctx;
    char number[NUMBER_CHARS];
    struct fault fault = {
        .line = finding->line,
        .field = finding->field,
        .parameter = finding->parameter,
        .value = show_value(finding->value, number),
        .code = finding->statement->code,
        .detail = finding->statement->text,
    };
    if (report_add(collector->report, &fault) != ERR_NONE) {
        collector->out_of_memory = true;
        return false;
    }
    if (collector->report->status == 0)
        collector->report->status = finding->statement->status;
    return true;
}

enum err_code batch_find(struct plan *plan, enum statement_kind kind, const struct value *params,
    bool stop_at_first, struct report *report, struct err *err)
{
    struct collector collector = {.report = report};
    enum err_code code = plan_find(plan, kind, params, stop_at_first, on_finding, &collector, err);
    if (code == ERR_NONE && collector.out_of_memory)
        code = err_no_memory(err);
    report_finish(report);
    return code;
}

static enum err_code answer_with_warnings(
    struct plan *plan, const struct value *params, struct buf *answer, int *ret_status, struct err *err)
{
    AUTO(report_fini) struct report warnings = {0};
    enum err_code code = batch_find(plan, STATEMENT_WARN, params, false, &warnings, err);
    if (code == ERR_NONE)
        code = plan_write(plan, params, err);
    if (code != ERR_NONE)
        return code;
    int status;
    buf_append_str(answer, "{\"answer\":");
    code = plan_answer(plan, params, answer, &status, err);
    if (code != ERR_NONE)
        return code;
    buf_append_str(answer, ",\"warnings\":");
    report_write(&warnings, answer);
    buf_printf(answer, ",\"warnings_total\":%zu}", warnings.total);
    if (buf_status(answer) != ERR_NONE)
        return err_set(err, buf_status(answer), "the answer is larger than %zu bytes", answer->max);
    *ret_status = status;
    return ERR_NONE;
}

enum err_code batch_run(struct plan *plan, const struct value *params, struct report *report,
    struct buf *answer, int *ret_status, struct err *err)
{
    enum err_code code = batch_find(plan, STATEMENT_REJECT, params, false, report, err);
    if (code != ERR_NONE)
        return code;
    if (report->total > 0)
        return err_set(
            err, ERR_INVALID, "errors in the batch: %zu; nothing of it was written", report->total);
    if (plan_endpoint(plan)->warns)
        return answer_with_warnings(plan, params, answer, ret_status, err);
    code = plan_write(plan, params, err);
    return code != ERR_NONE ? code : plan_answer(plan, params, answer, ret_status, err);
}
