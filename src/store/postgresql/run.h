// SPDX-License-Identifier: Apache-2.0
// A run of a statement, from its binding to its reset: which of its results have come, and which of those
// were taken. The connection's thread.
//
//            bound          all results have come           all were taken
//     idle ─────────► sent ───────────────────────► come ────────────────────► taken
//                      │                              │
//                      │ the link was lost            │ there was no memory for the last one
//                      └─────────────► cut ◄──────────┘
//
// A reset leads back to idle from everywhere.
#ifndef RECKONER_STORE_POSTGRESQL_RUN_H
#define RECKONER_STORE_POSTGRESQL_RUN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// A reader's run with no more rows is small, and its statement's next run is expected to be small, too.
enum { PG_SMALL_ROWS = 1000 };

enum pg_run_state {
    PG_RUN_IDLE,  // not bound
    PG_RUN_SENT,  // in the queue: results are still to come
    PG_RUN_COME,  // all results have come; those that are parked are still to be taken
    PG_RUN_CUT,   // not all results have come, and no more will; those that are parked can be taken
    PG_RUN_TAKEN, // all results were taken
};

struct pg_run {
    enum pg_run_state state;           //
    PGresult **parked;                 // owned; results that came before they were asked for, in order
    size_t parked_first, parked_count; // those not taken yet: from first up to count
    size_t parked_room;                // room in parked
    unsigned row_count;                // taken so far; stops at PG_SMALL_ROWS + 1
    uint64_t bound_ns;                 // monotonic; when it was bound, until it begins to answer; then 0
    bool is_torn;                      // a table of it is not the one of its snapshot (files.h)
    // --- of the runs before, as a guess at the next one
    bool is_small;  // a reader's, and its last run had few rows: the answer is taken as a whole
    bool was_large; // a run had more than PG_WHOLE_BYTES all the same: never taken as a whole again
    bool is_quick;  // its last run had begun to answer within LIMIT_QUICK_MS
};

// The one way from state to state; asserts that the drawing has it.
void pg_run_move(struct pg_run *run, enum pg_run_state to);

// Keeps a result until it is taken; takes it over, also on failure. ERR_NO_MEMORY.
MUST_CHECK enum err_code pg_run_park(struct pg_run *run, PGresult *result, struct err *err);

// The oldest result that is parked, which is the caller's to clear; NULL: there is none.
PGresult *pg_run_take(struct pg_run *run);

// Clears what is parked and goes back to idle. A run in PG_RUN_SENT has to be disowned before (queue.h).
void pg_run_reset(struct pg_run *run);

void pg_run_fini(struct pg_run *run);

#endif
