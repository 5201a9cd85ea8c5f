// SPDX-License-Identifier: Apache-2.0
// What a head says of the body behind it: its format, its coding, the dialect of CSV. Each function that
// returns false has set the response. On the request's loop.
#ifndef RECKONER_SERVE_BODY_HEAD_H
#define RECKONER_SERVE_BODY_HEAD_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/request.h"

// The media types of the body of a question, as Accept-Query (RFC 10008) and Accept-Post list them.
#define QUESTION_MEDIA_TYPES "application/json, application/x-www-form-urlencoded"

// Whether the body of a write is of a form that is read; of a write without fields, whether there is none.
MUST_CHECK bool body_head_check(struct request *request, const struct http_request *head);

// The same of the body of a question.
MUST_CHECK bool body_head_check_question(struct request *request, const struct http_request *head);

// 415: the body of a question is not of one of QUESTION_MEDIA_TYPES, or is broken. On the thread that has the
// request.
void body_head_refuse_question(struct request *request, const char *detail);

#endif
