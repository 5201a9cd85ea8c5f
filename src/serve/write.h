// SPDX-License-Identifier: Apache-2.0
// A batch's way from its body to the disk: each part of the body is parsed and checked by the parses pool,
// then the batch is the writer's.
#ifndef RECKONER_SERVE_WRITE_H
#define RECKONER_SERVE_WRITE_H

#include <stdbool.h>

#include "net/task.h"
#include "serve/request.h"

// Makes the batch of a routed request ready, without rows; false with the response. On the loop.
MUST_CHECK bool write_prepare(struct request *request, struct http_exchange *exchange);

// A task of struct request, which works on the next part of its body (upload.part). Sends the request back
// when more of the body has to come, or with the response set when it is known already: what then still comes
// of the body is of no use. After the last part the writer has it, whose thread sends it back in the end.
void write_parse(struct task *task, void *worker);

// Hands the batch to the writer, whose thread sends the request back. False, with the response set, when too
// many wait there. A batch with faults goes too, as the rejects may find more; it is never written. On the
// thread that has the request.
MUST_CHECK bool write_submit(struct request *request);

// Sets the response of a batch that is in, by what it was answered. On the thread that has the request.
void write_set_answer(struct request *request);

#endif
