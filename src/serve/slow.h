// SPDX-License-Identifier: Apache-2.0
// The log of slow statements: which statement of which endpoint took how long, with the database's plan for
// it. What a client sent is not in it, as it may be personal: the plan is asked for without parameters.
#ifndef RECKONER_SERVE_SLOW_H
#define RECKONER_SERVE_SLOW_H

#include <stdatomic.h>
#include <stddef.h>

#include "app/plan.h"
#include "batch/writer.h"
#include "text/trace_parent.h"

struct context;
struct request;

// Part of the context.
struct slow_log {
    atomic_size_t after_ms; // a statement that takes longer is logged; 0: none is. Any thread
};

// What of a request its line goes by.
struct slow_case {
    struct context *context;       // borrowed
    size_t service;                // the number of its app
    size_t endpoint;               // the endpoint's number in the app
    char trace_id[TRACE_ID_CHARS]; // "": of none
};

// Copied, so that the request may be sent back meanwhile. On the thread that owns it.
struct slow_case slow_case_of(const struct request *request);

// Logs the slowest run of the plan since plan_forget_runs, if it was slow; and once in LIMIT_SLOW_PAUSE_MS
// for each endpoint the plan of the database, which is asked for that on the plan's connection, outside of a
// transaction. On the connection's thread, when its request need not wait any more.
void slow_look(const struct slow_case *of, struct plan *plan);

// Whose batches a writer has.
struct slow_writer {
    struct context *context; // borrowed
    size_t service;          // the number of its app
};

// The same for a run of a statement in a batch, for struct writer_observer; `ctx` is a struct slow_writer.
void slow_on_batch(void *ctx, struct batch *batch, struct plan *plan, const struct statement_run *run);

#endif
