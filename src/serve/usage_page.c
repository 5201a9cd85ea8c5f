// SPDX-License-Identifier: Apache-2.0
// A client sees its own usage only, as it was written to the stores (access/flusher.h): what was asked within
// the last LIMIT_USAGE_FLUSH_MS may not be in it yet. On the loop up to usage_page_run, and then on a
// worker's thread.
#include "serve/usage_page.h"

#include "access/usage_report.h"
#include "access/usage_store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "serve/asker.h"
#include "serve/format.h"
#include "serve/handles.h"
#include "text/url.h"

// What is asked for.
struct usage_ask {
    struct usage_period period; // a month
    enum answer_format format;  // JSON, NDJSON or CSV
    struct asker asker;         // whose usage is told
};

static const char HEADERS[] = "Cache-Control: private, no-store\r\nVary: Accept\r\n";

// --- who asks, and for what

// Sets the response when it is none.
static bool read_period(struct request *request, struct span query, struct usage_period *ret_period)
{
    struct span name, value, month;
    *ret_period = usage_month_of(usage_today());
    while (url_next_pair(&query, &name, &value)) {
        if (!span_is(name, "month"))
            continue;
        if (url_decode(value, true, &request->arena, &month) && usage_month_parse(month, ret_period))
            continue;
        request_refuse(request, 400, "month must be a month, YYYY-MM");
        return false;
    }
    return true;
}

// Whether somebody is known by the verdict. Else sets the response, or leaves it unset as door_settle does.
static bool is_known(struct request *request, enum door_verdict verdict)
{
    if (verdict == DOOR_NOBODY) {
        request_refuse(request, 404, "no app here has keys, by which clients would be known");
        return false;
    }
    if (verdict != DOOR_MISSING)
        return door_settle(request, http_exchange_find(request->context->http, request->ref), verdict);
    request_set_problem(request,
        &(struct problem){.status = 401,
            .detail = "usage is told to a client with its key: send it as Authorization: Bearer KEY, or as "
                      "X-API-Key: KEY"},
        "WWW-Authenticate: Bearer realm=\"usage\"\r\n");
    return false;
}

// --- the answer

// What one client has used of an app.
static enum err_code add_client(struct handles *handles, struct request *request, size_t number,
    struct usage_report *report, struct err *err)
{
    const struct usage_ask *ask = request->usage_ask;
    size_t service = ask->asker.clients[number].service;
    struct app *app = request->lease->edition->apps[service];
    uint64_t deadline_ns = clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS;
    struct usage_table table;
    usage_table_init(&table, LIMIT_USAGE_READ);
    enum err_code code = handles_connect(handles, service, app, deadline_ns, err);
    if (code == ERR_NONE) {
        struct store_conn *conn = handles->primaries[service].conn;
        store_deadline(conn, deadline_ns);
        code = usage_store_read(conn, ask->period, &ask->asker.clients[number].id, &table, err);
        store_deadline(conn, 0);
    }
    if (code == ERR_NONE) {
        usage_table_sort(&table);
        usage_report_add(report, app->name, &table);
    }
    usage_table_fini(&table);
    return code;
}

static enum err_code write_all(
    struct handles *handles, struct request *request, struct buf *out, struct err *err)
{
    const struct usage_ask *ask = request->usage_ask;
    struct usage_report report;
    enum err_code code = ERR_NONE;
    usage_report_start(&report, ask->format, ask->period, out);
    for (size_t i = 0; code == ERR_NONE && i < ask->asker.count; i++)
        code = add_client(handles, request, i, &report, err);
    usage_report_end(&report);
    if (code == ERR_NONE && buf_status(out) != ERR_NONE)
        code = err_no_memory(err);
    return code;
}

static void run(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct err err = {0};
    AUTO(buf_fini) struct buf out;
    if (request_give_up(request))
        return;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    enum err_code code = write_all(worker, request, &out, &err);
    struct blob *body = code == ERR_NONE ? blob_take(&out) : NULL;
    if (body != NULL)
        request->response = (struct response){.status = 200,
            .content_type = answer_media_type(request->usage_ask->format),
            .headers = HEADERS,
            .body = body};
    else if (code == ERR_NONE)
        request_set_busy(request, "out of memory");
    else
        request_set_error(request, &err, &request->report);
    request_send_back(request);
}

void usage_page_set(struct request *request, const struct http_request *head)
{
    struct usage_ask *ask = arena_zalloc(&request->arena, 1, sizeof(*ask));
    enum door_verdict verdict;
    if (ask == NULL) {
        request_set_busy(request, "out of memory");
        return;
    }
    if (!asker_find(request, head, &ask->asker, &verdict) || !is_known(request, verdict))
        return;
    request->line.client = request->client->id;
    if (!read_period(request, head->query, &ask->period))
        return;
    if (!format_accepted(&ASKER_ENDPOINT, head, &ask->format)) {
        request_refuse(request, 406, "Accept leaves out application/json, application/x-ndjson and text/csv");
        return;
    }
    request->usage_ask = ask;
    request->page_run = run;
}
