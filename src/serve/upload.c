// SPDX-License-Identifier: Apache-2.0
// Hands parts of bodies to the pool of parses. What is in them is known to those who parse: write.c, async.c,
// question.c. One part of a request is worked on at a time; what comes meanwhile waits in http, so a client
// that sends faster than its body is parsed is slowed by credit. Runs on the request's loop.
#include "serve/upload.h"

#include "base/clock.h"
#include "base/limits.h"
#include "serve/async.h"
#include "serve/away.h"
#include "serve/params.h"
#include "serve/question.h"
#include "serve/read_begin.h"
#include "serve/reply.h"
#include "serve/write.h"

_Static_assert(
    LIMIT_PART_BYTES < LIMIT_BODY_WINDOW_BYTES, "a part that is worth a task comes without credit");

static void on_parsed(struct mail *mail);

// The task that works on the next part.
static void (*parse_of(const struct request *request))(struct task *task, void *worker)
{
    if (request->endpoint->is_question)
        return question_parse;
    return request->async != NULL ? async_parse : write_parse;
}

// Hands the part to the parses pool; false, with the response set, when its queue is full. A short question
// is read here, and false then, too.
static bool parse_part(struct request *request, struct http_exchange *exchange)
{
    if (request->endpoint->is_question && request->upload.is_last && question_is_short(request)) {
        question_take_part(request);
        return false;
    }
    request->task.run = parse_of(request);
    away_begin(request, exchange, on_parsed);
    if (pool_submit(request->context->parses, &request->task))
        return true;
    away_stay(request);
    request_set_full(request, "requests", request->task.retry_s);
    return false;
}

// All of a question has come and its parameters have passed: from here on it is like any other read.
static void ask(struct request *request, struct http_exchange *exchange)
{
    request->came_ns = clock_monotonic_ns();
    if (params_negotiate(request, request->heard))
        read_begin(request, exchange, request->heard);
    else
        reply_send(request, exchange);
}

// A part is done with: http may read on, and after the last one the response is known. When it is known
// before that, the rows so far are of no use, and the rest may be long in coming.
static void end_part(struct request *request, struct http_exchange *exchange)
{
    struct upload *upload = &request->upload;
    http_body_fini(&upload->part);
    if (request->response.status != 0)
        intake_fini(&upload->intake);
    http_credit_body(exchange, upload->part_bytes);
    if (!upload->is_last)
        return;
    if (request->endpoint->is_question && request->response.status == 0)
        ask(request, exchange);
    else
        reply_send(request, exchange);
}

// Once the response is known the rest of the body is only dropped: the client gets the response when it has
// sent all.
void upload_take_part(struct request *request, struct http_exchange *exchange)
{
    struct upload *upload = &request->upload;
    bool is_last = http_body_is_whole(exchange);
    if (!is_last && http_body_waiting(exchange) < LIMIT_PART_BYTES)
        return;
    http_take_body(exchange, &upload->part);
    upload->part_bytes = upload->part.len;
    upload->is_last = is_last;
    if (request->response.status != 0 || !parse_part(request, exchange))
        end_part(request, exchange);
}

// A parse task is back, or the writer.
static void on_parsed(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = away_end(request);
    if (exchange == NULL)
        return;
    end_part(request, exchange);
    if (!request->upload.is_last)
        upload_take_part(request, exchange);
}
