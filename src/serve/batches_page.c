// SPDX-License-Identifier: Apache-2.0
// An operator, on the admin's listener, sees all batches. Elsewhere an app that knows its clients shows each
// its own, and an open one shows all, without their addresses, which are of others. On the loop up to
// batches_page_run, which is on a worker's thread.
#include "serve/batches_page.h"

#include <inttypes.h>
#include <stdlib.h>

#include "batch/record.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/listen.h"
#include "serve/asker.h"
#include "serve/own_page_task.h"
#include "serve/sender.h"
#include "text/csv_write.h"
#include "text/json_write.h"
#include "text/number.h"
#include "text/timestamp.h"
#include "text/url.h"

enum { ROWS_ARENA_BYTES = 16 * 1024 * 1024 }; // of a thousand records, some hundred bytes each

// What is asked for.
struct batches_ask {
    int64_t before;       // ids are less than that
    size_t limit;         // how many, of all apps together
    bool shows_addresses; //
    size_t count;         // of apps
    struct {
        size_t service;             // its number
        bool is_of_client;          // only that client's
        struct batch_source client; // whose they are
    } apps[];
};

// --- who asks

// What a client without a key, or with one that the app does not know, is told.
static bool is_known(struct request *request, const struct http_request *head, const struct asker_told *told)
{
    if (told->verdict != DOOR_MISSING && told->verdict != DOOR_NOBODY)
        return asker_settle(request, head, told);
    request_set_problem(request,
        &(struct problem){.status = 401,
            .detail = "a client is told of its own batches: send its key as Authorization: Bearer KEY, or as "
                      "X-API-Key: KEY"},
        "WWW-Authenticate: Bearer realm=\"batches\"\r\n");
    return false;
}

// Adds an app, where the request may see batches of it. *told says why not. False without memory.
static bool add_app(struct request *request, const struct credential *credential, bool is_admin, size_t i,
    struct batches_ask *ask, struct asker_told *told)
{
    const struct app *app = request->lease->edition->apps[i];
    bool is_of_client = !is_admin && app->access.wants_keys;
    struct client *client = NULL;
    if (is_of_client) {
        if (asker_judge(request, credential, i, &client, told) != DOOR_CLIENT)
            return true;
        request->client = client;
    }
    ask->apps[ask->count].service = i;
    ask->apps[ask->count].is_of_client = is_of_client;
    if (is_of_client) {
        struct span id = sender_id(client, &request->arena);
        ask->apps[ask->count].client =
            (struct batch_source){.client_kind = span_of(sender_kind(client)), .client = id};
        if (id.at == NULL)
            return false;
    }
    ask->count++;
    return true;
}

// --- what is asked for

// A whole number from 1 to `max`.
static bool read_number(struct request *request, struct span value, int64_t max, int64_t *ret_number)
{
    struct span text;
    int64_t number;
    if (!url_decode(value, true, &request->arena, &text) || !number_parse_integer(text, &number) ||
        number < 1 || number > max)
        return false;
    *ret_number = number;
    return true;
}

// Sets the response when the query is none. *ret_app: the app's name; at NULL: all.
static bool read_query(
    struct request *request, struct span query, struct batches_ask *ask, struct span *ret_app)
{
    struct span name, value;
    int64_t limit = 100;
    ask->before = INT64_MAX;
    while (url_next_pair(&query, &name, &value)) {
        if (span_is(name, "app") && !url_decode(value, true, &request->arena, ret_app)) {
            request_refuse(request, 400, "app must be the name of an app");
            return false;
        }
        if (span_is(name, "before") && !read_number(request, value, INT64_MAX, &ask->before)) {
            request_refuse(request, 400, "before must be the id of a batch");
            return false;
        }
        if (span_is(name, "limit") && !read_number(request, value, LIMIT_RECORDS_READ, &limit)) {
            request_refuse(request, 400, "limit must be a number of batches from 1 to 1000");
            return false;
        }
    }
    ask->limit = (size_t)limit;
    return true;
}

