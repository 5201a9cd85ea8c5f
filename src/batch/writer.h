// SPDX-License-Identifier: Apache-2.0
// The writer of one app's store: a queue of batches and the threads that commit them, one on SQLite, two or
// more on PostgreSQL. Batches that wait together share one commit, and so one fsync; each keeps a savepoint
// of its own, so that one that fails takes nothing with it. When the lock is held by another process for
// LIMIT_STORE_BUSY_MS, all that waits then is told ERR_BUSY.
#ifndef RECKONER_BATCH_WRITER_H
#define RECKONER_BATCH_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "app/plan.h"
#include "base/err.h"
#include "batch/batch.h"
#include "batch/batch_tally.h"
#include "net/pool.h"
#include "store/own_sql.h"
#include "store/store.h"

struct writer;

// Something else that is to be done on a connection of a writer's. Owned by its sender, lent to the writer
// from writer_run until `run`.
struct writer_errand {
    struct task task; // the writer's own

    // Called once, on a thread of the writer's, between batches and outside of a transaction, and leaves none
    // open. `own` has the connection and what is kept of statements for it; it is NULL when nothing is to be
    // written any more, or another process has the store locked, as `why` says: ERR_BUSY.
    void (*run)(struct writer_errand *errand, struct own_statements *own, const struct err *why);
};

// Who is told of slow statements.
struct writer_observer {
    // A transaction is over, in which `run`, a statement of the batch and of its plan, has taken longest. On
    // the thread that ran it, before its batches are told their outcome. Not called where none has taken any
    // time (plan_slowest), or all of them run again.
    void (*on_slowest)(void *ctx, struct batch *batch, struct plan *plan, const struct statement_run *run);
    void *ctx; // handed to it
};

// Makes the tables of Reckoner's own that batches need, unless they are there; outside of a transaction.
// writer_new does, and whoever empties the store. Errors of store_make_table.
MUST_CHECK enum err_code writer_make_tables(struct store_conn *conn, struct err *err);

// Takes the STORE_WRITE connection, prepares every write endpoint of `app` (of which it keeps a reference) on
// it, connects beside it where the store has several writers, and starts the threads. Errors of plan_new, in
// `diags`, and of store_connect_beside; ERR_NO_MEMORY, ERR_IO. The connection is still the caller's when it
// fails.
MUST_CHECK enum err_code writer_new(struct app *app, struct store_conn *conn, struct diags *diags,
    struct writer **ret_writer, struct err *err);

// Sets the observer, before the first batch is submitted.
void writer_observe(struct writer *writer, const struct writer_observer *observer);

// Tells the writer that its store is a draft (store/notes.h), which it is no longer with the next commit. Any
// thread.
void writer_set_draft(struct writer *writer);

// Has what is submitted wait from here on, up to LIMIT_HELD_BATCHES of them, as another process still writes
// to the store; and no longer. Of a store with several writers, which take turns by themselves, nothing is
// held. Before the first batch; the end of that on any thread, more than once, also without a hold.
void writer_hold(struct writer *writer);
void writer_release(struct writer *writer);

// Whether nothing that was submitted is left to be written or told. Any thread.
bool writer_is_idle(struct writer *writer);

// Bounds batches anew: those that wait, in each of its queues, and the time that the SQL of one may take
// before LIMIT_BATCH_ROW_US a row. Any thread.
void writer_bound(struct writer *writer, size_t max_queued, uint64_t batch_ms);

// Has the writer see, behind what is queued, whether a store that is not well can be written again; so that
// it gets well without a batch, too. Any thread.
void writer_look(struct writer *writer);

// Waits until all that was submitted is written, or until `until_ns` of the monotonic clock, which may be
// over. After that nothing is written: what waits, and what comes, is told ERR_BUSY, and so is what runs,
// which is interrupted and rolled back; but a commit that has begun is finished. Any thread but the writer's.
void writer_stop(struct writer *writer, uint64_t until_ns);

// The same, if it was not called; and returns when all of that was told and every errand has run, however
// long the store takes for it. Of several writers all are stopped first, so that none goes on while one is
// waited for. Called once, on any thread but the writer's.
void writer_end(struct writer *writer, uint64_t until_ns);

struct writer_stats {
    size_t queued;      // batches and errands that wait
    size_t max_queued;  // that may; as many @parallel ones beside them
    uint64_t oldest_ns; // monotonic: since when the oldest one waits, or a batch is written; 0: none
    uint64_t outcomes[BATCH_OUTCOMES]; // batches that are over, by their outcome (batch_tally.h)
    uint64_t rows;                     // of those that are on disk
    struct histogram_view seconds;     // of all that are over
};

// What it does at the moment, and has done. Any thread.
struct writer_stats writer_stats(struct writer *writer);

// Queues a batch; false, at once, when the queue is full. Any thread.
MUST_CHECK bool writer_submit(struct writer *writer, struct batch *batch);

// Queues an errand among the batches that take turns; false, at once, when the queue is full. Any thread.
MUST_CHECK bool writer_run(struct writer *writer, struct writer_errand *errand);

// Whether several of its batches may be under way at a time, so that other connections need not wait for one
// of them.
bool writer_has_several(const struct writer *writer);

// Whether the store is noted to be a draft; and that it is not any more, once that is committed. Any thread.
bool writer_is_draft(struct writer *writer);
void writer_clear_draft(struct writer *writer);

// Writes what is queued, unless writer_end was called; ends the thread and closes the connection. NULL is
// fine.
void writer_free(struct writer *writer);

#endif
