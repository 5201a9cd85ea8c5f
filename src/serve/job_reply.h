// SPDX-License-Identifier: Apache-2.0
// A request is answered by a job: the one that it has become, or the one that its key led to before. That is
// 202, or, where the client waits for a while, what came of the job.
//
//     job_reply_send ─┬─ the client waits ─► runner: it is over, or the wait is ─┐
//                     ├─ it is new, and nobody waits ─► 202                       ▼
//                     └─ it was there before ─► reads: what the store says of it ─► its answer, or 202
#ifndef RECKONER_SERVE_JOB_REPLY_H
#define RECKONER_SERVE_JOB_REPLY_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "jobs/job.h"
#include "serve/request.h"

struct job_reply;

// For a job of that id; NULL without memory. On the thread that has the request, as all below.
MUST_CHECK struct job_reply *job_reply_new(struct request *request, struct span id);

// Says that the request itself has become the job, and what is known of it without a look at the store: the
// job, which is borrowed up to the answer, and how many are to be done before it.
void job_reply_is_new(struct job_reply *reply, const struct job *job, int64_t ahead);

// Sets the response and sends the request back, now or later; it is not the caller's any more.
void job_reply_send(struct job_reply *reply);

#endif
