// SPDX-License-Identifier: Apache-2.0
// One read: a request of a GET endpoint, and the answer that a worker works out for it on a handle. Where it
// is read, and what is done when it goes wrong there, is decided by read_alone.c and read_together.c. Of one
// worker's thread.
#ifndef RECKONER_SERVE_READING_H
#define RECKONER_SERVE_READING_H

#include <stdint.h>

#include "app/dependence.h"
#include "app/plan.h"
#include "base/err.h"
#include "base/spool.h"
#include "cache/kept.h"
#include "serve/handles.h"
#include "serve/request.h"

enum { READING_MARKS = 64 }; // of an answer: one that hangs on more is not kept

struct reading {
    struct request *request;          // borrowed; NULL once it was sent back
    struct handle *primary;           // borrowed; which tells what the answer hangs on
    struct plan *ran;                 // the last one that ran for it; NULL: none has
    uint64_t start_ns;                // monotonic; when its turn came
    uint64_t deadline_ns;             // likewise; of all its statements
    struct spool out;                 // the answer
    struct answered answered;         // what is told beside it
    struct mark marks[READING_MARKS]; // of all that the answer hangs on
    size_t mark_count;                //
    bool has_marks;                   // they are known
};

void reading_init(struct reading *reading, struct request *request, struct handle *primary);
void reading_fini(struct reading *reading);

// Its turn has come: its time begins.
void reading_start(struct reading *reading);

// Throws away what a try has worked out.
void reading_forget(struct reading *reading);

// A transaction is about to begin, on the primary or with a vector of a replica.
void reading_begin(struct reading *reading, bool is_on_replica);

// What the answer hangs on, if it may be kept, as the primary tells it; else *ret_dependence is NULL. Before
// the transaction begins. Errors of the store, for which the read would fail as well.
MUST_CHECK enum err_code reading_dependence(
    struct reading *reading, const struct dependence **ret_dependence, struct err *err);

// Notes, before the transaction ends, of which state the answer is: of a transaction that handle_begin has
// begun with is_noted.
void reading_note(struct reading *reading, const struct plan *plan, const struct dependence *dependence);

// Asks the plan, in a transaction that has begun, for the rejects and the answer, and ends the spool.
MUST_CHECK enum err_code reading_ask(struct reading *reading, struct plan *plan, struct err *err);

// Reads on one handle: on a replica's with the `vector` that the read has to see, on the primary's
// with NULL. Tries again there as read_policy.h has it; *err is that of the last try. An endpoint that the
// handle cannot prepare is not tried.
MUST_CHECK enum err_code reading_run(
    struct reading *reading, struct handle *handle, const struct span *vector, struct err *err);

// Of a request that its loop has not sent away: sets the response, with the answer or the error.
void reading_set_answer(struct reading *reading);
void reading_set_error(struct reading *reading, const struct err *err);

// Sends the request back, with the answer or the error.
void reading_send_answer(struct reading *reading);
void reading_send_error(struct reading *reading, const struct err *err);

#endif
