// SPDX-License-Identifier: Apache-2.0
// How a write begins, once its head has passed. On the request's loop.
#ifndef RECKONER_SERVE_WRITE_BEGIN_H
#define RECKONER_SERVE_WRITE_BEGIN_H

#include "http/message.h"
#include "serve/request.h"

// One of an endpoint without fields: there is nothing to parse, and it goes to the writer at once.
void write_begin(struct request *request, struct http_exchange *exchange);

// One with rows: has its body come, as a batch or, where its client does not wait, as a job.
void write_begin_rows(
    struct request *request, struct http_exchange *exchange, const struct http_request *head);

#endif
