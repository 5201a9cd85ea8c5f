// SPDX-License-Identifier: Apache-2.0
// The first step of a write on its loop. Bodies go on in upload.c; what parses and the writer do is
// write.c's, and async.c's for jobs.
#include "serve/write_begin.h"

#include "serve/async.h"
#include "serve/away.h"
#include "serve/reply.h"
#include "serve/write.h"

void write_begin(struct request *request, struct http_exchange *exchange)
{
    if (!write_prepare(request, exchange)) {
        reply_send(request, exchange);
        return;
    }
    away_begin_for_reply(request, exchange);
    if (write_submit(request))
        return;
    away_stay(request);
    reply_send(request, exchange);
}

void write_begin_rows(
    struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    if (async_begin(request, exchange, head) || write_prepare(request, exchange))
        http_receive_body(exchange, request->context->max_body_bytes);
    else
        reply_send(request, exchange);
}
