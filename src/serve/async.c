// SPDX-License-Identifier: Apache-2.0
// The body is kept as it came: it is parsed when its job runs, by the edition of that time. What the head and
// the parameters say is evaluated now: who asks, its claims, what day it is.
#include "serve/async.h"

#include "base/limits.h"
#include "jobs/job_params.h"
#include "jobs/job_shape.h"
#include "jobs/jobs.h"
#include "serve/app_jobs.h"
#include "serve/job_reply.h"
#include "serve/repeating.h"
#include "serve/sender.h"
#include "serve/write.h"
#include "text/utf8.h"

enum { NAME_BYTES = LIMIT_PATH_BYTES + 16 };

struct async_write {
    struct jobs *jobs;           // of the app; the server's
    struct job_entry entry;      // lent to the jobs
    struct job job;              // that it is once it was accepted
    char shape[JOB_SHAPE_CHARS]; // of the endpoint
    struct arena *arena;         // the request's
    struct request *request;     // that it is of
};

// --- the head

// A job does not try things, or take a part of its rows.
static bool is_wanted(const struct request *request)
{
    const struct prefer *prefer = &request->prefer;
    return prefer->is_async && prefer->tx != PREFER_TX_ROLLBACK &&
           prefer->handling != PREFER_HANDLING_LENIENT;
}

static struct span keep(struct arena *arena, struct span text)
{
    const char *at = arena_strndup(arena, text.len > 0 ? text.at : "", text.len);
    return at != NULL ? (struct span){.at = at, .len = text.len} : (struct span){0};
}

static struct span keep_buf(struct arena *arena, const struct buf *buf)
{
    return buf_status(buf) == ERR_NONE ? keep(arena, buf_span(buf)) : (struct span){0};
}

static const char *coding_word(enum coding coding)
{
    static const char *const words[CODINGS] = {
        [CODING_IDENTITY] = "identity", [CODING_GZIP] = "gzip", [CODING_ZSTD] = "zstd"};
    return words[coding];
}

// What came from outside, and is no text, is nothing that a store could keep. A query is ASCII (http/).
static bool is_text(const struct job_asked *asked)
{
    const struct span texts[] = {asked->client, asked->content_type, asked->params};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!utf8_is_text(texts[i]))
            return false;
    }
    return true;
}

// What the job is to know of the request; false without memory, and where that is no text.
static bool fill_asked(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, struct async_write *async)
{
    const struct endpoint *endpoint = request->endpoint;
    struct arena *arena = &request->arena;
    struct job_asked *asked = &async->entry.asked;
    AUTO(buf_fini) struct buf name, params;
    buf_init(&name, NAME_BYTES);
    buf_init(&params, LIMIT_REQUEST_BYTES);
    job_endpoint_name(endpoint, &name);
    job_params_write(request->params, endpoint->param_count, &params);
    struct batch_source source = {0};
    if (job_shape(endpoint, async->shape) != ERR_NONE || !sender_read(request, exchange, &source))
        return false;
    *asked = (struct job_asked){.endpoint = keep_buf(arena, &name),
        .shape = span_of(async->shape),
        .client = keep(arena, request->client != NULL ? request->client->id : span_of("")),
        .client_kind = source.client_kind,
        .plan = keep(arena, request->client != NULL ? request->client->plan : span_of("")),
        .address = source.address,
        .content_type = keep(arena, http_field(head, "content-type")->value),
        .coding = span_of(coding_word(request->body_coding)),
        .format = span_of(answer_media_type(request->format)),
        .query = keep(arena, request->query),
        .params = keep_buf(arena, &params)};
    return asked->endpoint.at != NULL && asked->client.at != NULL && asked->plan.at != NULL &&
           asked->content_type.at != NULL && asked->query.at != NULL && asked->params.at != NULL &&
           is_text(asked);
}

bool async_begin(struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    struct jobs *jobs = app_jobs_of(request->context->jobs, request->service);
    if (jobs == NULL || !is_wanted(request))
        return false;
    struct async_write *async = arena_zalloc(&request->arena, 1, sizeof(*async));
    if (async == NULL || !fill_asked(request, exchange, head, async))
        return false;
    async->jobs = jobs;
    async->request = request;
    if (request->prefer.wait_s > LIMIT_JOB_WAIT_S)
        request->prefer.wait_s = LIMIT_JOB_WAIT_S;
    spool_init(&request->body, &request->context->rows_space, request->context->max_body_bytes);
    request->async = async;
    return true;
}

