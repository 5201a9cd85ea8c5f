// SPDX-License-Identifier: Apache-2.0
#include "serve/access_log.h"

#include "base/clock.h"
#include "text/date.h"

enum { TARGET_BYTES = 512, CLIENT_CLOSED_REQUEST = 499 };

void access_begin(
    struct access *access, const struct http_request *head, uint64_t now_ns, struct arena *arena)
{
    access->method = http_method_name(head->method);
    access->start_ns = now_ns;
    // path and query are neighbours in the head, with the "?" between them
    size_t len = head->path.len + (head->query.len > 0 ? 1 + head->query.len : 0);
    if (len > TARGET_BYTES)
        len = TARGET_BYTES;
    const char *copy = arena_strndup(arena, head->asterisk ? "*" : head->path.at, head->asterisk ? 1 : len);
    access->target = copy != NULL ? span_of(copy) : (struct span){0};
}

void access_end(struct log *log, const struct access *access, const char *peer, int status, size_t body_bytes,
    uint64_t now_ns)
{
    if (log == NULL)
        return;
    char now[TIMESTAMP_CHARS];
    timestamp_format(clock_wall_ms(), now);
    double ms = access->method != NULL ? (double)(now_ns - access->start_ns) / 1e6 : 0.0;
    log_printf(log, "%s %s %s %.*s %d %zu %.3fms", now, peer, access->method != NULL ? access->method : "-",
        access->target.len > 0 ? (int)access->target.len : 1,
        access->target.len > 0 ? access->target.at : "-", status != 0 ? status : CLIENT_CLOSED_REQUEST,
        body_bytes, ms);
}
