// SPDX-License-Identifier: Apache-2.0
// What own pages share that a worker makes of what is in the stores of apps: the format that the client
// wants, and the task.
#ifndef RECKONER_SERVE_OWN_PAGE_TASK_H
#define RECKONER_SERVE_OWN_PAGE_TASK_H

#include "http/message.h"
#include "serve/handles.h"
#include "serve/request.h"

// Sets request->format to that of JSON, NDJSON and CSV which Accept likes best; false with the response. On
// the request's loop.
MUST_CHECK bool own_page_accept(struct request *request, const struct http_request *head);

// Writes a page to `out` in request->format; with ERR_NONE, what sticks to `out` is looked at by the caller.
typedef enum err_code own_page_write(
    struct handles *handles, struct request *request, struct buf *out, struct err *err);

// The task of a page: sets the response, and sends the request back. On the thread of a worker.
void own_page_run(struct task *task, void *worker, own_page_write *write);

#endif
