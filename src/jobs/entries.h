// SPDX-License-Identifier: Apache-2.0
// The way of jobs into the store: those that come together share a commit, and a large body goes in by steps,
// between which others get their turn. What is kept for the key of a job goes in with it. One queue an app.
#ifndef RECKONER_JOBS_ENTRIES_H
#define RECKONER_JOBS_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/spool.h"
#include "batch/repeat.h"
#include "batch/desk.h"
#include "jobs/job.h"
#include "jobs/job_store.h"

// A job that is to be accepted. Owned by its sender, lent from entries_add until on_done.
struct job_entry {
    struct job_asked asked;    // borrowed
    const struct spool *body;  // borrowed; ended, and not empty
    struct repeat *repeat;     // borrowed; its key; NULL: it has none. Out: unless its verdict is REPEAT_NEW,
                               // the entry became no job
    struct repeat_kept kept;   // out: what its key had before, where that is REPEAT_KNOWN; with …
    struct buf kept_text;      // … the text of it; inited by the sender
    char id[JOB_ID_CHARS + 1]; // out
    int64_t ahead;             // out: jobs that are to be done before it
    int64_t accepted_ms;       // out: when that was, by the database's clock
    bool is_refused;           // out: the queue has no room
    struct err err;            // out: why it is not accepted; ERR_NONE: it is on disk, or was before

    // Called once, on another thread than the sender's, when that is known.
    void (*on_done)(struct job_entry *entry);

    struct job_entry *next;            // the queue's own, as those below
    int64_t put;                       // pieces of its body that are in the store
    char digest[JOB_DIGEST_CHARS + 1]; // of its body
};

struct entries;

struct entries_options {
    struct desk *desk;              // borrowed
    struct job_bounds bounds;       // of the jobs that wait
    void (*on_accepted)(void *ctx); // told when there are new jobs; on the desk's thread
    void *ctx;                      // handed to it
};

// ERR_NO_MEMORY.
MUST_CHECK enum err_code entries_new(
    const struct entries_options *options, struct entries **ret_entries, struct err *err);

// Takes a job; false, at once, when too many are on their way. Any thread.
MUST_CHECK bool entries_add(struct entries *entries, struct job_entry *entry);

// When the desk is freed, and entries_add is called no more. Waits until nothing is on its way: where the
// writer is the desk, it refuses what it still has. NULL is fine.
void entries_free(struct entries *entries);

#endif
