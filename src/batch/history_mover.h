// SPDX-License-Identifier: Apache-2.0
// Moves the old rows of an app's tables to their archives (store/history.h): a thread that goes round now and
// then, and hands one step after the other to the app's writer, so that batches go between them.
#ifndef RECKONER_BATCH_HISTORY_MOVER_H
#define RECKONER_BATCH_HISTORY_MOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/teller.h"
#include "batch/writer.h"

struct history_mover;

struct history_mover_options {
    struct writer *writer; // borrowed
    // The app in force, with a reference for the caller. On the mover's thread.
    struct app *(*app)(void *ctx);
    void *ctx;         // handed to it
    struct teller log; // what an operator is to know of; on the mover's thread
};

// Starts the thread. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code history_mover_new(
    const struct history_mover_options *options, struct history_mover **ret_mover, struct err *err);

// What is known of a table.
struct history_mover_table {
    char name[LIMIT_HISTORY_NAME_CHARS + 1];
    uint64_t rows;       // that this process has moved
    int64_t oldest_days; // age of the oldest row that is not archived; -1: there is none, or it is not known
};

// The tables that have had a step, by number from 0, in the order of their first one; false behind the last.
// Any thread.
MUST_CHECK bool history_mover_table(
    struct history_mover *mover, size_t number, struct history_mover_table *ret_table);

// Nothing more is moved, but for the step at hand. Any thread; NULL is fine.
void history_mover_end(struct history_mover *mover);

// While the writer is there. NULL is fine.
void history_mover_free(struct history_mover *mover);

#endif
