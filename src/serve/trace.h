// SPDX-License-Identifier: Apache-2.0
// What a request did and when, as the spans of a trace (W3C Trace Context): for a caller that records the
// trace which its request is part of. Other requests have none of this.
#ifndef RECKONER_SERVE_TRACE_H
#define RECKONER_SERVE_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct exporter; // exporter.h

// Where spans go; part of the context.
struct tracing {
    atomic_bool logs_spans;    // to the error log. Any thread
    struct exporter *exporter; // owned by the server; NULL: nowhere else
};

static inline bool tracing_is_wanted(const struct tracing *tracing)
{
    return tracing->exporter != NULL || atomic_load_explicit(&tracing->logs_spans, memory_order_relaxed);
}

// A part of a request's time. (A struct span is bytes.)
struct trace_span {
    const char *name;  // static
    uint64_t start_ns; // monotonic
    uint64_t end_ns;   //
};

enum { TRACE_SPANS = 6 };

// Of a request that is recorded. Its owner's, like the request.
struct trace {
    uint64_t id;                          // of the request's own span; those of its parts follow it
    struct trace_span spans[TRACE_SPANS]; // in the order in which they were noted
    size_t count;                         //
};

// The arena's; `random` makes the spans' ids. NULL without memory: the request is not recorded then.
struct trace *trace_new(struct arena *arena, uint64_t random);

// Notes a part; one of a name that is there already goes on to `end_ns`. A NULL trace is fine, and so is a
// part whose times are not known, 0: it is left out.
void trace_note(struct trace *trace, const char *name, uint64_t start_ns, uint64_t end_ns);

#endif
