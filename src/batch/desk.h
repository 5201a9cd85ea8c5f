// SPDX-License-Identifier: Apache-2.0
// Where all is done that jobs and hooks write to an app's store beside batches: a task after the other. On
// SQLite, where one transaction writes at a time, that is the writer's own connection, between its batches:
// so no batch finds the store locked, and no task waits behind a lock. On PostgreSQL it is a connection and a
// thread of the desk's own, so that neither 202 nor a lease waits for a long batch.
#ifndef RECKONER_BATCH_DESK_H
#define RECKONER_BATCH_DESK_H

#include <stdbool.h>

#include "base/err.h"
#include "batch/writer.h"
#include "store/own_sql.h"
#include "store/store.h"

struct desk;

// Owned by its sender, lent to the desk from desk_send until `run`.
struct desk_task {
    struct writer_errand errand; // the desk's own

    // Called once, on another thread than the sender's, outside of a transaction, and leaves none open.
    // `own` has the connection and what is kept of statements for it; it is NULL when there is none, as `why`
    // says: ERR_BUSY mostly.
    void (*run)(struct desk_task *task, struct own_statements *own, const struct err *why);
};

// Of a store and its writer, which outlive it. ERR_NO_MEMORY, ERR_IO; errors of store_connect.
MUST_CHECK enum err_code desk_new(
    struct store *store, struct writer *writer, struct desk **ret_desk, struct err *err);

// Queues a task; false, at once, when too much waits. Any thread.
MUST_CHECK bool desk_send(struct desk *desk, struct desk_task *task);

// The writer whose batches the tasks are beside.
struct writer *desk_writer(struct desk *desk);

// From here on tasks get no connection, and what runs is interrupted. Any thread.
void desk_end(struct desk *desk);

// Runs what is queued, ends the thread and closes the connection. NULL is fine.
void desk_free(struct desk *desk);

// Gives what runs on the connection next LIMIT_DESK_MS from now on: a read of a job or a hook, say. No
// transaction of the desk's waits for it.
void desk_give_time(struct store_conn *conn);

// What a task does with its connection: a change in a transaction.
struct desk_transaction {
    enum err_code (*change)(void *ctx, struct own_statements *own, struct err *err);
    void *ctx;       // handed to it
    bool takes_turn; // among batches; else its statements have LIMIT_DESK_MS
    const bool
        *is_useless; // set by the change where it has written nothing that counts; NULL: it always does
};

// Runs the change and commits it, or rolls it back where it has failed or is useless. After a failure no
// statement is kept, so that each is prepared anew.
MUST_CHECK enum err_code desk_transact_as(
    struct own_statements *own, const struct desk_transaction *transaction, struct err *err);

// Likewise, of one that takes no turn and always counts.
MUST_CHECK enum err_code desk_transact(struct own_statements *own,
    enum err_code (*change)(void *ctx, struct own_statements *own, struct err *err), void *ctx,
    struct err *err);

#endif
