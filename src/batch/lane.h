// SPDX-License-Identifier: Apache-2.0
// A lane of a writer: one connection, a thread of the writer's, and the batches that it commits together. A
// store that lets several transactions write has several lanes; the struct itself says what they share.
// Private to the writer: writer.c and what its lanes are made of.
#ifndef RECKONER_BATCH_LANE_H
#define RECKONER_BATCH_LANE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "app/plan.h"
#include "base/err.h"
#include "base/limits.h"
#include "batch/batch_tally.h"
#include "batch/lane_plans.h"
#include "batch/record.h"
#include "batch/turn.h"
#include "batch/writer.h"
#include "net/pool.h"
#include "store/own_sql.h"
#include "store/store.h"

// What the lanes of one writer share.
struct lane_common {
    struct turn turn;                // of the lanes that take turns; none other has the store's
    struct writer_observer observer; // set before the first batch; on_slowest NULL: nobody
    atomic_bool is_ended;            // writer_end was called; interrupts what runs
    atomic_bool is_draft;            // the store is noted to be one; any thread sets it, a lane clears it
    atomic_uint_fast64_t batch_ms;   // the SQL of a batch may take so long, and some more for its rows
    atomic_uint_fast64_t apart_ns;   // until then parallel batches share no transaction; monotonic; any lane
    struct batch_tally tally;        // of all batches; any lane
    pthread_mutex_t lock;            // guards `untold`
    pthread_cond_t all_told;         // signalled when it gets 0
    size_t untold;                   // batches and errands that were submitted and are not over yet
};

struct lane {
    struct lane_common *common; // borrowed
    struct pool *pool;          // borrowed; of the thread, with the queue that its groups come from
    struct store_conn *conn;    // owned; the thread's, once it runs
    void (*write)(struct task *task, void *worker); // `run` of those tasks of its pool that are batches
    struct own_statements own;                      // on it, for records and seals
    struct record record;                           // of the batch that runs
    struct value params[LIMIT_PARAMS];              // of that, where one of them is its id
    uint64_t prune_ns;                              // monotonic; when to look for records that are old next
    struct lane_plans plans;                        // of the app whose batches it writes; early ones: its
                                                    // transactions begin before they have their turn
    bool is_parallel;                               // its batches take no turn, unless the store is a draft
    atomic_uint_fast64_t since_ns; // came_ns of the first batch of those that it writes; 0: it writes none
};

void lane_common_init(struct lane_common *common);
void lane_common_fini(struct lane_common *common);

// Makes a lane, whose pool is the caller's to fill in, of a connection, which it takes. `is_early`: the store
// has other lanes. Nothing is prepared yet.
void lane_init(struct lane *lane, struct lane_common *common, struct store_conn *conn, bool is_early);

// Whether its transactions begin before they have their turn. Before it is prepared.
void lane_set_early(struct lane *lane, bool is_early);

// Closes the connection, unless it is NULL; when the thread has ended. A zeroed lane is fine.
void lane_fini(struct lane *lane);

// Runs a batch, as a task of the lane's pool, with those that wait behind it; for struct task.
void lane_write(struct task *task, void *worker);

// Runs an errand (struct writer_errand), as a task of the lane's pool; for struct task.
void lane_run(struct task *task, void *worker);

// A transaction that writes nothing: it has the store find out whether it can be written again.
void lane_look(struct lane *lane);

// The lane's plan of a batch of the app that is prepared.
static inline struct plan **lane_plan_of(const struct lane *lane, const struct batch *batch)
{
    return lane_plans_of(&lane->plans, batch);
}

// Whether nothing is to be written any more; *ret_err says so to a client then.
static inline bool lane_is_ended(const struct lane *lane, struct err *ret_err)
{
    if (!atomic_load_explicit(&lane->common->is_ended, memory_order_relaxed))
        return false;
    *ret_err = (struct err){0};
    (void)err_set(
        ret_err, ERR_BUSY, "the server shuts down, and nothing of the batch was written: send it again");
    return true;
}

// Counts a batch or an errand that is submitted; and one that is over, or was not submitted after all.
void lane_common_add(struct lane_common *common);
void lane_common_remove(struct lane_common *common);

#endif
