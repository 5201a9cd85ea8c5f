// SPDX-License-Identifier: Apache-2.0
// A file of an app's public/, opened for each request by a worker of the reads pool.
#ifndef RECKONER_SERVE_STATIC_H
#define RECKONER_SERVE_STATIC_H

#include "net/task.h"

// A task of struct request. Sets the response, 304 where If-None-Match has the file's ETag, and sends the
// request back.
void static_run(struct task *task, void *worker);

#endif
