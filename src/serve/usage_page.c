// SPDX-License-Identifier: Apache-2.0
// A client sees its own usage only, as it was written to the stores (access/flusher.h): what was asked within
// the last LIMIT_USAGE_FLUSH_MS may not be in it yet. On the loop up to usage_page_run, which is on a
// worker's thread.
#include "serve/usage_page.h"

#include "access/usage_report.h"
#include "access/usage_store.h"
#include "base/limits.h"
#include "serve/asker.h"
#include "serve/own_page_task.h"
#include "text/url.h"

// What is asked for.
struct usage_ask {
    struct usage_period period; // a month
    struct asker asker;         // whose usage is told
};

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
static bool is_known(struct request *request, const struct http_request *head, const struct asker_told *told)
{
    if (told->verdict == DOOR_NOBODY) {
        request_refuse(request, 404, "no app here has keys, by which clients would be known");
        return false;
    }
    if (told->verdict != DOOR_MISSING)
        return asker_settle(request, head, told);
    request_set_problem(request,
        &(struct problem){.status = 401,
            .detail = "usage is told to a client with its key: send it as Authorization: Bearer KEY, or as "
                      "X-API-Key: KEY"},
        "WWW-Authenticate: Bearer realm=\"usage\"\r\n");
    return false;
}

// --- the answer

// What one client has used of an app.
static enum err_code add_client(struct handles *handles, struct request *request,
    const struct asker_client *client, struct usage_report *report, struct err *err)
{
    const struct usage_ask *ask = request->page_ask;
    struct store_conn *conn = NULL;
    struct usage_table table;
    usage_table_init(&table, LIMIT_USAGE_READ);
    struct app *app = request->lease->edition->apps[client->service];
    enum err_code code = handles_lend(handles, client->service, app, &conn, err);
    if (code == ERR_NONE)
        code = usage_store_read(conn, ask->period, &client->id, &table, err);
    handles_take_back(conn);
    if (code == ERR_NONE) {
        usage_table_sort(&table);
        usage_report_add(report, app->name, &table);
    }
    usage_table_fini(&table);
    return code;
}

static enum err_code write_usage(
    struct handles *handles, struct request *request, struct buf *out, struct err *err)
{
    const struct usage_ask *ask = request->page_ask;
    struct usage_report report;
    enum err_code code = ERR_NONE;
    usage_report_start(&report, request->format, ask->period, out);
    for (size_t i = 0; code == ERR_NONE && i < ask->asker.count; i++)
        code = add_client(handles, request, &ask->asker.clients[i], &report, err);
    usage_report_end(&report);
    return code;
}

void usage_page_run(struct task *task, void *worker)
{
    own_page_run(task, worker, write_usage);
}

bool usage_page_begin(struct request *request, const struct http_request *head)
{
    struct usage_ask *ask = arena_zalloc(&request->arena, 1, sizeof(*ask));
    if (ask == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    if (!asker_find(request, head, &ask->asker) || !is_known(request, head, &ask->asker.told))
        return false;
    request->line.client = request->client->id;
    request->page_ask = ask;
    return read_period(request, head->query, &ask->period) && own_page_accept(request, head);
}
