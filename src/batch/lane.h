// SPDX-License-Identifier: Apache-2.0
// A lane of a writer: one connection, a thread of the writer's, and the batches that it commits together. A
// store that lets several transactions write has several lanes; the struct itself says what they share.
// Private to writer.c.
#ifndef RECKONER_BATCH_LANE_H
#define RECKONER_BATCH_LANE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"
#include "app/plan.h"
#include "base/err.h"
#include "batch/turn.h"
#include "net/pool.h"
#include "store/store.h"

// What the lanes of one writer share.
struct lane_common {
    struct turn turn;              // of the lanes that take turns; none other has the store's
    atomic_bool is_ended;          // writer_end was called; interrupts what runs
    atomic_bool is_draft;          // the store is noted to be one; any thread sets it, a lane clears it
    atomic_uint_fast64_t apart_ns; // until then parallel batches share no transaction; monotonic; any lane
    pthread_mutex_t lock;          // guards `untold`
    pthread_cond_t all_told;       // signalled when it gets 0
    size_t untold;                 // batches that were submitted and not told yet
};

struct lane {
    struct lane_common *common; // borrowed
    struct pool *pool;          // borrowed; of the thread, with the queue that its groups come from
    struct store_conn *conn;    // owned; the thread's, once it runs
    struct app *app;            // that is prepared; a reference
    struct plan **plans; // owned; one for each endpoint of the app; NULL: it reads, is not prepared yet,
                         // or has gone stale
    bool is_early;       // its transactions begin before they have their turn
    bool is_parallel;    // its batches take no turn, unless the store is a draft
};

void lane_common_init(struct lane_common *common);
void lane_common_fini(struct lane_common *common);

// Makes a lane, whose pool is the caller's to fill in, of a connection, which it takes. `is_early`: the store
// has other lanes. Nothing is prepared yet.
void lane_init(struct lane *lane, struct lane_common *common, struct store_conn *conn, bool is_early);

// Prepares every write endpoint of `app` in the place of what was prepared; keeps a reference. Errors of
// plan_new, in `diags`; then all stays as it was.
MUST_CHECK enum err_code lane_prepare(
    struct lane *lane, struct app *app, struct diags *diags, struct err *err);

// Has each endpoint of `app` prepared by the first batch that needs it. ERR_NO_MEMORY.
MUST_CHECK enum err_code lane_prepare_later(struct lane *lane, struct app *app, struct err *err);

// Closes the connection, unless it is NULL; when the thread has ended. A zeroed lane is fine.
void lane_fini(struct lane *lane);

// Runs a batch, as a task of the lane's pool, with those that wait behind it; for struct task.
void lane_write(struct task *task, void *worker);

// A transaction that writes nothing: it has the store find out whether it can be written again.
void lane_look(struct lane *lane);

// Counts a batch that is submitted, or was not after all.
void lane_common_add(struct lane_common *common);
void lane_common_remove(struct lane_common *common);

#endif
