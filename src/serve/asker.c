// SPDX-License-Identifier: Apache-2.0
// Asks the door of each app. What a verdict means to a page is the page's business.
#include "serve/asker.h"

#include "serve/door_token.h"
#include "serve/sender.h"

const struct endpoint ASKER_ENDPOINT = {.shape = SHAPE_ROWS};

enum door_verdict asker_judge(struct request *request, const struct credential *credential, size_t service,
    struct client **ret_client, struct asker_told *told)
{
    struct door door = door_of(request->context, request->ref.loop, request->lease, service, &ASKER_ENDPOINT);
    enum door_verdict verdict = door_judge(&door, credential, ret_client, NULL);
    if (verdict == DOOR_CLIENT)
        return verdict;
    if (verdict > told->verdict) {
        told->verdict = verdict;
        told->service = service;
    }
    if (door_may_be_new(verdict) && service >= request->asked_services && !told->has_unasked) {
        told->has_unasked = true;
        told->unasked = service;
        told->unasked_verdict = verdict;
    }
    return verdict;
}

bool asker_find(struct request *request, const struct http_request *head, struct asker *ret_asker)
{
    const struct context *context = request->context;
    struct credential credential = credential_read(head, (struct span){0});
    struct asker asker = {
        .clients = arena_zalloc(&request->arena, context->service_count, sizeof(*asker.clients))};
    bool are_wanted = false;
    if (asker.clients == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    for (size_t i = 0; i < context->service_count; i++) {
        struct client *client = NULL;
        are_wanted = are_wanted || request->lease->edition->apps[i]->access.wants_keys;
        if (asker_judge(request, &credential, i, &client, &asker.told) != DOOR_CLIENT)
            continue;
        asker.clients[asker.count++] =
            (struct asker_client){.service = i, .id = client->id, .kind = sender_kind(client)};
        request->client = client;
    }
    if (asker.count > 0)
        asker.told.verdict = DOOR_CLIENT;
    else if (credential.count == 0 && are_wanted)
        asker.told.verdict = DOOR_MISSING;
    *ret_asker = asker;
    return true;
}

bool asker_settle(struct request *request, const struct http_request *head, const struct asker_told *told)
{
    const struct http_exchange *exchange = http_exchange_find(request->context->http, request->ref);
    bool asks = door_may_be_new(told->verdict) && told->has_unasked;
    request->service = asks ? told->unasked : told->service;
    request->app = request->lease->edition->apps[request->service];
    if (asks) {
        request->has_asked_keys = false; // of this service
        request->asked_services = told->unasked + 1;
    }
    if (asks && told->unasked_verdict == DOOR_UNKNOWN_SIGNER)
        request->asked_issuer = door_token_issuer(request->app, credential_read(head, (struct span){0}).text);
    return door_settle(request, exchange, told->verdict);
}
