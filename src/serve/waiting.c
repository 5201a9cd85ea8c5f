// SPDX-License-Identifier: Apache-2.0
// Who is asked is the reloader, the keeper of keys or a store's rations: threads that answer by
// request_send_back. Whether a request has to wait is said by those who read its head. Runs on the request's
// loop, but for on_keys and on_ration.
#include "serve/waiting.h"

#include "serve/away.h"
#include "serve/heard.h"
#include "serve/own_pages.h"
#include "serve/reply.h"

// Gives back the lease of a request that is routed anew, and what it has of the lease's edition.
static void leave_edition(struct request *request)
{
    lease_return(request->lease);
    request->lease = NULL;
    request->app = NULL;
    request->endpoint = NULL;
    request->page = NULL;
    request->page_ask = NULL;
    request->client = NULL;
    request->line.client = (struct span){0};
    request->cors = NULL;
}

// --- edited files

bool waiting_for_reload(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, void (*go_on)(struct mail *mail))
{
    struct reloader *reloader = request->context->reloader;
    if (!request->context->watches_files || own_pages_ignore_apps(head->path))
        return false;
    request->wait.mail = &request->mail;
    request->wait.loop = request->ref.loop;
    if (!reloader_waits(reloader, &request->wait))
        return false;
    away_begin(request, exchange, go_on); // the mail comes on this thread, so not before all is in place
    (void)heard_keep(request, head);      // waiting_end sees whether there was memory
    return true;
}

// --- keys

// On the keeper's thread, or that of issuers.
static void on_keys(struct keeper_question *question)
{
    request_send_back(CONTAINER_OF(question, struct request, keys_question));
}

void waiting_for_keys(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, void (*go_on)(struct mail *mail))
{
    struct keys *keys = request->context->keys;
    request->has_asked_keys = true;
    (void)heard_keep(request, head);
    away_begin(request, exchange, go_on);
    request->keys_question.on_round = on_keys;
    if (request->asked_issuer != NULL)
        jwks_sources_ask(keys_sources(keys), request->asked_issuer->keys, &request->keys_question);
    else
        keys_ask(keys, request->service, &request->keys_question);
    request->asked_issuer = NULL;
    leave_edition(request);
}

// --- a ration

// On a thread of rations.
static void on_ration(struct ration_wait *wait)
{
    request_send_back(CONTAINER_OF(wait, struct request, ration));
}

// The lease stays meanwhile, as the quota is its edition's.
void waiting_for_ration(struct request *request, struct http_exchange *exchange,
    const struct http_request *head, void (*go_on)(struct mail *mail))
{
    toll_hold(&request->toll);
    (void)heard_keep(request, head);
    away_begin(request, exchange, go_on);
    request->ration = (struct ration_wait){.account = request->toll.account,
        .quota = request->toll.quota,
        .wants = toll_wants(request->endpoint),
        .on_answer = on_ration};
    rations_ask(limits_rations(request->context->limits, request->service), &request->ration);
}

// The store has been asked. With its answer the request begins anew; its client is of the lease, as is its
// id, so the door may not know it any more.
static void end_ration(struct request *request)
{
    toll_fini(&request->toll);
    leave_edition(request);
}

// --- the end of all of them

struct http_exchange *waiting_end(struct request *request)
{
    bool has_failed = request->asks_ration && request->ration.failure != ERR_NONE;
    if (request->asks_ration && !has_failed && !request_is_abandoned(request))
        end_ration(request);
    request->asks_ration = false;
    struct http_exchange *exchange = away_end(request);
    if (exchange == NULL)
        return NULL;
    if (!has_failed && request->heard != NULL)
        return exchange;
    request_set_busy(request, has_failed
                                  ? "how much of its plan the client has left cannot be found out just now"
                                  : "out of memory");
    reply_send(request, exchange);
    return NULL;
}
