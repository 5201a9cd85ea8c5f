// SPDX-License-Identifier: Apache-2.0
// The table, and what follows from its rows before a request is routed. Which page a request is for is found
// by route.c; what stands on a page is for the page's own file.
#include "serve/own_pages.h"

#include "http/listen.h"
#include "serve/batches_page.h"
#include "serve/docs_page.h"
#include "serve/health_page.h"
#include "serve/jobs_page.h"
#include "serve/metrics_page.h"
#include "serve/usage_page.h"

const struct own_page own_pages[] = {
    {.path = "/-/livez", .set_response = health_page_set_live},
    {.path = "/-/readyz", .set_response = health_page_set_ready},
    {.path = "/-/metrics", .begin = metrics_page_begin, .ask = metrics_page_ask},
    {.path = "/-/docs", .is_for_clients = true, .shows_apps = true, .set_response = docs_page_set},
    {.path = "/-/usage",
        .is_for_clients = true,
        .shows_apps = true,
        .begin = usage_page_begin,
        .run = usage_page_run},
    {.path = "/-/batches",
        .is_for_clients = true,
        .shows_apps = true,
        .begin = batches_page_begin,
        .run = batches_page_run},
    {.path = "/-/jobs",
        .is_for_clients = true,
        .shows_apps = true,
        .begin = jobs_page_begin_list,
        .run = jobs_page_run_list},
    {.path = "/-/jobs/{id}", .is_for_clients = true, .begin = jobs_page_begin_one, .run = jobs_page_run_one},
    {.path = "/-/jobs/{id}",
        .method = HTTP_DELETE,
        .is_for_clients = true,
        .begin = jobs_page_begin_one,
        .run = jobs_page_run_cancel},
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
