// SPDX-License-Identifier: Apache-2.0
// Nothing here waits: /-/readyz asks the stores for what is known of them, and has the writer of one that is
// not well look again. Runs on loops, but for health_is_ready.
#include "serve/health_page.h"

static void set_ok(struct request *request)
{
    request->response = (struct response){
        .status = 200, .content_type = "text/plain; charset=utf-8", .body = blob_ref(request->context->ok)};
}

void health_page_set_live(struct request *request, const struct http_request *head)
{
    (void)head;
    set_ok(request);
}

void health_page_set_ready(struct request *request, const struct http_request *head)
{
    (void)head;
    struct context *context = request->context;
    struct err err = {0};
    if (atomic_load_explicit(&context->draining, memory_order_relaxed)) {
        request_set_busy(request, "the server is shutting down");
        return;
    }
    for (size_t i = 0; i < context->service_count; i++) {
        if (store_is_there(context->services[i].store, &err) != ERR_NONE) {
            writer_look(context->services[i].writer);
            err_prefix(&err, "%s", context->services[i].app->name);
            request_set_error(request, &err, &request->report);
            return;
        }
    }
    set_ok(request);
}

bool health_is_ready(const struct context *context)
{
    struct err ignored = {0};
    if (atomic_load_explicit(&context->draining, memory_order_relaxed))
        return false;
    for (size_t i = 0; i < context->service_count; i++) {
        if (store_is_there(context->services[i].store, &ignored) != ERR_NONE)
            return false;
    }
    return true;
}
