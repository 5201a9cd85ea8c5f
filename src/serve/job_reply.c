// SPDX-License-Identifier: Apache-2.0
// What is known of a new job is told without a look at the store, as it was when it was accepted. Of one that
// was there before, the store is asked: it may be over.
#include "serve/job_reply.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "jobs/job_shape.h"
#include "jobs/jobs.h"
#include "serve/app_jobs.h"
#include "serve/handles.h"
#include "serve/job_json.h"

enum { HEADERS_BYTES = 512 + LIMIT_PREFIX_BYTES };

struct job_reply {
    struct request *request; // that it answers
    struct job_wait wait;    // its id is the job's; lent to the jobs while the client waits
    const struct job *job;   // that the request has become; borrowed; NULL: it was there before
    int64_t ahead;           // of that
};

// --- the response

// The header lines: where the job is. NULL without memory.
static const char *make_headers(const struct job_reply *reply, const char *field, bool is_over)
{
    struct request *request = reply->request;
    char lines[HEADERS_BYTES];
    request->is_deferred = request->prefer.is_async;
    int len = snprintf(lines, sizeof(lines), "%s: %.*s/-/jobs/%s\r\nCache-Control: private, no-store\r\n%s%s",
        field, (int)request->prefix.len, request->prefix.len > 0 ? request->prefix.at : "", reply->wait.id,
        is_over ? "" : "Retry-After: 1\r\n", reply->job == NULL ? "Idempotency-Replayed: true\r\n" : "");
    return arena_strndup(&request->arena, lines, (size_t)len);
}

static void set_body(
    struct request *request, int status, const char *content_type, const char *headers, struct buf *out)
{
    struct blob *body = buf_status(out) == ERR_NONE && headers != NULL ? blob_take(out) : NULL;
    if (body == NULL) {
        request_set_busy(request, "out of memory"); // and it is accepted: the client has to look
        return;
    }
    request->response =
        (struct response){.status = status, .content_type = content_type, .headers = headers, .body = body};
}

static void write_job(const struct request *request, const struct job *job, int64_t ahead, struct buf *out)
{
    const struct job_shown shown = {.job = job, .app = span_of(request->app->name), .ahead = ahead};
    job_json_write(&shown, out);
    buf_append_byte(out, '\n');
}

static void set_accepted(const struct job_reply *reply, const struct job *job, int64_t ahead)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    write_job(reply->request, job, ahead, &out);
    set_body(reply->request, 202, "application/json",
        make_headers(reply, "Location", job_state_is_over(job->state)), &out);
}

// What a direct request would have got; an answer that was not kept is told of as a job.
static void set_outcome(const struct job_reply *reply, const struct job *job)
{
    struct request *request = reply->request;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    const char *headers = make_headers(reply, "Content-Location", true);
    enum answer_format format = request->format; // a repeat has that of the first one's answer
    bool is_answer = job->state == JOB_DONE && job->result.len > 0;
    bool is_problem = job->state != JOB_DONE && job->status >= 400 && job->result.len > 0;
    (void)job_format_from_type(job->asked.format, &format);
    if (job->state == JOB_DONE && job->status == 204) {
        request->response = (struct response){.status = 204, .headers = headers};
        return;
    }
    if (is_answer || is_problem) {
        buf_append(&out, job->result.at, job->result.len);
        set_body(request, (int)job->status, is_answer ? answer_media_type(format) : PROBLEM_MEDIA_TYPE,
            headers, &out);
        return;
    }
    write_job(request, job, -1, &out);
    set_body(request, 200, "application/json", headers, &out);
}

// Without what the store says.
static void set_unread(const struct job_reply *reply)
{
    if (reply->job != NULL) // it is accepted all the same
        set_accepted(reply, reply->job, reply->ahead);
    else
        request_set_busy(reply->request, "what became of the request cannot be looked up just now");
}

// --- what the store says

// Reads what became of the job; false where the store does not tell.
static bool read_job(const struct job_reply *reply, struct handles *handles, struct job *ret_job,
    int64_t *ret_ahead, bool *ret_found)
{
    struct request *request = reply->request;
    struct err ignored = {0};
    struct own_statements own = {0};
    if (handles_lend(handles, request->service, request->app, &own.conn, &ignored) != ERR_NONE)
        return false;
    enum err_code code = job_store_find(
        &own, span_of(reply->wait.id), &request->arena, ret_job, ret_ahead, ret_found, &ignored);
    own_statements_fini(&own);
    handles_take_back(own.conn);
    return code == ERR_NONE;
}

static void look(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    const struct job_reply *reply = request->job_reply;
    struct job job;
    int64_t ahead = 0;
    bool is_found = false;
    if (request_give_up(request))
        return;
    if (!read_job(reply, worker, &job, &ahead, &is_found))
        set_unread(reply);
    else if (!is_found)
        request_refuse(request, 410, "the job that this Idempotency-Key was sent with is not kept any more");
    else if (job_state_is_over(job.state) && request->prefer.is_async && request->prefer.wait_s > 0)
        set_outcome(reply, &job);
    else
        set_accepted(reply, &job, ahead);
    request_send_back(request);
}

static void on_refused(struct task *task)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    set_unread(request->job_reply);
    request_send_back(request);
}

static void ask_store(const struct job_reply *reply)
{
    struct request *request = reply->request;
    const struct context *context = request->context;
    request->task = (struct task){.run = look,
        .refuse = on_refused,
        .is_in_vain = &request->abandoned,
        .share = &request_endpoint_state(request)->share,
        .group = &context->share_groups[request->service],
        .came_ns = clock_monotonic_ns()};
    if (!shared_pool_submit(context->reads, &request->task))
        on_refused(&request->task);
}

// --- the wait

static void on_over(struct job_wait *wait)
{
    ask_store(CONTAINER_OF(wait, struct job_reply, wait));
}

// Whether the client waits.
static bool wait_for_job(struct job_reply *reply)
{
    const struct request *request = reply->request;
    struct jobs *jobs = app_jobs_of(request->context->jobs, request->service);
    if (jobs == NULL || !request->prefer.is_async || request->prefer.wait_s == 0)
        return false;
    reply->wait.until_ns = clock_monotonic_ns() + request->prefer.wait_s * NS_PER_S;
    reply->wait.on_over = on_over;
    return jobs_wait(jobs, &reply->wait);
}

struct job_reply *job_reply_new(struct request *request, struct span id)
{
    struct job_reply *reply = arena_zalloc(&request->arena, 1, sizeof(*reply));
    if (reply == NULL)
        return NULL;
    reply->request = request;
    snprintf(reply->wait.id, sizeof(reply->wait.id), "%.*s", (int)id.len, id.at);
    request->job_reply = reply;
    return reply;
}

void job_reply_is_new(struct job_reply *reply, const struct job *job, int64_t ahead)
{
    reply->job = job;
    reply->ahead = ahead;
}

void job_reply_send(struct job_reply *reply)
{
    if (wait_for_job(reply))
        return;
    if (reply->job == NULL) {
        ask_store(reply);
        return;
    }
    set_accepted(reply, reply->job, reply->ahead);
    request_send_back(reply->request);
}
