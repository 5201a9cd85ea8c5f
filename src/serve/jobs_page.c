// SPDX-License-Identifier: Apache-2.0
// Who may see a job: the listener for the admin sees all; a client with a key those that it has sent; of a
// job that nobody in particular has sent, whoever knows its id, which cannot be guessed. All others are told
// that there is none. On the loop, but for run_…, which a worker does.
#include "serve/jobs_page.h"

#include <stdio.h>

#include "base/limits.h"
#include "http/listen.h"
#include "jobs/jobs.h"
#include "jobs/job_lease.h"
#include "serve/app_jobs.h"
#include "serve/asker.h"
#include "serve/job_json.h"
#include "serve/own_page_task.h"
#include "text/json_write.h"
#include "text/number.h"
#include "text/url.h"

enum { LIST_STANDARD = 100, LIST_MOST = 1000, HEADERS_BYTES = 256 };

// What is asked for.
struct jobs_ask {
    struct asker asker;       // who asks
    bool sees_all;            // on the listener for the admin
    bool sees_nobodys;        // in lists: the jobs that nobody in particular has sent
    struct span id;           // of one job; the arena's; empty: a list
    struct span app;          // of a list: only of this app; empty: of all
    struct span before;       // likewise: only those behind this one; an id; empty: from the newest on
    struct job_filter filter; // likewise
};

static const char HEADERS[] = "Cache-Control: private, no-store\r\n";

// --- who asks, and for what

// Who asks; false with the response, or without it as door_settle has it.
static bool find_asker(struct request *request, const struct http_request *head, struct jobs_ask *ask)
{
    const struct http_exchange *exchange = http_exchange_find(request->context->http, request->ref);
    ask->sees_all = http_listen_of(exchange)->is_admin;
    if (ask->sees_all)
        return true;
    if (!asker_find(request, head, &ask->asker))
        return false;
    enum door_verdict verdict = ask->asker.told.verdict;
    bool is_nobody = verdict == DOOR_NOBODY || verdict == DOOR_MISSING;
    ask->sees_nobodys = is_nobody && !request->context->has_admin;
    if (verdict == DOOR_CLIENT)
        request->line.client = request->client->id;
    return is_nobody || asker_settle(request, head, &ask->asker.told);
}

static bool set_option(struct request *request, struct jobs_ask *ask, struct span name, struct span value)
{
    int64_t limit;
    if (span_is(name, "state")) {
        ask->filter.has_state = job_state_from_word(value, &ask->filter.state);
        if (!ask->filter.has_state)
            request_refuse(
                request, 400, "state must be one of queued, running, done, refused, failed, cancelled");
    } else if (span_is(name, "app")) {
        ask->app = value;
    } else if (span_is(name, "before")) {
        ask->before = value;
        if (!job_id_is_sound(value))
            request_refuse(request, 400, "before must be the id of a job");
    } else if (span_is(name, "limit")) {
        bool is_number = number_read_integer(value, &limit) && limit >= 1 && limit <= LIST_MOST;
        if (!is_number)
            request_refuse(request, 400, "limit must be an integer from 1 to 1000");
        else
            ask->filter.limit = limit;
    }
    return request->response.status == 0;
}

static bool read_options(struct request *request, struct span query, struct jobs_ask *ask)
{
    struct span name, value, text;
    ask->filter.limit = LIST_STANDARD;
    while (url_next_pair(&query, &name, &value)) {
        if (!url_decode(value, true, &request->arena, &text)) {
            request_refuse(request, 400, "the query is badly percent-encoded");
            return false;
        }
        if (!set_option(request, ask, name, text))
            return false;
    }
    return true;
}

// The last part of the path; at NULL without memory.
static struct span id_of(struct request *request, struct span path)
{
    size_t start = path.len;
    while (start > 0 && path.at[start - 1] != '/')
        start--;
    const char *id = arena_strndup(&request->arena, path.at + start, path.len - start);
    return (struct span){.at = id, .len = id != NULL ? path.len - start : 0};
}

// --- stores

static void close_store(struct own_statements *own)
{
    own_statements_fini(own);
    handles_take_back(own->conn);
}

// The rows that the try of a running job has read.
static int64_t rows_of(
    const struct request *request, size_t service, const struct job *job, struct own_statements *own)
{
    struct jobs *jobs = app_jobs_of(request->context->jobs, service);
    struct runner_stats stats = jobs_stats(jobs);
    struct job_lease_work work = {0};
    struct err ignored = {0};
    if (job->state != JOB_RUNNING)
        return 0;
    if (stats.number == job->number)
        return (int64_t)stats.rows;
    bool is_there = job_lease_look(own, &work, &ignored) == ERR_NONE && work.job == job->number;
    return is_there ? work.rows : 0;
}

