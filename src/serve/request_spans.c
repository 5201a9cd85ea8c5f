// SPDX-License-Identifier: Apache-2.0
// The request's own span, whose parent is the caller's, and one for each part of it that is known. On the
// request's loop; of a request that another thread still has, its parts are left out.
#include "serve/request_spans.h"

#include <stdio.h>

#include "base/clock.h"
#include "serve/exporter.h"
#include "serve/span_record.h"

enum { NAME_CHARS = 256, ATTRIBUTES = 12, FAILED = 500 };

// Those of a request.
struct facts {
    struct attribute all[ATTRIBUTES]; //
    size_t count;                     //
};

static void add_text(struct facts *facts, const char *name, struct span text)
{
    if (text.len > 0)
        facts->all[facts->count++] = (struct attribute){.name = name, .text = text};
}

static void add_number(struct facts *facts, const char *name, uint64_t number)
{
    facts->all[facts->count++] = (struct attribute){.name = name, .number = number, .is_number = true};
}

// The endpoint; NULL: it is not known, or there is none.
static const struct endpoint *endpoint_of(const struct request *request)
{
    return request->lease != NULL ? request->endpoint : NULL;
}

static void gather(
    const struct request *request, const char *peer, int status, size_t body_bytes, struct facts *facts)
{
    const struct access_line *line = &request->line;
    const struct endpoint *endpoint = endpoint_of(request);
    struct span query = {.at = line->target, .len = line->target_len};
    struct span path = span_split(&query, '?');
    add_text(facts, "http.request.method", span_of(line->method));
    add_text(facts, "url.path", path);
    add_text(facts, "url.query", query);
    if (endpoint != NULL) {
        add_text(facts, "http.route", endpoint->path);
        add_text(facts, "reckoner.app", span_of(request->app->name));
    }
    if (status != 0)
        add_number(facts, "http.response.status_code", (uint64_t)status);
    add_number(facts, "http.response.body.size", body_bytes);
    add_text(facts, "client.address", span_of(peer));
    add_text(facts, "reckoner.client", line->client);
    if (endpoint != NULL && !request->away)
        add_number(facts, "reckoner.rows",
            endpoint_is_read(endpoint) ? request->response.rows : request->batch_rows);
}

static void tell(const struct request *request, const struct span_record *record)
{
    const struct tracing *tracing = &request->context->tracing;
    if (atomic_load_explicit(&tracing->logs_spans, memory_order_relaxed))
        span_record_log(record, request->context->error_log);
    if (tracing->exporter != NULL)
        exporter_add(tracing->exporter, record);
}

void request_spans_end(const struct request *request, const char *peer, int status, size_t body_bytes)
{
    const struct trace *trace = request->trace;
    if (trace == NULL)
        return;
    char name[NAME_CHARS], own_id[SPAN_RECORD_ID_CHARS];
    struct facts facts = {.count = 0};
    const struct endpoint *endpoint = endpoint_of(request);
    // From the monotonic clock to the other one, as both are now.
    uint64_t now_ns = clock_monotonic_ns(), offset_ns = (uint64_t)clock_wall_us() * NS_PER_US - now_ns;
    span_record_id(trace->id, own_id);
    gather(request, peer, status, body_bytes, &facts);
    snprintf(name, sizeof(name), "%s%s%.*s", request->line.method, endpoint != NULL ? " " : "",
        endpoint != NULL ? (int)endpoint->path.len : 0, endpoint != NULL ? endpoint->path.at : "");
    tell(request, &(struct span_record){.trace_id = request->line.trace.trace_id,
                      .parent_id = request->line.trace.span_id,
                      .id = trace->id,
                      .name = span_of(name),
                      .is_server = true,
                      .has_failed = status >= FAILED,
                      .start_ns = request->line.start_ns + offset_ns,
                      .end_ns = now_ns + offset_ns,
                      .attributes = facts.all,
                      .attribute_count = facts.count});
    for (size_t i = 0; !request->away && i < trace->count; i++)
        tell(request, &(struct span_record){.trace_id = request->line.trace.trace_id,
                          .parent_id = own_id,
                          .id = trace->id + 1 + i,
                          .name = span_of(trace->spans[i].name),
                          .start_ns = trace->spans[i].start_ns + offset_ns,
                          .end_ns = trace->spans[i].end_ns + offset_ns});
}
