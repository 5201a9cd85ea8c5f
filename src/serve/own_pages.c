// SPDX-License-Identifier: Apache-2.0
// The pages and their table. Which page a request is for is found by route.c; what /-/docs says is written by
// docs.c when an edition is made. Runs on loops, so nothing here waits: /-/readyz asks the stores for what
// is known of them, and has the writer of one that is not well look again.
#include "serve/own_pages.h"

#include "http/listen.h"
#include "serve/batches_page.h"
#include "serve/docs_prefix.h"
#include "serve/jobs_page.h"
#include "serve/metrics_page.h"
#include "serve/request.h"
#include "serve/usage_page.h"

static void set_ok(struct request *request)
{
    request->response = (struct response){
        .status = 200, .content_type = "text/plain; charset=utf-8", .body = blob_ref(request->context->ok)};
}

static void set_live(struct request *request, const struct http_request *head)
{
    (void)head;
    set_ok(request);
}

// Ready: for new requests, and with every store in reach.
static void set_ready(struct request *request, const struct http_request *head)
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

static void set_docs(struct request *request, const struct http_request *head)
{
    (void)head;
    struct blob *docs = request->lease->edition->docs;
    struct blob *page = request->prefix.len > 0 ? docs_below(docs, request->prefix) : blob_ref(docs);
    if (page == NULL) {
        request_set_busy(request, "out of memory");
        return;
    }
    request->response = (struct response){.status = 200,
        .content_type = "text/html; charset=utf-8",
        .headers = "Cache-Control: no-cache\r\n"
                   "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n",
        .body = page};
}

bool own_pages_are_ready(const struct context *context)
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

const struct own_page own_pages[] = {
    {.path = "/-/livez", .set_response = set_live},
    {.path = "/-/readyz", .set_response = set_ready},
    {.path = "/-/metrics", .set_response = metrics_page_set},
    {.path = "/-/docs", .is_for_clients = true, .shows_apps = true, .set_response = set_docs},
    {.path = "/-/usage", .is_for_clients = true, .shows_apps = true, .set_response = usage_page_set},
    {.path = "/-/batches", .is_for_clients = true, .shows_apps = true, .set_response = batches_page_set},
    {.path = "/-/jobs", .is_for_clients = true, .shows_apps = true, .set_response = jobs_page_set_list},
    {.path = "/-/jobs/{id}", .is_for_clients = true, .set_response = jobs_page_set_one},
    {.path = "/-/jobs/{id}",
        .method = HTTP_DELETE,
        .is_for_clients = true,
        .set_response = jobs_page_set_cancel},
    {.path = NULL},
};

bool own_page_is_for(const struct own_page *page, const struct http_listen *listen, bool has_admin)
{
    if (listen->is_admin)
        return page != NULL;
    return page == NULL || page->is_for_clients || !has_admin;
}

bool own_pages_ignore_apps(struct span path)
{
    if (!span_starts_with(path, "/-/"))
        return false;
    for (const struct own_page *page = own_pages; page->path != NULL; page++) {
        if (span_is(path, page->path))
            return !page->shows_apps;
    }
    return true;
}
