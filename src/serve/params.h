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

// A copy of the head, for when the call that brought it has returned; NULL without memory.
const struct http_request *params_copy_head(struct arena *arena, const struct http_request *head);

// Notes in which coding the body comes; false for one that is not read. On the loop.
MUST_CHECK bool params_read_coding(struct request *request, const struct http_request *head);

// --- the body of a question

// The media types of it, as Accept-Query (RFC 10008) and Accept-Post list them.
#define QUESTION_MEDIA_TYPES "application/json, application/x-www-form-urlencoded"

// Whether its body is of a format that is read; keeps the head as request->heard. On the loop.
MUST_CHECK bool params_expect_body(struct request *request, const struct http_request *head);

// Adds request->upload.part to the body, decompressed; behind the last part reads the parameters. What fails
// sets the response. On the thread that has the request.
void params_take_body(struct request *request);

// Whether the body is so short that a loop may take the last part of it itself.
bool params_are_short(const struct request *request);

// The same as a task on a parse thread, which sends the request back.
void params_parse(struct task *task, void *worker);

#endif
