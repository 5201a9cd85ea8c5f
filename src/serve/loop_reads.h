// SPDX-License-Identifier: Apache-2.0
// Reads that a loop does itself, as they are cheap and it need not wait for them: docs/design/reads.md,
// "Reads on the loop".
#ifndef RECKONER_SERVE_LOOP_READS_H
#define RECKONER_SERVE_LOOP_READS_H

#include "net/loop.h"
#include "serve/request.h"

struct loop_reads;

// What a loop that does not run yet needs for them. Nothing is connected. ERR_NO_MEMORY.
MUST_CHECK enum err_code loop_reads_new(
    struct context *context, struct loop *loop, struct loop_reads **ret_reads, struct err *err);

// Closes the connections, when the loop and the pool of reads have ended. NULL is fine.
void loop_reads_disconnect(struct loop_reads *reads);

// After that, once the loop is freed. NULL is fine.
void loop_reads_free(struct loop_reads *reads);

// Reads for the request of a GET endpoint: true when the response is set. Else it has to be done by a worker,
// and nothing has happened. On the loop's thread; it takes some LIMIT_PROMPT_US at most.
MUST_CHECK bool loop_reads_try(struct loop_reads *reads, struct request *request);

#endif
