// SPDX-License-Identifier: Apache-2.0
// The writer of one app's store: a queue of batches and the threads that commit them, one on SQLite, two or
// more on PostgreSQL. Batches that wait together share one commit, and so one fsync; each keeps a savepoint
// of its own, so that one that fails takes nothing with it. When the lock is held by another process for
// LIMIT_STORE_BUSY_MS, all that waits then is told ERR_BUSY.
#ifndef RECKONER_BATCH_WRITER_H
#define RECKONER_BATCH_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "app/plan.h"
#include "app/report.h"
#include "base/err.h"
#include "base/spool.h"
#include "batch/rows.h"
#include "net/pool.h"
#include "store/store.h"

// One write request. Owned by its sender, lent to the writer from writer_submit until on_done.
struct batch {
    struct task task; // the writer's own
    struct app *app;  // whose endpoint it is; borrowed. When it is another one than that of the
                      // batch before, the writer prepares everything anew and keeps a reference
    const struct endpoint *endpoint; // of that app; borrowed
    enum answer_format format;       // of the answer
    const struct value *params;      // borrowed; one for each @param
    struct rows rows;                // checked rows
    struct report report;     // in: faults of rows that are not in `rows`; out: those of the rejects too
    struct report found;      // the writer's own: the report, and what a run adds to it; zeroed by the sender
    struct spool answer;      // out: the answer; inited by the sender
    struct answered answered; // out: what is told beside the answer
    struct err err;           // out: why it was not written; err.code is ERR_NONE when it is on disk
    struct batch *next;       // the writer's own: the group's next batch

    // Called once, on a thread of the writer's, when the batch is on disk or nothing of it ever will be.
    void (*on_done)(struct batch *batch);
};

struct writer;

// Takes the STORE_WRITE connection, prepares every write endpoint of `app` (of which it keeps a reference) on
// it, connects beside it where the store has several writers, and starts the threads. Errors of plan_new, in
// `diags`, and of store_connect_beside; ERR_NO_MEMORY, ERR_IO. The connection is still the caller's when it
// fails.
MUST_CHECK enum err_code writer_new(struct app *app, struct store_conn *conn, struct diags *diags,
    struct writer **ret_writer, struct err *err);

// Tells the writer that its store is a draft (store/notes.h), which it is no longer with the next commit. Any
// thread.
void writer_set_draft(struct writer *writer);

// Has the writer see, behind what is queued, whether a store that is not well can be written again; so that
// it gets well without a batch, too. Any thread.
void writer_look(struct writer *writer);

// Waits until all that was submitted is written, or until `until_ns` of the monotonic clock, which may be
// over. After that nothing is written: what waits, and what comes, is told ERR_BUSY, and so is what runs,
// which is interrupted and rolled back; but a commit that has begun is finished. Called once, on any thread
// but the writer's.
void writer_end(struct writer *writer, uint64_t until_ns);

// Queues a batch; false, at once, when the queue is full. Any thread.
MUST_CHECK bool writer_submit(struct writer *writer, struct batch *batch);

// Writes what is queued, unless writer_end was called; ends the thread and closes the connection. NULL is
// fine.
void writer_free(struct writer *writer);

#endif
