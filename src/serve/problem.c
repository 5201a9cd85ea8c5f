// SPDX-License-Identifier: Apache-2.0
#include "serve/problem.h"

#include "base/limits.h"
#include "http/message.h"
#include "text/json_write.h"

const char PROBLEM_MEDIA_TYPE[] = "application/problem+json";

int problem_status(enum err_code code)
{
    switch (code) {
    case ERR_MALFORMED:
        return 400;
    case ERR_INVALID:
        return 422;
    case ERR_UNKNOWN:
        return 404;
    case ERR_MEDIA_TYPE:
        return 415;
    case ERR_TOO_LARGE:
        return 413;
    case ERR_CONFLICT:
        return 409;
    case ERR_CONSTRAINT:
        return 422;
    case ERR_BUSY:
    case ERR_ABORTED:
    case ERR_STALE:
    case ERR_AGAIN:
    case ERR_BEHIND:
    case ERR_NO_MEMORY:
        return 503;
    case ERR_TIMEOUT:
        return 504;
    case ERR_DISK_FULL:
        return 507; // RFC 4918 section 11.5: no RFC 9110 code says that the server has no room
    case ERR_NONE:
    case ERR_CONFIG:
    case ERR_IO:
    case ERR_STORE:
        break;
    }
    return 500;
}

struct blob *problem_blob(const struct problem *problem)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    buf_printf(&out, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d", http_reason(problem->status),
        problem->status);
    if (problem->detail != NULL) {
        buf_append_str(&out, ",\"detail\":");
        json_write_string(&out, span_of(problem->detail));
    }
    if (problem->line > 0)
        buf_printf(&out, ",\"line\":%u", problem->line);
    if (problem->column > 0)
        buf_printf(&out, ",\"column\":%u", problem->column);
    if (problem->request_id != NULL)
        buf_printf(&out, ",\"request\":\"%s\"", problem->request_id);
    if (problem->report != NULL && problem->report->total > 0) {
        buf_append_str(&out, ",\"errors\":");
        report_write(problem->report, &out);
        buf_printf(&out, ",\"errors_total\":%zu", problem->report->total);
    }
    buf_append_str(&out, "}\n");
    return blob_take(&out);
}
