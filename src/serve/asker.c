// SPDX-License-Identifier: Apache-2.0
// Asks the door of each app. What a verdict means to a page is the page's business.
#include "serve/asker.h"

#include "serve/sender.h"

const struct endpoint ASKER_ENDPOINT = {.shape = SHAPE_ROWS};

bool asker_find(struct request *request, const struct http_request *head, struct asker *ret_asker,
    enum door_verdict *ret_verdict)
{
    const struct context *context = request->context;
    struct credential credential = credential_read(head, (struct span){0});
    struct asker asker = {
        .clients = arena_zalloc(&request->arena, context->service_count, sizeof(*asker.clients))};
    enum door_verdict worst = DOOR_NOBODY;
    bool are_wanted = false;
    if (asker.clients == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    for (size_t i = 0; i < context->service_count; i++) {
        struct client *client = NULL;
        are_wanted = are_wanted || request->lease->edition->apps[i]->access.wants_keys;
        struct door door = door_of(context, request->ref.loop, request->lease, i, &ASKER_ENDPOINT);
        enum door_verdict verdict = door_judge(&door, &credential, &client, NULL);
        if (verdict == DOOR_CLIENT) {
            asker.clients[asker.count++] =
                (struct asker_client){.service = i, .id = client->id, .kind = sender_kind(client)};
            request->client = client;
        } else if (verdict > worst) {
            worst = verdict;
        }
    }
    if (asker.count > 0)
        worst = DOOR_CLIENT;
    else if (credential.count == 0 && are_wanted)
        worst = DOOR_MISSING;
    *ret_asker = asker;
    *ret_verdict = worst;
    return true;
}