// --- the answer

struct batch_line {
    const char *app;
    struct record_row row;
    int64_t order_us; // its time, or that of a later batch of its app, where the clock was set back meanwhile
    size_t number;    // its place among those that were read: of each app the newest first
};

struct batch_lines {
    struct arena arena;       // owns their texts
    struct batch_line *lines; // owned
    size_t count, room;
    const char *app; // that is read
};

static bool copy(struct arena *arena, struct span *text)
{
    text->at = arena_strndup(arena, text->at, text->len);
    return text->at != NULL;
}

static enum err_code on_row(void *ctx, const struct record_row *row, struct err *err)
{
    struct batch_lines *lines = ctx;
    struct batch_line *grown = mem_grow(lines->lines, lines->count, &lines->room, sizeof(*grown));
    if (grown == NULL)
        return err_no_memory(err);
    lines->lines = grown;
    struct batch_line *line = &grown[lines->count];
    *line =
        (struct batch_line){.app = lines->app, .row = *row, .order_us = row->at_us, .number = lines->count};
    if (lines->count > 0 && line[-1].app == lines->app && line[-1].order_us < line->order_us)
        line->order_us = line[-1].order_us;
    struct batch_source *source = &line->row.source;
    if (!copy(&lines->arena, &line->row.endpoint) || !copy(&lines->arena, &source->client_kind) ||
        !copy(&lines->arena, &source->client) || !copy(&lines->arena, &source->address) ||
        !copy(&lines->arena, &source->file))
        return err_no_memory(err);
    lines->count++;
    return ERR_NONE;
}

static enum err_code read_app(struct handles *handles, struct request *request, const struct batches_ask *ask,
    size_t number, struct batch_lines *lines, struct err *err)
{
    size_t service = ask->apps[number].service;
    struct store_conn *conn = NULL;
    const struct record_filter filter = {
        .client = ask->apps[number].is_of_client ? &ask->apps[number].client : NULL,
        .before = ask->before,
        .limit = ask->limit,
    };
    struct app *app = request->lease->edition->apps[service];
    lines->app = app->name;
    enum err_code code = handles_lend(handles, service, app, &conn, err);
    if (code == ERR_NONE)
        code = record_read(conn, &filter, on_row, lines, err);
    handles_take_back(conn);
    return code;
}

// Of one app by ids, whatever its clock says.
static int newest_first(const void *a, const void *b)
{
    const struct batch_line *first = a, *second = b;
    if (first->order_us != second->order_us)
        return first->order_us < second->order_us ? 1 : -1;
    return (first->number > second->number) - (first->number < second->number);
}

static void write_texts(
    const struct batches_ask *ask, enum answer_format format, const struct batch_line *line, struct buf *out)
{
    const struct record_row *row = &line->row;
    char at[TIMESTAMP_CHARS];
    size_t len = timestamp_format(row->at_us, false, at);
    const struct {
        const char *name;
        struct span text;
    } texts[] = {
        {"at", {.at = at, .len = len}},
        {"endpoint", row->endpoint},
        {"client_kind", row->source.client_kind},
        {"client", row->source.client},
        {"address", ask->shows_addresses ? row->source.address : (struct span){0}},
        {"file", row->source.file},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (format == FORMAT_CSV) {
            csv_write_cell(out, texts[i].text.len > 0 ? texts[i].text : span_of(""));
            buf_append_byte(out, ',');
            continue;
        }
        buf_printf(out, ",\"%s\":", texts[i].name);
        if (texts[i].text.len > 0)
            json_write_string(out, texts[i].text);
        else
            buf_append_str(out, "null");
    }
}

