// SPDX-License-Identifier: Apache-2.0
// A runner's hold of the lease of its app's jobs (job_lease.h): whether it has it, as far as it knows, and
// putting off the end of a row in time. The runner's thread, unless a function says otherwise.
#ifndef RECKONER_JOBS_LEASE_KEEPER_H
#define RECKONER_JOBS_LEASE_KEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "batch/desk_change.h"
#include "jobs/job_lease.h"
#include "jobs/runner_tally.h"
#include "store/own_sql.h"
#include "store/store.h"

struct lease_keeper {
    struct job_lease lease;     // the desk's thread has it in a transaction of whoever waits for that
    struct desk *desk;          // borrowed
    struct runner_tally *tally; // borrowed; what others see that its holder does
    bool has_row;               // the lease, where it is a row, as far as is known
    uint64_t renewed_ns;        // monotonic: when its end was put off last
    struct desk_change renewal; // the desk's while is_renewing
    pthread_mutex_t lock;       // guards is_renewing
    pthread_cond_t renewed;     // signalled when it gets false
    bool is_renewing;           //
};

// Of an app's store. Errors of job_lease_init; lease_keeper_fini frees it then as well.
MUST_CHECK enum err_code lease_keeper_init(struct lease_keeper *keeper, const struct store *store,
    struct desk *desk, struct runner_tally *tally, struct err *err);
void lease_keeper_fini(struct lease_keeper *keeper);

// Takes the lease, or holds it on, in a transaction of the desk's for which the runner waits; *ret_is_ours:
// nobody else has it. On the desk's thread. Errors of job_lease_hold.
MUST_CHECK enum err_code lease_keeper_take(struct lease_keeper *keeper, struct own_statements *own,
    int64_t now_ms, bool *ret_is_ours, struct err *err);

// Notes what such a transaction has told.
void lease_keeper_note(struct lease_keeper *keeper, bool is_ours);

// The transaction was not committed, or nobody knows.
void lease_keeper_note_failure(struct lease_keeper *keeper);

// Puts its end off, if that is due: the desk does, and nobody waits for it.
void lease_keeper_renew(struct lease_keeper *keeper, uint64_t now_ns);

// Waits until the desk has done with that.
void lease_keeper_settle(struct lease_keeper *keeper);

// Lets go of it, if it has it. True: that takes a transaction of the desk's with lease_keeper_drop_row.
MUST_CHECK bool lease_keeper_drop(struct lease_keeper *keeper);

// For struct desk_change; `ctx` is the keeper.
MUST_CHECK enum err_code lease_keeper_drop_row(void *ctx, struct own_statements *own, struct err *err);

#endif
