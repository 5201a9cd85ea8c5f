// SPDX-License-Identifier: Apache-2.0
// An app that was read: counting its references and finding its endpoints. Reading the folder is
// app_read.c's. Any thread.
#include "app/app.h"

#include "base/mem.h"

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
