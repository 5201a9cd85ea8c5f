// SPDX-License-Identifier: Apache-2.0
// The result is JSON of our own making, or the text of an answer. Any thread.
#include "serve/job_json.h"

#include <inttypes.h>

#include "base/limits.h"
#include "text/json_write.h"
#include "text/timestamp.h"

static void write_time(struct buf *out, const char *name, int64_t ms)
{
    char text[TIMESTAMP_CHARS];
    if (ms <= 0)
        return;
    (void)timestamp_format(ms * 1000, false, text);
    buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void write_integer(struct buf *out, const char *name, int64_t integer)
{
    buf_printf(out, ",\"%s\":%" PRId64, name, integer);
}

static void write_answer(const struct job *job, struct buf *out)
{
    if (job->result.len == 0)
        return;
    buf_append_str(out, ",\"answer\":");
    if (span_is(job->asked.format, "application/json"))
        buf_append(out, job->result.at, job->result.len);
    else
        json_write_string(out, job->result);
}

// The members of a problem document behind those that there are.
static void write_problem(const struct job *job, struct buf *out)
{
    struct span result = span_trim(job->result);
    while (result.len > 0 && result.at[result.len - 1] == '\n')
        result.len--;
    if (result.len < 2 || result.at[0] != '{' || result.at[result.len - 1] != '}') {
        if (job->status > 0)
            write_integer(out, "status", job->status);
        return;
    }
    buf_append_byte(out, ',');
    buf_append(out, result.at + 1, result.len - 2);
}

void job_json_write(const struct job_shown *shown, struct buf *out)
{
    const struct job *job = shown->job;
    int64_t rows_read = job->state == JOB_RUNNING ? shown->rows_read : job->rows;
    buf_printf(out, "{\"id\":\"%.*s\",\"state\":\"%s\",\"app\":", (int)job->id.len, job->id.at,
        job_state_word(job->state));
    json_write_string(out, shown->app);
    buf_append_str(out, ",\"endpoint\":");
    json_write_string(out, job->asked.endpoint);
    write_integer(out, "bytes", job->bytes);
    if (!job_state_is_over(job->state) && shown->ahead >= 0)
        write_integer(out, "position", shown->ahead + 1);
    write_time(out, "created", job->created_ms);
    write_time(out, "started", job->started_ms);
    write_time(out, "ended", job->ended_ms);
    write_time(out, "next_try", job->next_ms);
    write_integer(out, "attempts", job->attempts);
    write_integer(out, "max_attempts", LIMIT_JOB_TRIES);
    if (rows_read > 0)
        write_integer(out, "rows_read", rows_read);
    write_integer(out, "rows_in", job->state == JOB_DONE ? job->rows : 0);
    if (job->batch > 0)
        write_integer(out, "batch", job->batch);
    if (job->state == JOB_DONE) {
        write_integer(out, "status", job->status);
        write_answer(job, out);
    } else if (job->result.len > 0 || job->status > 0) {
        write_problem(job, out);
    }
    buf_append_byte(out, '}');
}
