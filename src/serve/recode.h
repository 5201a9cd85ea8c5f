// SPDX-License-Identifier: Apache-2.0
// A kept answer in another coding than its own, without asking the database.
#ifndef RECKONER_SERVE_RECODE_H
#define RECKONER_SERVE_RECODE_H

#include "net/task.h"

// A task of struct request, whose `kept` is a current answer in identity: compresses it as the client wants
// it, keeps that, sets the response and sends the request back. On a worker's thread.
void recode_run(struct task *task, void *worker);

#endif
