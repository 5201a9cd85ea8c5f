// SPDX-License-Identifier: Apache-2.0
// An app that was read: counting its references and finding its endpoints. Reading the folder is
// app_read.c's. Any thread.
#include "app/app.h"

#include <stdio.h>

#include "base/mem.h"
#include "text/nearest.h"

const struct endpoint *app_find(const struct app *app, enum http_method method, struct span path)
{
    size_t low = 0, high = app->endpoint_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = endpoint_order(method, path, &app->endpoints[middle]);
        if (order == 0)
            return &app->endpoints[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct quota *app_find_quota(const struct app *app, struct span name)
{
    for (size_t i = 0; i < app->quota_count; i++) {
        if (span_equal(app->quotas[i].name, name))
            return &app->quotas[i];
    }
    return NULL;
}

const struct endpoint *app_nearest(const struct app *app, struct span name)
{
    enum { MAX_EDITS = 2, NAME_BYTES = 33 }; // a longer one is far from all (nearest_edits)
    const struct endpoint *nearest = NULL;
    size_t fewest = MAX_EDITS + 1;
    for (size_t i = 0; i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        char known[NAME_BYTES];
        snprintf(known, sizeof(known), "%s %.*s", http_method_name(endpoint->method), (int)endpoint->path.len,
            endpoint->path.at);
        size_t edits = nearest_edits(name, span_of(known));
        if (edits < fewest && 2 * edits < endpoint->path.len) {
            fewest = edits;
            nearest = endpoint;
        }
    }
    return nearest;
}

struct app *app_ref(struct app *app)
{
    atomic_fetch_add_explicit(&app->references, 1, memory_order_relaxed);
    return app;
}

void app_unref(struct app *app)
{
    if (app == NULL || atomic_fetch_sub_explicit(&app->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_fini(&app->arena);
    mem_free(app);
}