static bool is_own(const struct jobs_ask *ask, size_t service, const struct job_asked *asked)
{
    for (size_t i = 0; i < ask->asker.count; i++) {
        const struct asker_client *client = &ask->asker.clients[i];
        if (client->service == service && span_equal(client->id, asked->client) &&
            span_is(asked->client_kind, client->kind))
            return true;
    }
    return false;
}

// --- one job

// A job that was looked for in all apps.
struct found {
    struct job job;
    int64_t ahead;
    size_t service;
    int64_t rows_read;
    bool is_found;
};

static enum err_code find_in(
    struct handles *handles, struct request *request, size_t service, struct found *found, struct err *err)
{
    const struct jobs_ask *ask = request->page_ask;
    AUTO(close_store) struct own_statements own = {0};
    bool is_found = false;
    enum err_code code =
        handles_lend(handles, service, request->lease->edition->apps[service], &own.conn, err);
    if (code != ERR_NONE)
        return code;
    code = job_store_find(&own, ask->id, &request->arena, &found->job, &found->ahead, &is_found, err);
    if (code == ERR_NONE && is_found) {
        found->rows_read = rows_of(request, service, &found->job, &own);
        found->service = service;
        found->is_found =
            ask->sees_all || found->job.asked.client.len == 0 || is_own(ask, service, &found->job.asked);
    }
    if (code == ERR_CONFIG) { // no tables of jobs are no jobs
        *err = (struct err){0};
        return ERR_NONE;
    }
    return code;
}

// False with the response.
static bool find(struct handles *handles, struct request *request, struct found *found)
{
    struct err err = {0};
    enum err_code code = ERR_NONE;
    *found = (struct found){0};
    for (size_t i = 0; code == ERR_NONE && !found->is_found && i < request->context->service_count; i++) {
        if (app_jobs_of(request->context->jobs, i) != NULL)
            code = find_in(handles, request, i, found, &err);
    }
    if (code != ERR_NONE)
        request_set_error(request, &err, &request->report);
    else if (!found->is_found)
        request_refuse(request, 404,
            "there is no such job any more, or it is another client's: ask with the key that it was sent with");
    return code == ERR_NONE && found->is_found;
}

static void set_json(struct request *request, const char *headers, struct buf *out)
{
    struct blob *body = NULL;
    buf_append_byte(out, '\n');
    if (buf_status(out) == ERR_NONE && headers != NULL)
        body = blob_take(out);
    if (body == NULL)
        request_set_busy(request, "out of memory");
    else
        request->response = (struct response){
            .status = 200, .content_type = "application/json", .headers = headers, .body = body};
}

// When it may pay to look again: as long as a job takes, for those ahead and itself.
static const char *headers_of(struct request *request, const struct found *found)
{
    char lines[HEADERS_BYTES];
    if (job_state_is_over(found->job.state))
        return HEADERS;
    uint64_t s = jobs_retry_s(app_jobs_of(request->context->jobs, found->service));
    s *= (uint64_t)found->ahead + 1;
    int len = snprintf(lines, sizeof(lines), "%sRetry-After: %u\r\n", HEADERS,
        s < LIMIT_RETRY_AFTER_S ? (unsigned)s : LIMIT_RETRY_AFTER_S);
    return arena_strndup(&request->arena, lines, (size_t)len);
}

static void set_one(struct request *request, const struct found *found)
{
    AUTO(buf_fini) struct buf out;
    const struct job_shown shown = {.job = &found->job,
        .app = span_of(request->lease->edition->apps[found->service]->name),
        .ahead = found->ahead,
        .rows_read = found->rows_read};
    buf_init(&out, LIMIT_ANSWER_BYTES);
    job_json_write(&shown, &out);
    set_json(request, headers_of(request, found), &out);
}

void jobs_page_run_one(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct found found;
    if (request_give_up(request))
        return;
    if (find(worker, request, &found))
        set_one(request, &found);
    request_send_back(request);
}

void jobs_page_run_cancel(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct found found;
    struct err err = {0};
    bool is_moved = false;
    if (request_give_up(request))
        return;
    if (find(worker, request, &found)) {
        struct jobs *jobs = app_jobs_of(request->context->jobs, found.service);
        if (jobs_cancel(jobs, found.job.id, &is_moved, &err) != ERR_NONE)
            request_set_error(request, &err, &request->report);
        else if (!is_moved)
            request_refuse(request, 409, "a job that runs, or is over, cannot be cancelled");
        else if (find(worker, request, &found))
            set_one(request, &found);
    }
    request_send_back(request);
}

// --- a list

struct listing {
    struct request *request;
    size_t service;
    struct buf *out;
    bool has_passed;             // the job that the list goes on behind, if it does; of an earlier app, too
    size_t count;                // of those that are written
    char last[JOB_ID_CHARS + 1]; // the id of the last one
};

