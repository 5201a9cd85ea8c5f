// SPDX-License-Identifier: Apache-2.0
// Remembers a request's first line while its head is there, and writes the log's line when it is over. What
// is left out of a long target is only missing in the log. On the request's loop.
#include "serve/access_log.h"

#include <string.h>

#include "base/clock.h"
#include "serve/credential.h"
#include "text/timestamp.h"

enum { TARGET_BYTES = 512 };

// Two of them name no trace (W3C Trace Context section 4.2).
static void read_trace(const struct http_request *head, struct trace_parent *ret_trace)
{
    const struct http_field *found = NULL;
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        if (field->name.len != sizeof("traceparent") - 1 || !span_is_nocase(field->name, "traceparent"))
            continue;
        if (found != NULL)
            return;
        found = field;
    }
    struct trace_parent trace;
    if (found != NULL && trace_parent_read(found->value, &trace))
        *ret_trace = trace;
}

void access_line_begin(
    struct access_line *line, const struct http_request *head, uint64_t now_ns, struct arena *arena)
{
    line->method = http_method_name(head->method);
    line->start_ns = now_ns;
    read_trace(head, &line->trace);
    // The path need not stand in front of its query: that of http://host?a=b is elsewhere.
    struct span path = head->asterisk ? span_of("*") : head->path;
    size_t path_len = path.len < TARGET_BYTES ? path.len : TARGET_BYTES, room = TARGET_BYTES - path_len;
    size_t query_len = head->query.len > 0 ? 1 + head->query.len : 0;
    query_len = query_len < room ? query_len : room;
    line->target = arena_alloc(arena, path_len + query_len);
    line->target_len = line->target != NULL ? path_len + query_len : 0;
    if (line->target == NULL)
        return;
    memcpy(line->target, path.at, path_len);
    if (query_len > 0) {
        line->target[path_len] = '?';
        memcpy(line->target + path_len + 1, head->query.at, query_len - 1);
    }
    credential_mask(line->target, line->target_len, (struct span){0});
}

void access_line_end(
    struct log *log, const struct access_line *line, const char *peer, int status, size_t body_bytes)
{
    if (log == NULL)
        return;
    char now[TIMESTAMP_CHARS];
    timestamp_format(clock_wall_ms() * 1000, false, now);
    double ms = line->method != NULL ? (double)(clock_monotonic_ns() - line->start_ns) / 1e6 : 0.0;
    struct span target = {.at = line->target, .len = line->target_len}, client = line->client;
    if (target.len == 0)
        target = span_of("-");
    if (client.len == 0)
        client = span_of("-");
    log_printf(log, "%s %s %s %.*s %d %zu %.3fms %.*s", now, peer, line->method != NULL ? line->method : "-",
        (int)target.len, target.at, access_status(status), body_bytes, ms, (int)client.len, client.at);
}