static void write_line(
    const struct batches_ask *ask, enum answer_format format, const struct batch_line *line, struct buf *out)
{
    bool is_csv = format == FORMAT_CSV;
    if (is_csv) {
        csv_write_cell(out, span_of(line->app));
        buf_printf(out, ",%" PRId64 ",", line->row.id);
    } else {
        buf_append_str(out, "{\"app\":");
        json_write_string(out, span_of(line->app));
        buf_printf(out, ",\"id\":%" PRId64, line->row.id);
    }
    write_texts(ask, format, line, out);
    buf_printf(out, is_csv ? "%" PRId64 "\r\n" : ",\"rows\":%" PRId64 "}", line->row.rows);
    if (format == FORMAT_NDJSON)
        buf_append_byte(out, '\n');
}

static void write_lines(const struct batches_ask *ask, enum answer_format format,
    const struct batch_lines *lines, struct buf *out)
{
    size_t count = lines->count < ask->limit ? lines->count : ask->limit;
    if (format == FORMAT_CSV)
        buf_append_str(out, "app,id,at,endpoint,client_kind,client,address,file,rows\r\n");
    else if (format == FORMAT_JSON)
        buf_append_str(out, "{\"batches\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && format == FORMAT_JSON)
            buf_append_byte(out, ',');
        write_line(ask, format, &lines->lines[i], out);
    }
    if (format == FORMAT_JSON)
        buf_append_str(out, "]}\n");
}

static enum err_code write_batches(
    struct handles *handles, struct request *request, struct buf *out, struct err *err)
{
    const struct batches_ask *ask = request->page_ask;
    struct batch_lines lines = {0};
    enum err_code code = ERR_NONE;
    arena_init(&lines.arena, ROWS_ARENA_BYTES * (ask->count > 0 ? ask->count : 1));
    for (size_t i = 0; code == ERR_NONE && i < ask->count; i++)
        code = read_app(handles, request, ask, i, &lines, err);
    if (code == ERR_NONE && lines.count > 1)
        qsort(lines.lines, lines.count, sizeof(*lines.lines), newest_first);
    if (code == ERR_NONE)
        write_lines(ask, request->format, &lines, out);
    mem_free(lines.lines);
    arena_fini(&lines.arena);
    return code;
}

void batches_page_run(struct task *task, void *worker)
{
    own_page_run(task, worker, write_batches);
}

// The apps whose batches the request may see. False with the response, or unset as door_settle leaves it.
static bool find_apps(
    struct request *request, const struct http_request *head, struct span app, struct batches_ask *ask)
{
    struct credential credential = credential_read(head, (struct span){0});
    const struct http_exchange *exchange = http_exchange_find(request->context->http, request->ref);
    bool is_admin = http_listen_of(exchange)->is_admin, is_there = false;
    struct asker_told told = {0};
    ask->shows_addresses = is_admin;
    for (size_t i = 0; i < request->context->service_count; i++) {
        if (app.at != NULL && !span_is(app, request->lease->edition->apps[i]->name))
            continue;
        is_there = true;
        if (!add_app(request, &credential, is_admin, i, ask, &told)) {
            request_set_busy(request, "out of memory");
            return false;
        }
    }
    if (!is_there) {
        request_refuse(request, 404, "no app here has that name");
        return false;
    }
    if (request->client != NULL)
        told.verdict = DOOR_CLIENT;
    if ((ask->count == 0 || request->client != NULL) && !is_known(request, head, &told))
        return false;
    if (ask->before == INT64_MAX || ask->count <= 1)
        return true;
    request_refuse(request, 400, "ids are an app's own: name it beside before, as app=NAME");
    return false;
}

bool batches_page_begin(struct request *request, const struct http_request *head)
{
    size_t apps = request->context->service_count;
    struct batches_ask *ask = arena_zalloc(&request->arena, 1, sizeof(*ask) + apps * sizeof(ask->apps[0]));
    struct span app = {0};
    if (ask == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    if (!read_query(request, head->query, ask, &app) || !find_apps(request, head, app, ask))
        return false;
    if (request->client != NULL)
        request->line.client = request->client->id;
    request->page_ask = ask;
    return own_page_accept(request, head);
}
