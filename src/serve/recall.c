// SPDX-License-Identifier: Apache-2.0
// The loop's side of the cache: keys, look-ups, and the response of a hit. What reads are kept for is
// landing.c's. An answer counts only if the versions of all that it hangs on are what they were; where they
// may lag behind other nodes, only after a question to the store that began after the request came.
#include "serve/recall.h"

#include "base/clock.h"
#include "serve/landing.h"

// Whether the client wants the answer worked out anew (RFC 9111 section 5.2.1.4).
static bool asks_database(const struct http_request *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        struct span list = head->fields[i].value, directive;
        if (!span_is_nocase(head->fields[i].name, "cache-control"))
            continue;
        while (http_list_next(&list, &directive)) {
            if (span_is_nocase(directive, "no-cache"))
                return true;
        }
    }
    return false;
}

void recall_init(struct request *request, const struct http_request *head)
{
    const struct endpoint *endpoint = request->endpoint;
    struct key_parts parts = {.app = request->app->number,
        .endpoint = (uint32_t)(endpoint - request->app->endpoints),
        .format = (uint16_t)(request->format << 8 | request->coding << 1 | request->varies)};
    request->source = SOURCE_BYPASS;
    if (request->context->cache == NULL || !endpoint->is_kept || !landing_may_keep(request))
        return;
    if (!key_make(&parts, request->params, endpoint->param_count, &request->arena, &request->flight.key))
        return; // then it is read as if answers were not kept
    request->flight.came_ns = request->access.start_ns;
    request->has_key = true;
    request->source = asks_database(head) ? SOURCE_REQUEST : SOURCE_MISS;
}

enum recall recall_find(struct request *request, bool is_confirmed)
{
    struct context *context = request->context;
    if (!request->has_key || request->source == SOURCE_REQUEST)
        return RECALL_NOTHING;
    struct kept *kept = cache_find(context->cache, &request->flight.key);
    if (kept == NULL)
        return RECALL_NOTHING;
    if (!kept_is_current(kept)) {
        request->source = SOURCE_STALE;
        cache_drop(context->cache, kept);
        kept_unref(kept);
        return RECALL_NOTHING;
    }
    if (!is_confirmed && versions_lag(context->services[request->service].store)) {
        kept_unref(kept);
        return RECALL_ASK;
    }
    request_use_kept(request, kept, kept->headers.at);
    return RECALL_ANSWERED;
}

static void on_answer(struct versions_question *question)
{
    request_send_back(CONTAINER_OF(question, struct request, question));
}

void recall_ask(struct request *request)
{
    request->question.on_answer = on_answer;
    versions_ask(request->context->services[request->service].store, &request->question);
}
