// SPDX-License-Identifier: Apache-2.0
// What every batch goes through once its rows are checked, whether a request or a file brought it. Leaves
// transactions and savepoints to its callers. On the thread of the plan's connection.
#include "batch/run.h"

#include "app/findings.h"
#include "base/limits.h"
#include "batch/violated.h"

enum err_code batch_insert(struct store_conn *conn, const struct rows *rows, struct err *err)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    rows_start(rows, &cursor);
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && rows_next(&cursor, &line, values))
        code = store_batch_add(conn, values, line, err);
    enum err_code walk = rows_stop(&cursor, err);
    return code != ERR_NONE ? code : walk;
}

// A report as two members of an object: NAME and NAME_total.
static void write_beside(struct buf *out, const char *name, const struct report *report)
{
    buf_printf(out, ",\"%s\":", name);
    report_write(report, out);
    buf_printf(out, ",\"%s_total\":%zu", name, report->total);
}

// The answer, with the errors beside it unless they are NULL, and the warnings where the endpoint has any to
// give.
static enum err_code write_answer(struct plan *plan, const struct value *params, enum answer_format format,
    const struct report *errors, const struct report *warnings, struct spool *answer,
    struct answered *ret_answered, struct err *err)
{
    bool warns = plan_endpoint(plan)->warns, is_wrapped = warns || errors != NULL;
    struct answered answered;
    if (is_wrapped)
        buf_append_str(&answer->buf, "{\"answer\":");
    enum err_code code = plan_answer(plan, params, format, answer, &answered, err);
    if (code == ERR_NONE && errors != NULL)
        write_beside(&answer->buf, "errors", errors);
    if (code == ERR_NONE && warns)
        write_beside(&answer->buf, "warnings", warnings);
    if (code == ERR_NONE && is_wrapped)
        buf_append_byte(&answer->buf, '}');
    if (code == ERR_NONE)
        code = spool_end(answer, err);
    if (code == ERR_NONE)
        *ret_answered = answered;
    return code;
}

// The rejects, of which some have passed already unless `part` is CHECKS_ALL.
static enum err_code reject(struct plan *plan, enum check_part part, const struct value *params,
    struct report *report, struct err *err)
{
    enum err_code code = findings_collect_part(plan, STATEMENT_REJECT, part, params, false, report, err);
    if (code == ERR_NONE && report->total > 0)
        code =
            err_set(err, ERR_INVALID, "errors in the batch: %zu; nothing of it was written", report->total);
    return code;
}

// The words of a constraint that a statement has run into.
static enum err_code in_words(struct plan *plan, enum err_code code, struct err *err)
{
    if (code == ERR_CONFLICT || code == ERR_CONSTRAINT)
        violated_words(plan_conn(plan), plan_endpoint(plan), err);
    return code;
}

enum err_code batch_warn(struct plan *plan, enum check_part part, const struct value *params,
    struct report *warnings, struct err *err)
{
    enum err_code code = findings_collect_part(plan, STATEMENT_WARN, part, params, false, warnings, err);
    return in_words(plan, code, err);
}

enum err_code batch_check(struct plan *plan, enum check_part part, const struct value *params,
    struct report *report, struct report *warnings, struct err *err)
{
    enum err_code code = reject(plan, part, params, report, err);
    return code == ERR_NONE ? batch_warn(plan, part, params, warnings, err) : in_words(plan, code, err);
}

enum err_code batch_write(struct plan *plan, const struct value *params, enum answer_format format,
    const struct report *errors, const struct report *warnings, struct spool *answer,
    struct answered *ret_answered, struct err *err)
{
    enum err_code code = plan_write(plan, params, err);
    if (code == ERR_NONE)
        code = write_answer(plan, params, format, errors, warnings, answer, ret_answered, err);
    return in_words(plan, code, err);
}

enum err_code batch_run(struct plan *plan, const struct value *params, enum answer_format format,
    struct report *report, struct report *warnings, struct spool *answer, struct answered *ret_answered,
    struct err *err)
{
    enum err_code code = batch_check(plan, CHECKS_ALL, params, report, warnings, err);
    return code == ERR_NONE ? batch_write(plan, params, format, NULL, warnings, answer, ret_answered, err)
                            : code;
}

enum err_code batch_run_early(struct plan *plan, const struct value *params, struct report *report,
    struct report *warnings, struct err *err)
{
    AUTO(report_fini) struct report first = {0};
    enum err_code code = ERR_NONE;
    if (report->total == 0)
        code = findings_collect_part(plan, STATEMENT_REJECT, CHECKS_EARLY, params, true, &first, err);
    if (code == ERR_NONE && (report->total > 0 || first.total > 0)) // all of them, in the order of the file
        code = reject(plan, CHECKS_ALL, params, report, err);
    if (code == ERR_NONE)
        code = findings_collect_part(plan, STATEMENT_WARN, CHECKS_EARLY, params, false, warnings, err);
    return code;
}
