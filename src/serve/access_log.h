// SPDX-License-Identifier: Apache-2.0
// The access log: a line a request, when it is over.
#ifndef RECKONER_SERVE_ACCESS_LOG_H
#define RECKONER_SERVE_ACCESS_LOG_H

#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"

struct access {
    const char *method; // upper case; NULL for a request that was no HTTP
    struct span target; // path and query as they came, cut; the arena's
    uint64_t start_ns;  // monotonic clock, when the head was there
};

// Remembers what the line will say; texts are copied to `arena`.
void access_begin(
    struct access *access, const struct http_request *head, uint64_t now_ns, struct arena *arena);

// Logs "2026-01-31T12:00:00.123Z 10.0.0.1:5555 GET /rates?… 200 1534 0.213ms". Status 0, a client that went
// away before its answer, is shown as 499, as nginx has it.
void access_end(
    struct log *log, const struct access *access, const char *peer, int status, size_t body_bytes);

#endif