// --- the body

// It waits for its job, or not, and is answered by it.
static void tell_job(struct async_write *async)
{
    struct request *request = async->request;
    struct job_entry *entry = &async->entry;
    bool is_known = repeating_is_replayed(request);
    struct span id = is_known ? buf_span(&entry->kept_text) : span_of(entry->id);
    struct job_reply *reply = job_id_is_sound(id) ? job_reply_new(request, id) : NULL;
    if (reply == NULL) {
        request_set_busy(request, "out of memory"); // and it is accepted: the client has to look
        request_send_back(request);
        return;
    }
    async->job = (struct job){.id = id,
        .state = JOB_QUEUED,
        .asked = entry->asked,
        .bytes = (int64_t)spool_bytes(&request->body),
        .created_ms = entry->accepted_ms};
    if (!is_known)
        job_reply_is_new(reply, &async->job, entry->ahead);
    job_reply_send(reply);
}

// Its key was that of a batch, which was not put off: it is answered as that one was.
static void tell_batch(struct async_write *async)
{
    struct request *request = async->request;
    const struct buf *text = &async->entry.kept_text;
    struct batch *batch = &request->batch;
    struct err err = {0};
    spool_init(&batch->answer, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
    buf_append(&batch->answer.buf, text->data, text->len);
    if (repeat_give(&async->entry.kept, batch, &err) == ERR_NONE)
        write_set_answer(request);
    else
        request_set_error(request, &err, &request->report);
    request_send_back(request);
}

static void tell(struct async_write *async)
{
    struct request *request = async->request;
    const struct job_entry *entry = &async->entry;
    bool is_batch = repeating_is_replayed(request) && !repeat_is_job(&entry->kept);
    if (entry->is_refused)
        request_set_full(request, "jobs", jobs_retry_s(async->jobs));
    else if (entry->err.code != ERR_NONE)
        request_set_error(request, &entry->err, &request->report);
    else if (is_batch || !repeating_refuse(request)) {
        (is_batch ? tell_batch : tell_job)(async);
        return;
    }
    request_send_back(request);
}

// On the desk's thread.
static void on_accepted(struct job_entry *entry)
{
    struct async_write *async = CONTAINER_OF(entry, struct async_write, entry);
    struct buf kept_text = entry->kept_text; // the request may be gone when it was told
    repeating_leave(async->request);
    tell(async);
    buf_fini(&kept_text);
}

static enum err_code spool_part(struct request *request, struct err *err)
{
    struct upload *upload = &request->upload;
    struct spool *body = &request->body;
    struct span bytes;
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && http_body_next(&upload->part, &bytes)) {
        repeating_feed(request->repeating, bytes);
        buf_append(&body->buf, bytes.at, bytes.len);
        code = spool_flow(body, err);
    }
    http_body_fini(&upload->part);
    if (code == ERR_NONE && upload->is_last)
        code = spool_end(body, err);
    if (code == ERR_NONE && upload->is_last && spool_bytes(body) == 0)
        code = err_set(err, ERR_MALFORMED, BATCH_NO_ROWS);
    return code;
}

// False with the response.
static bool submit(struct async_write *async)
{
    struct request *request = async->request;
    struct job_entry *entry = &async->entry;
    if (!repeating_enter(request, &entry->repeat))
        return false;
    entry->body = &request->body;
    entry->on_done = on_accepted;
    buf_init(&entry->kept_text, LIMIT_REPEAT_ANSWER_BYTES);
    if (jobs_add(async->jobs, entry))
        return true;
    repeating_leave(request);
    request_set_full(request, "jobs", jobs_retry_s(async->jobs));
    return false;
}

void async_parse(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct async_write *async = request->async;
    struct err err = {0};
    if (!request->upload.is_last && request_give_up(request))
        return;
    enum err_code code = spool_part(request, &err);
    if (code != ERR_NONE) {
        request_set_error(request, &err, &request->report);
    } else if (request->upload.is_last && submit(async)) {
        return;
    }
    request_send_back(request);
}
