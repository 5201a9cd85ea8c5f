// SPDX-License-Identifier: Apache-2.0
// The loop's side of the cache: keys, look-ups, and the response of a hit. What reads are kept for is
// landing.c's. An answer counts only if the versions of all that it hangs on are what they were; where they
// may lag behind other nodes, only after a question to the store that began after the request came.
#include "serve/recall.h"

#include "base/clock.h"
#include "serve/answer_key.h"
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
    request->source = SOURCE_BYPASS;
    if (request->context->cache == NULL || !request->endpoint->is_kept || request->is_of_moment ||
        !landing_may_keep(request))
        return;
    if (!answer_key(request, request->coding, &request->flight.key))
        return; // then it is read as if answers were not kept
    request->flight.came_ns = request->came_ns;
    request->has_key = true;
    request->source = asks_database(head) ? SOURCE_REQUEST : SOURCE_MISS;
}

// A reference to the current answer under that key; NULL: there is none.
static struct kept *find_current(struct request *request, const struct key *key)
{
    struct cache *cache = request->context->cache;
    struct kept *kept = cache_find(cache, key);
    if (kept == NULL || kept_is_current(kept))
        return kept;
    request->source = SOURCE_STALE;
    cache_drop(cache, kept);
    kept_unref(kept);
    return NULL;
}

// The answer as it is, where it was not kept as the client wants it.
static struct kept *find_uncoded(struct request *request)
{
    struct key key;
    if (request->coding == CODING_IDENTITY || !answer_key(request, CODING_IDENTITY, &key))
        return NULL;
    return find_current(request, &key);
}

// Whether another node may have committed something that the versions do not tell of yet, longer ago than the
// endpoint's @stale allows for.
static bool has_to_ask(const struct request *request)
{
    const struct store *store = request->context->services[request->service].store;
    uint64_t stale_ns = request->endpoint->stale_ms * NS_PER_MS;
    if (!versions_lag(store))
        return false;
    uint64_t asked_ns = stale_ns != 0 ? versions_asked_ns(store) : 0;
    return asked_ns == 0 || request->came_ns > asked_ns + stale_ns;
}

enum recall recall_find(struct request *request, bool is_confirmed)
{
    if (!request->has_key || request->source == SOURCE_REQUEST)
        return RECALL_NOTHING;
    // Before the look-up: what is known then is at least as new as what this goes by.
    bool must_ask = !is_confirmed && has_to_ask(request);
    struct kept *kept = find_current(request, &request->flight.key);
    bool is_uncoded = kept == NULL;
    if (kept == NULL)
        kept = find_uncoded(request);
    if (kept == NULL)
        return RECALL_NOTHING;
    if (must_ask) {
        kept_unref(kept);
        return RECALL_ASK;
    }
    if (is_uncoded && !answer_has_one_coding(kept->body->len)) {
        request->kept = kept;
        return RECALL_RECODE;
    }
    request->is_cached = true;
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
