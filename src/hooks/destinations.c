// SPDX-License-Identifier: Apache-2.0
// A destination that the app has no more stays in the list: hooks of it may be under way, and what is known
// of it holds when it comes back.
#include "hooks/destinations.h"

#include "base/mem.h"
#include "batch/outbox.h"

struct destination *destinations_find(const struct destinations *destinations, struct span endpoint)
{
    for (size_t i = 0; i < destinations->count; i++) {
        if (span_is(endpoint, destinations->items[i].endpoint))
            return &destinations->items[i];
    }
    return NULL;
}

static struct destination *add(struct destinations *destinations, struct span endpoint)
{
    struct destination *grown =
        mem_grow(destinations->items, destinations->count, &destinations->room, sizeof(*grown));
    if (grown == NULL)
        return NULL;
    destinations->items = grown;
    struct destination destination = {.endpoint = mem_strndup(endpoint.at, endpoint.len)};
    if (destination.endpoint == NULL)
        return NULL;
    destinations->items[destinations->count] = destination;
    return &destinations->items[destinations->count++];
}

// Another URL is another destination, of which nothing is known.
static bool set_url(struct destination *destination, struct span url)
{
    if (destination->url != NULL && span_is(url, destination->url))
        return true;
    char *kept = mem_strndup(url.at, url.len);
    if (kept == NULL)
        return false;
    mem_free(destination->url);
    destination->url = kept;
    destination->url_number++;
    destination->failures = 0;
    destination->rests_until_ns = 0;
    return true;
}

static void see(struct destinations *destinations, const struct endpoint *endpoint)
{
    char name[ENDPOINT_NAME_CHARS];
    endpoint_name(endpoint, name);
    struct destination *destination = destinations_find(destinations, span_of(name));
    if (destination == NULL)
        destination = add(destinations, span_of(name));
    if (destination != NULL)
        destination->is_seen = set_url(destination, endpoint->hook);
}

void destinations_see(
    struct destinations *destinations, const struct app *app, const struct hook_secrets *secrets)
{
    for (size_t i = 0; i < destinations->count; i++)
        destinations->items[i].is_seen = false;
    for (size_t i = 0; app != NULL && i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        if (outbox_is_for(endpoint) && hook_secrets_fit(secrets, endpoint->hook))
            see(destinations, endpoint);
    }
}

void destinations_fini(struct destinations *destinations)
{
    for (size_t i = 0; i < destinations->count; i++)
        destination_fini(&destinations->items[i]);
    mem_free(destinations->items);
}
