// SPDX-License-Identifier: Apache-2.0
// Remembers a request's first line while its head is there, and writes the log's line when it is over. What
// is left out of a long target is only missing in the log. On the request's loop.
#include "serve/access_log.h"

#include <string.h>

#include "base/clock.h"
#include "text/timestamp.h"

enum { TARGET_BYTES = 512, CLIENT_CLOSED_REQUEST = 499 };

void access_begin(
    struct access *access, const struct http_request *head, uint64_t now_ns, struct arena *arena)
{
    access->method = http_method_name(head->method);
    access->start_ns = now_ns;
    // The path need not stand in front of its query: that of http://host?a=b is elsewhere.
    struct span path = head->asterisk ? span_of("*") : head->path;
    size_t path_len = path.len < TARGET_BYTES ? path.len : TARGET_BYTES, room = TARGET_BYTES - path_len;
    size_t query_len = head->query.len > 0 ? 1 + head->query.len : 0;
    query_len = query_len < room ? query_len : room;
    char *target = arena_alloc(arena, path_len + query_len);
    access->target = (struct span){.at = target, .len = target != NULL ? path_len + query_len : 0};
    if (target == NULL)
        return;
    memcpy(target, path.at, path_len);
    if (query_len > 0) {
        target[path_len] = '?';
        memcpy(target + path_len + 1, head->query.at, query_len - 1);
    }
}

void access_end(struct log *log, const struct access *access, const char *peer, int status, size_t body_bytes)
{
    if (log == NULL)
        return;
    char now[TIMESTAMP_CHARS];
    timestamp_format(clock_wall_ms() * 1000, false, now);
    double ms = access->method != NULL ? (double)(clock_monotonic_ns() - access->start_ns) / 1e6 : 0.0;
    log_printf(log, "%s %s %s %.*s %d %zu %.3fms", now, peer, access->method != NULL ? access->method : "-",
        access->target.len > 0 ? (int)access->target.len : 1,
        access->target.len > 0 ? access->target.at : "-", status != 0 ? status : CLIENT_CLOSED_REQUEST,
        body_bytes, ms);
}