static enum err_code on_job(void *ctx, const struct job *job, struct err *err)
{
    struct listing *listing = ctx;
    const struct job_shown shown = {.job = job,
        .app = span_of(listing->request->lease->edition->apps[listing->service]->name),
        .ahead = -1,
        .rows_read = 0};
    const struct jobs_ask *ask = listing->request->page_ask;
    if (!ask->sees_all && job->asked.client.len > 0 && !is_own(ask, listing->service, &job->asked))
        return ERR_NONE; // of another kind of client, by the same id
    if (listing->count++ > 0)
        buf_append_str(listing->out, ",\n");
    job_json_write(&shown, listing->out);
    snprintf(listing->last, sizeof(listing->last), "%.*s", (int)job->id.len, job->id.at);
    return buf_status(listing->out) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

// Whose jobs of a service are listed; false: nobody's.
static bool set_client(const struct jobs_ask *ask, size_t service, struct job_filter *filter)
{
    for (size_t i = 0; !ask->sees_all && i < ask->asker.count; i++) {
        if (ask->asker.clients[i].service == service) {
            filter->has_client = true;
            filter->client = ask->asker.clients[i].id;
            return true;
        }
    }
    filter->has_client = !ask->sees_all;
    filter->client = span_of("");
    return ask->sees_all || ask->sees_nobodys;
}

// Of the app whose job the list goes on behind, those behind that; of apps before it none, and of those
// behind it all.
static enum err_code list_from(
    struct listing *listing, struct own_statements *own, const struct job_filter *filter, struct err *err)
{
    const struct jobs_ask *ask = listing->request->page_ask;
    struct job_filter page = *filter;
    enum err_code code = ERR_NONE;
    if (!listing->has_passed) {
        struct job before = {0};
        int64_t ahead;
        code = job_store_find(
            own, ask->before, &listing->request->arena, &before, &ahead, &listing->has_passed, err);
        page.before = before.number;
    }
    page.limit -= (int64_t)listing->count;
    return code == ERR_NONE && listing->has_passed && page.limit > 0
               ? job_store_list(own, &page, on_job, listing, err)
               : code;
}

static enum err_code list_service(
    struct handles *handles, struct listing *listing, size_t service, struct err *err)
{
    struct request *request = listing->request;
    const struct jobs_ask *ask = request->page_ask;
    struct job_filter filter = ask->filter;
    if (app_jobs_of(request->context->jobs, service) == NULL || !set_client(ask, service, &filter) ||
        (ask->app.len > 0 && !span_is(ask->app, request->lease->edition->apps[service]->name)))
        return ERR_NONE;
    AUTO(close_store) struct own_statements own = {0};
    listing->service = service;
    enum err_code code =
        handles_lend(handles, service, request->lease->edition->apps[service], &own.conn, err);
    if (code != ERR_NONE)
        return code;
    code = list_from(listing, &own, &filter, err);
    if (code == ERR_CONFIG) {
        *err = (struct err){0};
        return ERR_NONE;
    }
    return code;
}

void jobs_page_run_list(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    const struct jobs_ask *ask = request->page_ask;
    struct err err = {0};
    AUTO(buf_fini) struct buf out;
    struct listing listing = {.request = request, .out = &out, .has_passed = ask->before.len == 0};
    if (request_give_up(request))
        return;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    buf_append_str(&out, "{\"jobs\":[");
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < request->context->service_count; i++)
        code = list_service(worker, &listing, i, &err);
    buf_append_byte(&out, ']');
    if ((int64_t)listing.count == ask->filter.limit)
        buf_printf(&out, ",\"next_before\":\"%s\"", listing.last);
    buf_append_byte(&out, '}');
    if (code == ERR_NONE)
        set_json(request, HEADERS, &out);
    else
        request_set_error(request, &err, &request->report);
    request_send_back(request);
}

// --- the pages

static struct jobs_ask *begin(struct request *request, const struct http_request *head)
{
    struct jobs_ask *ask = arena_zalloc(&request->arena, 1, sizeof(*ask));
    if (ask == NULL) {
        request_set_busy(request, "out of memory");
        return NULL;
    }
    request->page_ask = ask;
    return find_asker(request, head, ask) ? ask : NULL;
}

bool jobs_page_begin_one(struct request *request, const struct http_request *head)
{
    struct jobs_ask *ask = begin(request, head);
    if (ask == NULL)
        return false;
    ask->id = id_of(request, head->path);
    if (ask->id.at == NULL)
        request_set_busy(request, "out of memory");
    return ask->id.at != NULL;
}

bool jobs_page_begin_list(struct request *request, const struct http_request *head)
{
    struct jobs_ask *ask = begin(request, head);
    return ask != NULL && read_options(request, head->query, ask);
}
