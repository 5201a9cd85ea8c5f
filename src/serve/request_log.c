// SPDX-License-Identifier: Apache-2.0
// Gathers what a request knows of itself into lines. What is not known, as it is a page of the server's own
// or was refused early, is left out.
#include "serve/request_log.h"

#include <inttypes.h>

#include "base/clock.h"
#include "serve/json_line.h"
#include "serve/request_spans.h"

// The target as it is in the line: its path, and the query behind the "?".
static void write_target(struct json_line *json, const struct access_line *line)
{
    struct span query = {.at = line->target, .len = line->target_len};
    struct span path = span_split(&query, '?');
    if (line->method != NULL)
        json_line_text(json, "method", span_of(line->method));
    if (path.len > 0)
        json_line_text(json, "path", path);
    if (path.len < line->target_len)
        json_line_text(json, "query", query);
}

static void write_trace(struct json_line *json, const struct access_line *line)
{
    if (line->trace.trace_id[0] != '\0')
        json_line_text(json, "trace_id", span_of(line->trace.trace_id));
}

// The app and the endpoint; the lease's, so it has to have one.
static void write_route(struct json_line *json, const struct request *request)
{
    bool is_routed = request->lease != NULL && (request->endpoint != NULL || request->file != NULL);
    if (is_routed)
        json_line_text(json, "app", span_of(request->app->name));
    if (is_routed && request->endpoint != NULL)
        json_line_text(json, "route", request->endpoint->path);
}

static const char *cache_word(const struct request *request)
{
    static const char *const words[] = {[SOURCE_NONE] = NULL,
        [SOURCE_BYPASS] = "bypass",
        [SOURCE_REQUEST] = "no-cache",
        [SOURCE_MISS] = "miss",
        [SOURCE_STALE] = "stale",
        [SOURCE_HIT] = "hit"};
    return request->is_cached ? "hit" : words[request->source];
}

// What the thread that owns the request knows of its answer.
static void write_outcome(struct json_line *json, const struct request *request)
{
    const char *cache = cache_word(request);
    if (cache != NULL)
        json_line_text(json, "cache", span_of(cache));
    if (request->lease == NULL || request->endpoint == NULL)
        return;
    json_line_integer(
        json, "rows", endpoint_is_read(request->endpoint) ? request->response.rows : request->batch_rows);
    if (request->failure_id[0] != '\0')
        json_line_text(json, "request_id", span_of(request->failure_id));
}

static void write_access(
    struct log *log, const struct request *request, const char *peer, int status, size_t body_bytes)
{
    AUTO(json_line_fini) struct json_line json;
    json_line_init(&json, "access");
    json_line_text(&json, "address", span_of(peer));
    if (request != NULL)
        write_target(&json, &request->line);
    json_line_integer(&json, "status", (uint64_t)access_status(status));
    json_line_integer(&json, "bytes", body_bytes);
    if (request != NULL) {
        json_line_seconds(&json, "seconds", clock_monotonic_ns() - request->line.start_ns);
        if (request->line.client.len > 0)
            json_line_text(&json, "client", request->line.client);
        write_route(&json, request);
        if (!request->away)
            write_outcome(&json, request);
        write_trace(&json, &request->line);
    }
    json_line_log(&json, log);
}

void request_log_end(
    struct context *context, const struct request *request, const char *peer, int status, size_t body_bytes)
{
    static const struct access_line none = {0};
    struct log *log = context->access_log;
    if (request != NULL)
        request_spans_end(request, peer, status, body_bytes);
    if (log == NULL)
        return;
    if (log_has_form(log))
        write_access(log, request, peer, status, body_bytes);
    else
        access_line_end(log, request != NULL ? &request->line : &none, peer, status, body_bytes);
}

void request_log_error(const struct request *request, const char *id, const struct err *err)
{
    struct log *log = request->context->error_log;
    const struct access_line *line = &request->line;
    if (!log_has_form(log)) {
        log_printf(log, "%s%s%s%s %.*s: %s%s%s", id != NULL ? "request " : "", id != NULL ? id : "",
            id != NULL ? ": " : "", line->method, (int)line->target_len, line->target, err->text,
            err->hint[0] != '\0' ? ": " : "", err->hint);
        return;
    }
    AUTO(json_line_fini) struct json_line json;
    json_line_init(&json, "error");
    json_line_text(&json, "message", span_of(err->text));
    if (err->hint[0] != '\0')
        json_line_text(&json, "hint", span_of(err->hint));
    write_target(&json, line);
    write_route(&json, request);
    if (id != NULL)
        json_line_text(&json, "request_id", span_of(id));
    write_trace(&json, line);
    json_line_log(&json, log);
}
