// SPDX-License-Identifier: Apache-2.0
// The thread that takes files out of an app's watched folders, one after the other, and makes batches of
// them.
#ifndef RECKONER_INBOX_RECEIVER_H
#define RECKONER_INBOX_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "app/report.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/teller.h"
#include "batch/writer.h"
#include "inbox/file_try.h"
#include "store/store.h"

struct receiver;

struct receiver_options {
    struct store *store;            // borrowed, as all
    struct writer *writer;          //
    struct file_try_options trying; // without is_over, which is the receiver's own
    void *ctx;                      // handed to the functions, which are called on the receiver's thread

    // A reference to the app as it is in force, which tells what is watched.
    struct app *(*app)(void *ctx);

    // The status and the problem document that a request would have got; appended to `out`.
    int (*problem)(void *ctx, const struct err *err, const struct report *report, struct buf *out);

    // How many requests the app has had.
    uint64_t (*requests)(void *ctx);

    struct teller log; // on the receiver's thread, too
};

// What may become of a file; of one that stays, of each of its tries.
enum file_outcome {
    FILE_OUTCOME_DONE,     // its rows are in, and it lies in done/
    FILE_OUTCOME_KNOWN,    // they were in before, and it lies there, too
    FILE_OUTCOME_REJECTED, //
    FILE_OUTCOME_STAYS,    // it is tried again
    FILE_OUTCOMES,         // how many there are
};

// Makes the tables that an app's files need, unless they are there, and none for one without any; outside of
// a transaction. Errors of store_make_table.
MUST_CHECK enum err_code receiver_make_tables(
    const struct app *app, struct store_conn *conn, struct err *err);

// Makes it and starts the thread. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code receiver_new(
    const struct receiver_options *options, struct receiver **ret_receiver, struct err *err);

// While it rests, it takes no file: one that it reads it lets go, and one that is a batch already goes in.
// Any thread.
void receiver_rest(struct receiver *receiver, bool rests);

struct receiver_stats {
    uint64_t outcomes[FILE_OUTCOMES];
    uint64_t waiting;   // files in the folders, as it has seen them last
    uint64_t oldest_ms; // since 1970: when the one was put there that waits longest; 0: none does
};

// Any thread.
struct receiver_stats receiver_stats(struct receiver *receiver);

// Has the thread end likewise, and waits until it has, or until `until_ns` of the monotonic clock. Any
// thread.
void receiver_end(struct receiver *receiver, uint64_t until_ns);

// Waits for the thread, when the writer does nothing any more, and frees. NULL is fine.
void receiver_free(struct receiver *receiver);

#endif
