// SPDX-License-Identifier: Apache-2.0
// The body of a job, as it came, in an app's store: pieces of LIMIT_JOB_PIECE_BYTES in the table
// reckoner_job_bodies. So bodies of any size go in and out in bounded memory. On the connection's thread.
#ifndef RECKONER_JOBS_JOB_BODY_H
#define RECKONER_JOBS_JOB_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/spool.h"
#include "jobs/job.h"
#include "store/own_sql.h"

// The pieces that a body of so many bytes has.
static inline int64_t job_body_pieces(uint64_t bytes)
{
    return (int64_t)((bytes + LIMIT_JOB_PIECE_BYTES - 1) / LIMIT_JOB_PIECE_BYTES);
}

// Puts up to `count` pieces of an ended spool into the store, from number `first` on. In a transaction of the
// caller's.
MUST_CHECK enum err_code job_body_put(struct own_statements *own, struct span id, const struct spool *body,
    int64_t first, int64_t count, int64_t now_ms, struct err *err);

// Whether all pieces of a body of so many are there.
MUST_CHECK enum err_code job_body_is_whole(
    struct own_statements *own, struct span id, int64_t pieces, bool *ret_whole, struct err *err);

// Hands each piece in turn to `on_piece`, until it fails, and checks that they are what the job says.
// ERR_STORE when they are not. Each is read by a statement of its own, so that no snapshot is held meanwhile.
MUST_CHECK enum err_code job_body_each(struct own_statements *own, const struct job *job,
    enum err_code (*on_piece)(void *ctx, struct span bytes, struct err *err), void *ctx, struct err *err);

// Removes some pieces of it; *ret_more: there may be others. In a transaction of the caller's.
MUST_CHECK enum err_code job_body_drop(
    struct own_statements *own, struct span id, bool *ret_more, struct err *err);

// A body of which no piece came since `before_ms` and that no job has: whoever sent it was cut off. *ret_id
// is empty when there is none.
MUST_CHECK enum err_code job_body_stray(
    struct own_statements *own, int64_t before_ms, char ret_id[JOB_ID_CHARS + 1], struct err *err);

// The digest of an ended spool, as a job has it.
void job_body_digest(const struct spool *body, char ret_digest[JOB_DIGEST_CHARS + 1]);

#endif
