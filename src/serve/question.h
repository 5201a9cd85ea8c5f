// SPDX-License-Identifier: Apache-2.0
// A question: a read whose parameters come in a body as well. The body is short and is read as a whole: its
// bytes, decompressed, are charged to the budget of rows, and are held until the answer is sent, as
// parameters borrow them. Each function that returns false has set the response.
#ifndef RECKONER_SERVE_QUESTION_H
#define RECKONER_SERVE_QUESTION_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"

// Whether its body is of a format that is read; keeps the head as request->heard. On the loop.
MUST_CHECK bool question_expect_body(struct request *request, const struct http_request *head);

// Adds request->upload.part to the body, decompressed; behind the last part reads the parameters. What fails
// sets the response. On the thread that has the request.
void question_take_part(struct request *request);

// Whether the body is so short that a loop may take the last part of it itself.
bool question_is_short(const struct request *request);

// The same as question_take_part as a task on a parse thread, which sends the request back.
void question_parse(struct task *task, void *worker);

#endif
