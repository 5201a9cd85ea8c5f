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
static enum err_code write_answer(const struct batch_run *run, struct err *err)
{
    struct spool *answer = run->answer;
    bool warns = plan_endpoint(run->plan)->warns, is_wrapped = warns || run->errors != NULL;
    struct answered answered;
    if (is_wrapped)
        buf_append_str(&answer->buf, "{\"answer\":");
    enum err_code code = plan_answer(run->plan, run->params, run->format, answer, &answered, err);
    if (code == ERR_NONE && run->errors != NULL)
        write_beside(&answer->buf, "errors", run->errors);
    if (code == ERR_NONE && warns)
        write_beside(&answer->buf, "warnings", run->warnings);
    if (code == ERR_NONE && is_wrapped)
        buf_append_byte(&answer->buf, '}');
    if (code == ERR_NONE)
        code = spool_end(answer, err);
    if (code == ERR_NONE)
        *run->answered = answered;
    return code;
}

// The rejects, of which some have passed already unless `part` is CHECKS_ALL.
static enum err_code reject(const struct batch_run *run, enum check_part part, struct err *err)
{
    struct report *report = run->report;
    enum err_code code =
        findings_collect_part(run->plan, STATEMENT_REJECT, part, run->params, false, report, err);
    if (code == ERR_NONE && report->total > 0)
        code =
            err_set(err, ERR_INVALID, "errors in the batch: %zu; nothing of it was written", report->total);
    return code;
}

static enum err_code warn(const struct batch_run *run, enum check_part part, struct err *err)
{
    return findings_collect_part(run->plan, STATEMENT_WARN, part, run->params, false, run->warnings, err);
}

// The words of a constraint that a statement has run into.
static enum err_code in_words(const struct batch_run *run, enum err_code code, struct err *err)
{
    if (code == ERR_CONFLICT || code == ERR_CONSTRAINT)
        violated_words(plan_conn(run->plan), plan_endpoint(run->plan), err);
    return code;
}

enum err_code batch_warn(const struct batch_run *run, enum check_part part, struct err *err)
{
    return in_words(run, warn(run, part, err), err);
}

enum err_code batch_check(const struct batch_run *run, enum check_part part, struct err *err)
{
    enum err_code code = reject(run, part, err);
    return code == ERR_NONE ? batch_warn(run, part, err) : in_words(run, code, err);
}

enum err_code batch_write(const struct batch_run *run, struct err *err)
{
    enum err_code code = plan_write(run->plan, run->params, err);
    if (code == ERR_NONE)
        code = write_answer(run, err);
    return in_words(run, code, err);
}

enum err_code batch_run(const struct batch_run *run, struct err *err)
{
    enum err_code code = batch_check(run, CHECKS_ALL, err);
    return code == ERR_NONE ? batch_write(run, err) : code;
}

enum err_code batch_run_early(const struct batch_run *run, struct err *err)
{
    AUTO(report_fini) struct report first = {0};
    enum err_code code = ERR_NONE;
    if (run->report->total == 0)
        code =
            findings_collect_part(run->plan, STATEMENT_REJECT, CHECKS_EARLY, run->params, true, &first, err);
    if (code == ERR_NONE &&
        (run->report->total > 0 || first.total > 0)) // all of them, in the order of the file
        code = reject(run, CHECKS_ALL, err);
    return code == ERR_NONE ? warn(run, CHECKS_EARLY, err) : code;
}
