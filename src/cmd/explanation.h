// SPDX-License-Identifier: Apache-2.0
// What `reckoner explain` prints of the statements of a request, on stdout, while they run and when they
// have. On the connection's thread.
#ifndef RECKONER_CMD_EXPLANATION_H
#define RECKONER_CMD_EXPLANATION_H

#include "app/plan.h"
#include "base/limits.h"
#include "store/store.h"

enum { EXPLAIN_READS = 16, EXPLAIN_TABLE_BYTES = 128 };

// A run that is over.
struct explained_run {
    const struct statement *statement; // borrowed
    bool is_condition;                 // of its `when`
    struct store_stmt *stmt;           // its plan's
    uint64_t ns;                       //
};

// A big table that a statement read as a whole.
struct explained_read {
    char table[EXPLAIN_TABLE_BYTES];   // its name, cut
    int64_t rows;                      // that it has
    const struct statement *statement; // the first one to do so
};

struct explanation {
    const struct endpoint *endpoint;                 // borrowed; set by the owner, the rest zeroed
    struct store_conn *conn;                         // borrowed
    uint64_t deadline_ns;                            // of the request's SQL
    struct explained_run runs[2 * LIMIT_STATEMENTS]; // in order
    size_t run_count;                                //
    struct explained_read reads[EXPLAIN_READS];      // each table once
    size_t read_count;                               //
    uint64_t rows;                                   // of the answer
};

// Statements run from here on, until deadline_ns; the time that explaining takes does not count.
void explanation_start(struct explanation *explanation, struct store_conn *conn, uint64_t deadline_ns);

// Prints a run, with its plan; for plan_observe, with the explanation as ctx.
void explanation_run(void *ctx, const struct statement_run *run);

// Names the endpoint's statements that were not run.
void explanation_skipped(const struct explanation *explanation);

// Prints the totals, which tables each statement uses, and what makes the request slow. After the transaction
// has ended and before the plan is freed.
void explanation_end(const struct explanation *explanation);

#endif
