// SPDX-License-Identifier: Apache-2.0
// A server that runs: what is asked of it, and what it is told, by whoever runs it. How it is made and ended
// is server_start.c's and server_end.c's. Functions run on the threads that server.h names.
#include "serve/server.h"

#include "serve/app_files.h"
#include "serve/app_hooks.h"
#include "serve/app_jobs.h"
#include "serve/server_parts.h"

const char *server_address(const struct server *server)
{
    return http_server_address(server->context.http);
}

const char *server_address_at(const struct server *server, size_t i)
{
    return http_server_address_at(server->context.http, i);
}

void server_trim(struct server *server)
{
    compressors_trim(&server->context.compressors);
}

// Whether what comes without a request is left to others.
static void rest(struct server *server, bool rests)
{
    app_jobs_rest(server->context.jobs, rests);
    app_files_rest(server->context.files, rests);
    app_hooks_rest(server->context.hooks, rests);
}

void server_notice(struct server *server)
{
    atomic_store_explicit(&server->context.draining, true, memory_order_relaxed);
    rest(server, true);
}

void server_leave(
    struct server *server, bool (*give)(void *ctx, int fd, size_t place, const char *peer), void *ctx)
{
    server->is_left = true;
    rest(server, true);
    http_server_leave(server->context.http, give, ctx);
}

void server_stay(struct server *server)
{
    server->is_left = false;
    rest(server, false);
    http_server_stay(server->context.http);
}

void server_adopt(struct server *server, int fd, size_t place, const char *peer)
{
    http_server_adopt(server->context.http, fd, place, peer);
}

bool server_writers_are_idle(const struct server *server)
{
    for (size_t i = 0; i < server->context.service_count; i++) {
        if (!writer_is_idle(server->context.services[i].writer))
            return false;
    }
    return true;
}

bool server_has_unsafe(const struct server *server)
{
    return http_server_stats(server->context.http).unsafe > 0;
}

struct server_activity server_activity(const struct server *server)
{
    struct http_stats stats = http_server_stats(server->context.http);
    return (struct server_activity){.open = stats.open,
        .accepted = stats.accepted,
        .queued = shared_pool_queued(server->context.reads),
        .has_work = !server_writers_are_idle(server) || app_jobs_are_waiting(server->context.jobs) ||
                    app_files_are_watched(server->context.files) ||
                    app_hooks_are_waiting(server->context.hooks)};
}

uint64_t server_requests(const struct server *server)
{
    return tally_total(server->context.editions.tally);
}

bool server_beat(struct server *server)
{
    return pulse_beat(server->pulse);
}

void server_set_bounds(struct server *server, const struct server_bounds *bounds)
{
    struct context *context = &server->context;
    atomic_store_explicit(
        &context->read_ms, server_bound(bounds->read_ms, LIMIT_STATEMENT_MS), memory_order_relaxed);
    shared_pool_set_max_queued(context->reads, server_bound(bounds->read_queue, LIMIT_READ_QUEUE));
    for (size_t i = 0; i < server->context.service_count; i++)
        writer_bound(server->context.services[i].writer, server_bound(bounds->write_queue, LIMIT_WRITE_QUEUE),
            server_bound(bounds->write_ms, LIMIT_BATCH_MS));
}

static void set_drain(struct server *server, size_t drain_ms)
{
    server->drain_ms = drain_ms != 0 ? drain_ms : LIMIT_DRAIN_MS;
    uint64_t last = server_last_ms(server);
    http_server_set_drain(server->context.http, server->drain_ms - last, last);
}

enum err_code server_reload(struct server *server, const struct server_options *options, struct err *err)
{
    if (options->trust != NULL) {
        enum err_code code = http_server_trust(server->context.http, options->trust, err);
        if (code != ERR_NONE)
            return code;
    }
    if (server->context.hooks != NULL)
        app_hooks_set_secrets(server->context.hooks, options->hook_secrets);
    set_drain(server, options->drain_ms);
    server_set_bounds(server, &options->bounds);
    atomic_store(&server->context.slow.after_ms, options->slow_ms);
    atomic_store(&server->context.tracing.logs_spans, options->logs_spans);
    reloader_ask(server->context.reloader);
    return ERR_NONE;
}
