// SPDX-License-Identifier: Apache-2.0
#include "serve/route.h"

#include <stdio.h>

#include "base/mem.h"

#define HASH_NONFATAL_OOM          1
#define uthash_malloc(size)        mem_alloc(size)
#define uthash_free(memory, size)  mem_free(memory)
#define uthash_nonfatal_oom(entry) ((entry)->path.at = NULL)
#include <uthash.h>

struct route {
    struct span path;                               // borrowed from the app; the key
    const struct endpoint *endpoints[HTTP_METHODS]; // by method; NULL where there is none
    size_t services[HTTP_METHODS];                  // the number of each endpoint's service
    char allow[64];                                 // value of Allow
    UT_hash_handle hh;                              // uthash's own
};

struct routes {
    struct route *by_path; // uthash table; owned
};

const struct route *routes_find(const struct routes *routes, struct span path)
{
    struct route *route;
    HASH_FIND(hh, routes->by_path, path.at, path.len, route);
    return route;
}

static struct route *find_or_add(struct routes *routes, struct span path)
{
    struct route *route;
    HASH_FIND(hh, routes->by_path, path.at, path.len, route);
    if (route != NULL)
        return route;
    route = mem_zalloc(1, sizeof(*route));
    if (route == NULL)
        return NULL;
    route->path = path;
    HASH_ADD_KEYPTR(hh, routes->by_path, path.at, path.len, route);
    if (route->path.at == NULL) { // uthash had no memory for it
        mem_free(route);
        return NULL;
    }
    return route;
}

static enum err_code add(
    struct routes *routes, const struct endpoint *endpoint, size_t service, struct err *err)
{
    struct route *route = find_or_add(routes, endpoint->path);
    if (route == NULL)
        return err_no_memory(err);
    const struct endpoint *other = route->endpoints[endpoint->method];
    if (other != NULL)
        return err_set(err, ERR_CONFIG,
            "%s %.*s is claimed by both %s and %s: serve these apps apart, or rename one",
            http_method_name(endpoint->method), (int)endpoint->path.len, endpoint->path.at, other->file,
            endpoint->file);
    route->endpoints[endpoint->method] = endpoint;
    route->services[endpoint->method] = service;
    return ERR_NONE;
}

static void write_allow(struct route *route)
{
    size_t len = 0;
    for (int method = 0; method < HTTP_METHODS; method++) {
        bool answered = route->endpoints[method] != NULL || method == HTTP_OPTIONS ||
                        (method == HTTP_HEAD && route->endpoints[HTTP_GET] != NULL);
        if (answered)
            len += (size_t)snprintf(route->allow + len, sizeof(route->allow) - len, "%s%s",
                len > 0 ? ", " : "", http_method_name((enum http_method)method));
    }
}

enum err_code routes_new(
    const struct service *services, size_t count, struct routes **ret_routes, struct err *err)
{
    struct routes *routes = mem_zalloc(1, sizeof(*routes));
    if (routes == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const struct app *app = services[i].app;
        for (size_t k = 0; k < app->endpoint_count; k++) {
            enum err_code code = add(routes, &app->endpoints[k], i, err);
            if (code != ERR_NONE) {
                routes_free(routes);
                return code;
            }
        }
    }
    for (struct route *route = routes->by_path; route != NULL; route = route->hh.next)
        write_allow(route);
    *ret_routes = routes;
    return ERR_NONE;
}

void routes_free(struct routes *routes)
{
    if (routes == NULL)
        return;
    struct route *route, *next;
    HASH_ITER (hh, routes->by_path, route, next) {
        HASH_DEL(routes->by_path, route);
        mem_free(route);
    }
    mem_free(routes);
}

const struct endpoint *route_endpoint(const struct route *route, enum http_method method, size_t *ret_service)
{
    if (method == HTTP_HEAD)
        method = HTTP_GET;
    *ret_service = route->services[method];
    return route->endpoints[method];
}

const char *route_allow(const struct route *route)
{
    return route->allow;
}
