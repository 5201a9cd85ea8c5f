// SPDX-License-Identifier: Apache-2.0
// Jobs in an app's store: the table reckoner_jobs, a row for each. Bodies are job_body.h's. On the
// connection's thread, with statements that are kept for it.
//
// What changes a job runs in a transaction that the caller has begun and ends; what only reads runs in one or
// outside. Each change names the state, and mostly the token, that it goes from: one that finds the job
// moved by somebody else changes nothing and says so.
#ifndef RECKONER_JOBS_JOB_STORE_H
#define RECKONER_JOBS_JOB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "jobs/job.h"
#include "store/own_sql.h"

// Makes the tables where there are none. On a STORE_WRITE connection, outside of a transaction.
MUST_CHECK enum err_code job_store_make(struct store_conn *conn, struct err *err);

// --- the queue

// How many jobs may wait, with bodies of how many bytes together.
struct job_bounds {
    int64_t jobs;
    int64_t bytes;
};

// What room there is for the jobs that one transaction adds. Made with the bounds.
struct job_room {
    struct job_bounds bounds; //
    bool is_counted;          // those that wait or run; the first job_store_add does it
    int64_t jobs;             // of them, with those that were added …
    int64_t bytes;            // … and their bodies
};

// A new job, whose body is there already (job_body.h).
struct job_new {
    struct span id;
    struct job_asked asked;
    int64_t bytes;      // of its body
    int64_t pieces;     // that it is kept in
    struct span digest; // of it
};

// Puts a job behind all others of the app: it has the next number, and no lower one ever appears behind it.
// *ret_ahead: jobs that are to be done before it. Nothing is added, and *ret_full is set, when so many wait
// that it has no room. Until the transaction's end other nodes wait with theirs; all jobs that it adds share
// `room`.
MUST_CHECK enum err_code job_store_add(struct own_statements *own, const struct job_new *job,
    struct job_room *room, int64_t now_ms, int64_t *ret_ahead, bool *ret_full, struct err *err);

// The job that is to be done first, queued or running; *ret_found is false when there is none. Its texts are
// the arena's.
MUST_CHECK enum err_code job_store_first(
    struct own_statements *own, struct arena *arena, struct job *ret_job, bool *ret_found, struct err *err);

// What waits or runs.
struct job_queue {
    int64_t queued;
    int64_t running;
    int64_t bytes;     // of their bodies
    int64_t oldest_ms; // since when the first of them waits; 0: there is none
};

MUST_CHECK enum err_code job_store_queue(
    struct own_statements *own, struct job_queue *ret_queue, struct err *err);

// --- moves of one job; *ret_moved tells whether it was as the caller has seen it

// QUEUED, or RUNNING of somebody who is gone, to RUNNING, with a new token and one more attempt, which are
// put into *job.
MUST_CHECK enum err_code job_store_take(
    struct own_statements *own, struct job *job, int64_t now_ms, bool *ret_moved, struct err *err);

// How a try has ended.
struct job_end {
    enum job_state state; // JOB_DONE, JOB_REFUSED or JOB_FAILED; or JOB_QUEUED: it is tried again
    int64_t next_ms;      // of JOB_QUEUED: not before
    bool gives_back;      // of JOB_QUEUED: the attempt does not count
    int64_t rows;         //
    int64_t batch;        //
    int64_t status;       //
    struct span result;   // UTF-8 without NUL
};

// RUNNING, with the token that the job has there, to the state in which the try has ended. A job that is over
// has its key end (batch/repeat.h).
MUST_CHECK enum err_code job_store_end(struct own_statements *own, const struct job *job,
    const struct job_end *end, int64_t now_ms, bool *ret_moved, struct err *err);

// QUEUED to CANCELLED; its key ends likewise.
MUST_CHECK enum err_code job_store_cancel(
    struct own_statements *own, struct span id, int64_t now_ms, bool *ret_moved, struct err *err);

// REFUSED or FAILED, with its body, to QUEUED, at its old place in the order and with all of its attempts.
// Its key, if it has not been removed, has no end again.
MUST_CHECK enum err_code job_store_retry(
    struct own_statements *own, struct span id, bool *ret_moved, struct err *err);

// --- looking

// *ret_ahead: jobs that are to be done before it; 0 for one that is over. Texts are the arena's.
MUST_CHECK enum err_code job_store_find(struct own_statements *own, struct span id, struct arena *arena,
    struct job *ret_job, int64_t *ret_ahead, bool *ret_found, struct err *err);

// Whether there is a job of that id.
MUST_CHECK enum err_code job_store_has(
    struct own_statements *own, struct span id, bool *ret_has, struct err *err);

// Which jobs are wanted.
struct job_filter {
    bool has_state;       //
    enum job_state state; // only these
    bool has_client;      //
    struct span client;   // only this one's
    int64_t before;       // only those with smaller numbers; 0: all
    int64_t limit;        // at most so many
};

// Calls for each, the newest first; texts are valid for the call. Results are not read: they are empty.
MUST_CHECK enum err_code job_store_list(struct own_statements *own, const struct job_filter *filter,
    enum err_code (*on_job)(void *ctx, const struct job *job, struct err *err), void *ctx, struct err *err);

// --- clearing up, a little at a time

// A job whose body is of no use any more, as it is done or cancelled, or over since before `before_ms`;
// *ret_id is empty when there is none.
MUST_CHECK enum err_code job_store_spent(
    struct own_statements *own, int64_t before_ms, char ret_id[JOB_ID_CHARS + 1], struct err *err);

// Notes that its body is gone.
MUST_CHECK enum err_code job_store_note_gone(struct own_statements *own, const char *id, struct err *err);

// Removes some jobs that were over before `before_ms` and have no body; *ret_more: there may be others.
MUST_CHECK enum err_code job_store_prune(
    struct own_statements *own, int64_t before_ms, bool *ret_more, struct err *err);

#endif
