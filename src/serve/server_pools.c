// SPDX-License-Identifier: Apache-2.0
// Makes what works out answers: the pools, a store handle for each thread of the reads, and the cache. Runs
// on the main thread.
#include "base/limits.h"
#include "base/mem.h"
#include "serve/server_parts.h"

// The first `connected` ones are connected at once, so that a store that cannot be read is told at the start;
// the others when they are needed.
static enum err_code make_workers(struct server *server, size_t count, size_t connected, struct err *err)
{
    server->handles = mem_zalloc(count, sizeof(*server->handles));
    server->workers = mem_zalloc(count, sizeof(*server->workers));
    if (server->handles == NULL || server->workers == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        server->handle_count++;
        server->workers[i] = &server->handles[i];
        struct handles *handles = &server->handles[i];
        enum err_code code =
            handles_init(handles, server->context.services, server->context.service_count, err);
        for (size_t service = 0; code == ERR_NONE && i < connected && service < server->context.service_count;
             service++)
            code = handles_connect(handles, service, server->context.services[service].app, 0, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// All services have a read store, or none.
static enum err_code make_replicas(struct server *server, size_t workers, struct err *err)
{
    if (server->context.services[0].read_store == NULL)
        return ERR_NONE;
    enum err_code code = replicas_new(&server->context, workers, &server->context.replicas, err);
    for (size_t i = 0; code == ERR_NONE && i < workers; i++)
        server->handles[i].replicas = replicas_of(server->context.replicas, i);
    return code;
}

static enum err_code make_endpoints(struct context *context, struct err *err)
{
    context->endpoints = mem_zalloc(context->service_count * LIMIT_ENDPOINTS, sizeof(*context->endpoints));
    context->share_groups = mem_zalloc(context->service_count, sizeof(*context->share_groups));
    bool has_room = context->endpoints != NULL && context->share_groups != NULL;
    return has_room ? ERR_NONE : err_no_memory(err);
}

enum err_code server_make_pools(struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    size_t workers = options->workers, threads = shared_pool_threads(workers);
    enum err_code code = make_endpoints(context, err);
    if (code == ERR_NONE && options->cache_bytes > 0)
        code = cache_new(options->cache_bytes, &context->cache, err);
    if (code == ERR_NONE)
        code = flights_new(&context->flights, err);
    if (code == ERR_NONE)
        code = make_workers(server, threads, workers, err);
    if (code == ERR_NONE)
        code = make_replicas(server, threads, err);
    if (code == ERR_NONE)
        code = shared_pool_new(workers, server->workers, LIMIT_READ_QUEUE, &context->reads, err);
    if (code == ERR_NONE)
        code = pool_new(workers, NULL, LIMIT_PARSE_QUEUE, &context->parses, err);
    return code;
}
