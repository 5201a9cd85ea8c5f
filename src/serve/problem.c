// SPDX-License-Identifier: Apache-2.0
// The table by error code, and the document's members in their order. Which headers go with a problem, and
// what the log says, is request.c's. Any thread.
#include "serve/problem.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "http/message.h"
#include "text/json_write.h"

const char PROBLEM_MEDIA_TYPE[] = "application/problem+json";

static const struct problem_class classes[] = {
    // status, that of a read, the log, whether it may work soon
    [ERR_NONE] = {500, 500, LOG_FAILURE, false}, // a mistake of ours: nothing has failed
    [ERR_MALFORMED] = {400, 400, LOG_NOTHING, false},
    [ERR_INVALID] = {422, 400, LOG_NOTHING, false},
    [ERR_UNKNOWN] = {404, 404, LOG_NOTHING, false},
    [ERR_MEDIA_TYPE] = {415, 415, LOG_NOTHING, false},
    [ERR_TOO_LARGE] = {413, 413, LOG_NOTHING, false},
    [ERR_CONFLICT] = {409, 400, LOG_NOTHING, false},
    [ERR_CONSTRAINT] = {422, 400, LOG_NOTHING, false}, // of a read: a function's own RAISE
    [ERR_VALUE] = {422, 400, LOG_NOTHING, false},
    [ERR_BUSY] = {503, 503, LOG_LINE, true},
    [ERR_ABORTED] = {503, 503, LOG_LINE, true},
    [ERR_AGAIN] = {503, 503, LOG_LINE, true},
    [ERR_STALE] = {503, 503, LOG_LINE, true},
    [ERR_BEHIND] = {503, 503, LOG_LINE, true},
    [ERR_NO_MEMORY] = {503, 503, LOG_LINE, true},
    [ERR_TIMEOUT] = {504, 504, LOG_LINE, false},
    [ERR_DISK_FULL] = {507, 507, LOG_LINE, false}, // RFC 4918 section 11.5: RFC 9110 has no code for it
    [ERR_CONFIG] = {500, 500, LOG_FAILURE, false},
    [ERR_IO] = {500, 500, LOG_FAILURE, false},
    [ERR_STORE] = {500, 500, LOG_FAILURE, false},
};

const struct problem_class *problem_class(enum err_code code)
{
    assert((size_t)code < ARRAY_LEN(classes));
    return &classes[code];
}

int problem_status(enum err_code code, const struct report *report, bool is_read)
{
    const struct problem_class *class = problem_class(code);
    if (code == ERR_INVALID && report->status != 0)
        return report->status;
    return is_read ? class->read_status : class->status;
}

// The last member, if there is one, and the end.
static void write_end(const char *trace_id, struct buf *out)
{
    if (trace_id != NULL && trace_id[0] != '\0')
        buf_printf(out, ",\"trace_id\":\"%s\"", trace_id);
    buf_append_str(out, "}\n");
}

struct blob *problem_blob(const struct problem *problem)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    buf_printf(&out, "{\"type\":\"%s\",\"title\":\"%s\",\"status\":%d",
        problem->type != NULL ? problem->type : "about:blank",
        problem->title != NULL ? problem->title : http_reason(problem->status), problem->status);
    if (problem->detail != NULL) {
        buf_append_str(&out, ",\"detail\":");
        json_write_string(&out, span_of(problem->detail));
    }
    if (problem->line > 0)
        buf_printf(&out, ",\"line\":%u", problem->line);
    if (problem->column > 0)
        buf_printf(&out, ",\"column\":%u", problem->column);
    if (problem->violated.len > 0) {
        buf_append_str(&out, ",\"violated-policies\":");
        buf_append(&out, problem->violated.at, problem->violated.len);
    }
    if (problem->request_id != NULL)
        buf_printf(&out, ",\"request\":\"%s\"", problem->request_id);
    if (problem->report != NULL && problem->report->total > 0) {
        buf_append_str(&out, ",\"errors\":");
        report_write(problem->report, &out);
        buf_printf(&out, ",\"errors_total\":%zu", problem->report->total);
    }
    write_end(problem->trace_id, &out);
    return blob_take(&out);
}

struct blob *problem_retraced(struct blob *from, const char *trace_id, const char *other_trace_id)
{
    if (from == NULL || strcmp(trace_id, other_trace_id) == 0)
        return blob_ref(from);
    AUTO(buf_fini) struct buf end, out;
    buf_init(&end, LIMIT_ANSWER_BYTES);
    buf_init(&out, LIMIT_ANSWER_BYTES);
    write_end(trace_id, &end);
    assert(from->len >= end.len);
    buf_append(&out, from->data, from->len - end.len);
    write_end(other_trace_id, &out);
    return blob_take(&out);
}
