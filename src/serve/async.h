// SPDX-License-Identifier: Apache-2.0
// A write that its client does not wait for (RFC 7240 section 4.1): its body is spooled as it comes, becomes
// a job, and is answered with 202 once that is on disk; or, where the client waits for a while, with what
// came of the job.
//
//     loop     head: checked as any write's ─ parts of the body ⇄ credit
//     parses   part ─ spool … the last one ─► jobs_add
//     desk     the job is on disk, or its key led to one before ─► job_reply.h
//              its key led to a batch before ─► the answer of that
#ifndef RECKONER_SERVE_ASYNC_H
#define RECKONER_SERVE_ASYNC_H

#include <stdbool.h>

#include "http/message.h"
#include "net/task.h"
#include "serve/request.h"

// Whether a routed write with rows, whose head has passed, is to be a job; then request->async is made. False
// also where its client prefers something else that a job cannot do, and without memory: then it is a write
// like any other, as a preference may be passed over. On the loop.
bool async_begin(struct request *request, struct http_exchange *exchange, const struct http_request *head);

// A task of such a request, which works on the next part of its body, as write_parse does. Sends the request
// back when more of the body has to come, or with the response set; after the last part it comes back when
// the response is known.
void async_parse(struct task *task, void *worker);

#endif
