// SPDX-License-Identifier: Apache-2.0
// Keeps `away` of a request, by which its loop knows whether it may touch it. Who has the request meanwhile
// is not known here. Runs on the request's loop.
#include "serve/away.h"

#include "serve/reply.h"

void away_begin(struct request *request, struct http_exchange *exchange, void (*come_back)(struct mail *mail))
{
    request->mail.deliver = come_back;
    request->away = true;
    http_defer(exchange);
}

void away_stay(struct request *request)
{
    request->away = false;
}

struct http_exchange *away_end(struct request *request)
{
    request->away = false;
    if (request_is_abandoned(request)) {
        request_free(request);
        return NULL;
    }
    return http_exchange_find(request->context->http, request->ref);
}

static void on_answered(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = away_end(request);
    if (exchange != NULL)
        reply_send(request, exchange);
}

void away_begin_for_reply(struct request *request, struct http_exchange *exchange)
{
    away_begin(request, exchange, on_answered);
}
