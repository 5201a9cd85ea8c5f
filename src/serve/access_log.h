// SPDX-License-Identifier: Apache-2.0
// The access log: a line a request, when it is over. Secrets that a target holds are not in it. What it says
// in JSON is request_log.h's.
#ifndef RECKONER_SERVE_ACCESS_LOG_H
#define RECKONER_SERVE_ACCESS_LOG_H

#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "text/trace_parent.h"

// What a line will say.
struct access_line {
    const char *method; // upper case; NULL for a request that was no HTTP
    char *target;       // path and query as they came, cut, and with what may be a secret hidden; the arena's
    size_t target_len;  // bytes; 0: there is none
    uint64_t start_ns;  // monotonic clock, when the head was there
    struct span client; // its id, borrowed until the line is written; empty: nobody
    struct trace_parent trace; // of which it is part; trace_id "": of none
};

// What logs and counters say of a status: of 0, a client that went away before its answer, 499, as nginx has
// it.
static inline int access_status(int status)
{
    return status != 0 ? status : 499;
}

// Remembers what the line will say, and reads `traceparent`, which counts if it comes once; texts are copied
// to `arena`.
void access_line_begin(
    struct access_line *line, const struct http_request *head, uint64_t now_ns, struct arena *arena);

// Logs, as a message of plain text, "2026-01-31T12:00:00.123Z 10.0.0.1:5555 GET /rates?… 200 1534 0.213ms
// k_abcdefghij"; "-" in place of the client where there is none.
void access_line_end(
    struct log *log, const struct access_line *line, const char *peer, int status, size_t body_bytes);

#endif
