// SPDX-License-Identifier: Apache-2.0
// What a request asks of an endpoint: its parameters, from the path, the query and the body of a question,
// and the format of the answer. Each function that returns false has set the response.
#ifndef RECKONER_SERVE_PARAMS_H
#define RECKONER_SERVE_PARAMS_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"

// Keeps what of the head and of `parts`, the decoded path, the parameters borrow: http frees the head when
// on_request returns, and the request lives longer. On the loop.
MUST_CHECK bool params_keep(struct request *request, const struct http_request *head, struct span *parts);

// Reads the parameters, which have to pass. On the thread that has the request.
MUST_CHECK bool params_read(struct request *request);

// Whether the client takes one of the endpoint's formats. The query decides where it names one. On the loop.
MUST_CHECK bool params_negotiate(struct request *request, const struct http_request *head);

#endif
