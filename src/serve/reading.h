// SPDX-License-Identifier: Apache-2.0
// One read: a request of a GET endpoint, and the answer that a worker works out for it on a handle. Where it
// is read, and what is done when it goes wrong there, is decided by read_alone.c and read_together.c. Of one
// worker's thread.
#ifndef RECKONER_SERVE_READING_H
#define RECKONER_SERVE_READING_H

#include <stdint.h>

#include "app/plan.h"
#include "base/err.h"
#include "base/spool.h"
#include "serve/handles.h"
#include "serve/request.h"

struct reading {
    struct request *request;  // borrowed; NULL once it was sent back
    uint64_t start_ns;        // monotonic; when its turn came
    uint64_t deadline_ns;     // likewise; of all its statements
    struct spool out;         // the answer
    struct answered answered; // what is told beside it
};

void reading_init(struct reading *reading, struct request *request);
void reading_fini(struct reading *reading);

// Its turn has come: its time begins.
void reading_start(struct reading *reading);

// Throws away what a try has worked out.
void reading_forget(struct reading *reading);

// Asks the plan, in a transaction that has begun, for the rejects and the answer, and ends the spool.
MUST_CHECK enum err_code reading_ask(struct reading *reading, struct plan *plan, struct err *err);

// Reads on one handle: on a replica's with the `vector` that the read has to see, on the primary's
// with NULL. Tries again there as read_policy.h has it; *err is that of the last try. An endpoint that the
// handle cannot prepare is not tried.
MUST_CHECK enum err_code reading_run(
    struct reading *reading, struct handle *handle, const struct span *vector, struct err *err);

// Sends the request back, with the answer or the error.
void reading_send_answer(struct reading *reading);
void reading_send_error(struct reading *reading, const struct err *err);

#endif
