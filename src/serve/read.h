// SPDX-License-Identifier: Apache-2.0
// A GET endpoint's answer, worked out by a worker of the reads pool: rejects, then the answer, of one
// committed state.
#ifndef RECKONER_SERVE_READ_H
#define RECKONER_SERVE_READ_H

#include "net/task.h"

// A task of struct request; `worker` is a struct handles. Sets the response and sends the request back.
void read_run(struct task *task, void *worker);

#endif
