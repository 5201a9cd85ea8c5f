// SPDX-License-Identifier: Apache-2.0
// Builds editions out of apps, counts references, and keeps the one in force. Reading the apps' files and
// checking them is reload.c's. An edition is written by the thread that makes it and, for its number, by the
// one that publishes it, before any other thread can see it.
#include "serve/edition.h"

#include "base/mem.h"
#include "serve/docs.h"
#include "serve/own_pages.h"

// Fills an edition that has nothing yet.
static enum err_code make(struct edition *edition, struct app *const *apps, size_t count, struct err *err)
{
    edition->apps = mem_zalloc(count, sizeof(*edition->apps));
    if (edition->apps == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++)
        edition->apps[i] = app_ref(apps[i]);
    edition->app_count = count;
    enum err_code code = routes_new(edition->pages, apps, count, &edition->routes, err);
    if (code != ERR_NONE)
        return code;
    edition->docs = docs_write(apps, count);
    return edition->docs != NULL ? ERR_NONE : err_no_memory(err);
}

enum err_code edition_new(const struct own_page *pages, struct app *const *apps, size_t count,
    struct edition **ret_edition, struct err *err)
{
    struct edition *edition = mem_zalloc(1, sizeof(*edition));
    if (edition == NULL)
        return err_no_memory(err);
    atomic_init(&edition->references, 1);
    edition->pages = pages;
    enum err_code code = make(edition, apps, count, err);
    if (code != ERR_NONE) {
        edition_unref(edition);
        return code;
    }
    *ret_edition = edition;
    return ERR_NONE;
}

enum err_code edition_with(const struct edition *from, size_t service, struct app *app,
    struct edition **ret_edition, struct err *err)
{
    struct app **apps = mem_zalloc(from->app_count, sizeof(*apps));
    if (apps == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < from->app_count; i++)
        apps[i] = i == service ? app : from->apps[i];
    enum err_code code = edition_new(from->pages, apps, from->app_count, ret_edition, err);
    mem_free(apps);
    return code;
}

static struct edition *edition_ref(struct edition *edition)
{
    atomic_fetch_add_explicit(&edition->references, 1, memory_order_relaxed);
    return edition;
}

void edition_unref(struct edition *edition)
{
    if (edition == NULL || atomic_fetch_sub_explicit(&edition->references, 1, memory_order_acq_rel) > 1)
        return;
    blob_unref(edition->docs);
    routes_free(edition->routes);
    for (size_t i = 0; i < edition->app_count; i++)
        app_unref(edition->apps[i]);
    mem_free(edition->apps);
    mem_free(edition);
}

void editions_init(struct editions *editions, struct tally *tally)
{
    pthread_mutex_init(&editions->lock, NULL);
    editions->current = NULL;
    editions->tally = tally;
    atomic_init(&editions->number, 0);
}

void editions_fini(struct editions *editions)
{
    edition_unref(editions->current);
    pthread_mutex_destroy(&editions->lock);
}

struct edition *editions_current(struct editions *editions)
{
    pthread_mutex_lock(&editions->lock);
    struct edition *current = edition_ref(editions->current);
    pthread_mutex_unlock(&editions->lock);
    return current;
}

// The publisher's store comes before the mail or the answer that tells of it, and the loop's load after the
// request that this has led to; so the load sees it.
uint64_t editions_number(const struct editions *editions)
{
    return atomic_load_explicit(&editions->number, memory_order_acquire);
}

struct numbering {
    struct tally *tally;
    const struct edition *edition;
};

static void set_series(void *ctx, struct route *route)
{
    const struct numbering *numbering = ctx;
    struct span app = span_of(route->page == NULL ? numbering->edition->apps[route->service]->name : "");
    if (route->endpoint != NULL)
        route->series = tally_series(
            numbering->tally, app, http_method_name(route->endpoint->method), route->endpoint->path);
    else
        route->series = tally_series(numbering->tally, app,
            route->page != NULL ? http_method_name(route->page->method) : "GET",
            span_of(route->page != NULL ? route->page->path : "file"));
}

void editions_publish(struct editions *editions, struct edition *edition)
{
    if (editions->tally != NULL)
        routes_each(edition->routes, set_series, &(struct numbering){editions->tally, edition});
    pthread_mutex_lock(&editions->lock);
    struct edition *before = editions->current;
    edition->number = atomic_load_explicit(&editions->number, memory_order_relaxed) + 1;
    editions->current = edition;
    atomic_store_explicit(&editions->number, edition->number, memory_order_release);
    pthread_mutex_unlock(&editions->lock);
    edition_unref(before);
}
