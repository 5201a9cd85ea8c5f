// SPDX-License-Identifier: Apache-2.0
// What the two kinds of files (watched.c, reloaded.c) share of a receiver: its state, and the ways to try a
// file, to tell of it and to count it. Private to receiver.c. The receiver's thread, but for the fields under
// the lock.
#ifndef RECKONER_INBOX_RECEIVING_H
#define RECKONER_INBOX_RECEIVING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/duty.h"
#include "batch/verdict.h"
#include "inbox/file_store.h"
#include "inbox/file_try.h"
#include "inbox/held_file.h"
#include "inbox/memory.h"
#include "inbox/receiver.h"
#include "inbox/reload_store.h"

enum { RECEIVING_TEXT_BYTES = 2048, RECEIVING_NAME_CHARS = 1024 };

struct receiver {
    struct receiver_options options; // fixed

    // The thread's own.
    struct store_conn *conn;        // owned; for reading; NULL: not connected
    struct memory memory;           //
    struct file_try try;            // the one under way,
    struct file_seal file_seal;     // and what is bound to it: this of a watched file,
    struct reload_seal reload_seal; // that of one that is loaded again
    uint64_t requests;              // that the app had had when they were asked for last
    uint64_t quiet_ns;              // monotonic: since when it had no more; 0: not asked for
    uint64_t asked_ns;              // monotonic: when that was

    struct duty duty;            // its lock guards what follows; signalled when is_written is set, too
    bool is_written;             // the batch under way is over
    struct receiver_stats stats; //
};

void receiving_count(struct receiver *receiver, enum file_outcome outcome);

// Tells of what keeps something from its try, unless that was told.
void receiving_tell_once(
    struct receiver *receiver, struct memory_item *item, const char *shown, const char *why);

// A try of it has failed, and is repeated later.
void receiving_put_off(
    struct receiver *receiver, struct memory_item *item, const char *shown, const char *why);

// A try has failed for a reason that may be the file's own, or the database's: so it is put off, and counts
// only when some batch of the app has gone in since its last one, and never where a right or a table is
// missing. True when there were too many: it is over.
MUST_CHECK bool receiving_is_hopeless(
    struct receiver *receiver, struct memory_item *item, const char *shown, const struct err *why);

// Whether a file has been as it is for long enough: longer, where the system cannot tell that nobody writes
// to it.
bool receiving_is_settled(const struct held_file *file, const struct memory_item *item);

// Whether the store is to be tried, as far as is known.
bool receiving_store_is_due(struct receiver *receiver);

// A settled file that is tried. All is borrowed.
struct receiving_file {
    const struct held_file *file;
    const struct endpoint *endpoint; // of the app, through which it goes
    struct app *app;                 //
    bool takes_repeats;              // its identity is not of its bytes alone
    struct seal *seal;               // bound to its batch
    struct memory_item *item;        // what is remembered of it
    const char *shown;               // its path as text
};

// Makes a batch of the file and writes it. The batch and its identity are receiver->try's, which the caller
// ends. With VERDICT_PASSES the cause is told and put off here: the store, or the file where there was no
// room for its rows. *ret_is_changed: somebody has written to the file meanwhile, and nothing was done with
// it.
enum verdict receiving_try(
    struct receiver *receiver, const struct receiving_file *tried, bool *ret_is_changed, struct err *err);

// The connection for reading. Errors of store_connect.
MUST_CHECK enum err_code receiving_connect(
    struct receiver *receiver, struct store_conn **ret_conn, struct err *err);

#endif
