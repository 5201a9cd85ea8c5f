// SPDX-License-Identifier: Apache-2.0
// The plan's own insides: the struct, what of a run is bound to its statements, and how a run is told to an
// observer. For those alone who run statements of a plan: plan.c, checks.c, ahead.c, parallel.c and blame.c.
// A plan belongs to its connection's thread.
#ifndef RECKONER_APP_PLAN_PARTS_H
#define RECKONER_APP_PLAN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/plan.h"
#include "app/prepared.h"
#include "base/arena.h"
#include "store/store.h"

// Which statements have parameters bound, between the calls that run a plan. A store on another machine is
// asked when a statement is bound, and so it works on all that are bound at once.
//
//   NOTHING ── plan_find ──► CHECKS ── all run, or failed ─────────────► NOTHING
//
//   NOTHING ── plan_ask ──┬► CHECKS_AND_ANSWER ┬─ passed ──► ANSWER ── plan_answer ──► NOTHING
//                         └► MERGED_AND_ANSWER ┴─ found something, or failed ────────► NOTHING
//
//   NOTHING ── plan_write ──► ANSWER ── plan_answer ──► NOTHING
//
// An observed plan binds each check when that is run, and stays with NOTHING.
enum plan_bound {
    BOUND_NOTHING,
    BOUND_CHECKS,            // the checks of one kind; never outside of plan_find
    BOUND_CHECKS_AND_ANSWER, // all rejects and the sole answer
    BOUND_MERGED_AND_ANSWER, // the merged check and the sole answer
    BOUND_ANSWER,            // the sole answer, which nothing refuses
    PLAN_BOUNDS,             // how many there are
};

struct plan {
    // Set when the plan is made.
    const struct endpoint *endpoint; // borrowed
    struct store_conn *conn;         // borrowed
    struct arena arena;              // owns the arrays
    struct prepared *prepared;       // in order of the file
    size_t count;                    // of prepared
    const struct prepared *sole;     // the only answer, which is no page; NULL: there is no such
    struct store_stmt *merged_check; // owned; see ahead.h; NULL: there is none

    // What the runs so far have shown.
    enum plan_bound bound; // moved by plan_move alone
    unsigned passes;       // reads in a row that no check has refused, up to what ahead.c counts
    bool is_slow;          // the last read took long

    // The run that has ended with ERR_VALUE, ERR_CONSTRAINT or ERR_STORE last, for blame.c and for the place
    // of the failure.
    const struct prepared *failed;  // whose; NULL: of the merged check
    struct store_stmt *failed_stmt; // of it

    struct statement_run slowest; // see plan_slowest

    // The observer of runs; NULL: there is none.
    void (*on_run)(void *ctx, const struct statement_run *run);
    void *ctx; // handed to it
};

// Moves the plan along an arrow of the drawing; any other move is a bug, and asserted.
void plan_move(struct plan *plan, enum plan_bound to);

static inline bool plan_is_observed(const struct plan *plan)
{
    return plan->on_run != NULL;
}

// When a run begins, for plan_end_run: exactly for an observer, else by the coarse clock.
uint64_t plan_start_run(const struct plan *plan);

// Notes a run of `stmt`, the statement's own or its condition's, and tells the observer of it, before that is
// reset.
void plan_end_run(struct plan *plan, const struct prepared *prepared, struct store_stmt *stmt, uint64_t rows,
    uint64_t started_ns);

// Notes a run that has ended with `code`, for whoever asks what it failed at (blame.h). `prepared` is NULL
// for the merged check.
void plan_note_end(
    struct plan *plan, const struct prepared *prepared, struct store_stmt *stmt, enum err_code code);

// Puts the place of the statement, or condition, that was noted last in front of a failure that only the
// app's author can mend (ERR_STORE): "rates/get_rates.sql:12:1: …". Does nothing for other codes, and for the
// merged check.
void plan_place_failure(const struct plan *plan, struct err *err);

#endif
