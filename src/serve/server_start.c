// SPDX-License-Identifier: Apache-2.0
// Makes all parts of a server in the order of `steps`, and starts them: pools, keys, loops, the reloader, the
// listener. What a request goes through is handler.c's. Runs on the main thread.
#include <sys/random.h>

#include "access/regulars.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/file_threads.h"
#include "serve/app_files.h"
#include "serve/app_histories.h"
#include "serve/app_hooks.h"
#include "serve/app_jobs.h"
#include "serve/descriptors.h"
#include "serve/exporter.h"
#include "serve/handler.h"
#include "serve/loop_reads.h"
#include "serve/metrics.h"
#include "serve/near.h"
#include "serve/own_pages.h"
#include "serve/server_parts.h"

// --- what requests see

static enum err_code make_editions(
    struct server *server, const struct server_options *options, struct err *err)
{
    struct tally *tally = NULL;
    enum err_code code = tally_new(options->loops, &tally, err);
    editions_init(&server->context.editions, tally);
    return code;
}

static enum err_code publish_first(struct server *server, struct err *err)
{
    struct edition *edition = NULL;
    struct app **apps = mem_zalloc(server->context.service_count, sizeof(*apps));
    if (apps == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < server->context.service_count; i++)
        apps[i] = server->context.services[i].app;
    enum err_code code = edition_new(own_pages, apps, server->context.service_count, &edition, err);
    mem_free(apps);
    if (code == ERR_NONE)
        editions_publish(&server->context.editions, edition);
    return code;
}

static enum err_code make_context(
    struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    context->spools = (struct temp_space){.dir = options->spool_dir,
        .what = "answer",
        .whats = "answers",
        .max_bytes = server_bound(options->bounds.spool_bytes, (uint64_t)LIMIT_SPOOLS_MIB << 20)};
    context->max_body_bytes = options->max_body_bytes != 0 ? options->max_body_bytes : LIMIT_BODY_BYTES;
    in_flight_init(&context->in_flight);
    context->rows_budget.max_bytes = LIMIT_BATCHES_BYTES;
    context->rows_space = (struct temp_space){.dir = options->spool_dir,
        .what = "batch",
        .whats = "batches",
        .max_bytes = LIMIT_BATCHES_TIMES * (uint64_t)context->max_body_bytes};
    for (size_t i = 0; i < options->listen_count; i++)
        context->has_admin = context->has_admin || options->listens[i].is_admin;
    atomic_init(&context->slow.after_ms, options->slow_ms);
    atomic_init(&context->tracing.logs_spans, options->logs_spans);
    context->access_log = options->access_log;
    context->error_log = options->error_log;
    context->tells_failures = options->tells_failures;
    AUTO(buf_fini) struct buf ok;
    buf_init(&ok, 16);
    buf_append_str(&ok, "ok\n");
    context->ok = blob_take(&ok);
    if (context->ok == NULL)
        return err_no_memory(err);
    if (getrandom(&context->id_seed, sizeof(context->id_seed), 0) != (ssize_t)sizeof(context->id_seed))
        return err_set(err, ERR_IO, "could not get random bytes from the system");
    if (options->otlp_url != NULL &&
        exporter_new(options->otlp_url, options->error_log, &context->tracing.exporter, err) != ERR_NONE)
        return err->code;
    return publish_first(server, err);
}

static enum err_code set_bounds(struct server *server, const struct server_options *options, struct err *err)
{
    (void)err;
    server_set_bounds(server, &options->bounds);
    return ERR_NONE;
}

// --- threads

static enum err_code start_file_threads(
    struct server *server, const struct server_options *options, struct err *err)
{
    (void)server;
    (void)options;
    return file_threads_start(err);
}

static enum err_code make_loops(struct server *server, const struct server_options *options, struct err *err)
{
    size_t count = options->loops;
    server->loops = mem_zalloc(count, sizeof(struct loop *));
    server->loop_states = mem_zalloc(count, sizeof(*server->loop_states));
    if (server->loops == NULL || server->loop_states == NULL)
        return err_no_memory(err);
    while (server->loop_count < count) {
        size_t i = server->loop_count;
        enum err_code code = loop_new(&server->loops[i], err);
        if (code != ERR_NONE)
            return code;
        struct loop_state *state = &server->loop_states[i];
        leases_init(&state->leases, &server->context.editions, keys_rings(server->context.keys),
            keys_sources(server->context.keys));
        state->number = i;
        loop_set_user(server->loops[i], state);
        server->loop_count++;
        code = loop_reads_new(&server->context, server->loops[i], &state->reads, err);
        if (code == ERR_NONE)
            code = near_new(&state->near, err);
        if (code == ERR_NONE && server->context.keys != NULL)
            code = regulars_new(&state->regulars, err);
        if (code != ERR_NONE)
            return code;
    }
    return pulse_new(server->loops, server->loop_count, &server->pulse, err);
}

static enum err_code make_scraper(
    struct server *server, const struct server_options *options, struct err *err)
{
    (void)options;
    return scraper_new(metrics_write, &server->context, &server->context.scraper, err);
}

static enum err_code make_reloader(
    struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    struct reloader_options reloader = {.services = server->context.services,
        .count = server->context.service_count,
        .editions = &context->editions,
        .limits = context->limits,
        .keys = context->keys,
        .takes_tokens = keys_sources(context->keys) != NULL,
        .hooks = context->hooks,
        .is_metered = context->meter != NULL,
        .files = context->files,
        .jobs = context->jobs,
        .is_watching = options->watch,
        .read_ms = options->read_ms,
        .log = context->error_log};
    context->watches_files = options->watch;
    return reloader_new(&reloader, &context->reloader, err);
}

// --- what comes without a request

// A store that cannot be watched is served all the same; only /-/readyz does not know then whether it is
// there.
static enum err_code watch_stores(
    struct server *server, const struct server_options *options, struct err *err)
{
    (void)options;
    (void)err;
    for (size_t i = 0; i < server->context.service_count; i++) {
        struct err ignored = {0};
        if (store_watch(server->context.services[i].store, &ignored) != ERR_NONE)
            log_printf(server->context.error_log, "%s: its store is not watched: %s",
                server->context.services[i].app->name, ignored.text);
    }
    return ERR_NONE;
}

static enum err_code observe_writers(
    struct server *server, const struct server_options *options, struct err *err)
{
    (void)options;
    server->slow_writers = mem_zalloc(server->context.service_count, sizeof(*server->slow_writers));
    if (server->slow_writers == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < server->context.service_count; i++) {
        server->slow_writers[i] = (struct slow_writer){.context = &server->context, .service = i};
        const struct writer_observer observer = {
            .on_slowest = slow_on_batch, .ctx = &server->slow_writers[i]};
        writer_observe(server->context.services[i].writer, &observer);
    }
    return ERR_NONE;
}

static enum err_code make_hooks(struct server *server, const struct server_options *options, struct err *err)
{
    if (!options->sends_hooks)
        return ERR_NONE;
    return app_hooks_new(&server->context, options->hook_secrets, &server->context.hooks, err);
}

static enum err_code make_jobs(struct server *server, const struct server_options *options, struct err *err)
{
    return app_jobs_new(&server->context, options->watch, &server->context.jobs, err);
}

static enum err_code make_files(struct server *server, const struct server_options *options, struct err *err)
{
    (void)options;
    return app_files_new(&server->context, &server->context.files, err);
}

// The files that apps watch from the start on; those of a later edition are the reloader's.
static enum err_code watch_files(struct server *server, const struct server_options *options, struct err *err)
{
    (void)options;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < server->context.service_count; i++)
        code = app_files_follow(server->context.files, i, server->context.services[i].app, err);
    return code;
}

static enum err_code make_histories(
    struct server *server, const struct server_options *options, struct err *err)
{
    return app_histories_new(&server->context, options->watch, &server->context.history, err);
}

// --- the start

static enum err_code listen_and_run(
    struct server *server, const struct server_options *options, struct err *err)
{
    struct descriptors descriptors;
    size_t stores = server->context.replicas != NULL ? 2 : 1;
    size_t handles = (server->handle_count * stores + server->loop_count + 1) * server->context.service_count;
    enum err_code code = descriptors_claim(
        handles, server_bound(options->bounds.connections, LIMIT_CONNECTIONS), &descriptors, err);
    if (code != ERR_NONE)
        return code;
    if (descriptors.connections < LIMIT_FEW_CONNECTIONS &&
        descriptors.connections < server_bound(options->bounds.connections, LIMIT_CONNECTIONS))
        log_printf(server->context.error_log,
            "the limit of %zu open files leaves room for %zu connections at a time: raise it for more by "
            "ulimit -n, or by LimitNOFILE= of the service",
            descriptors.limit, descriptors.connections);
    struct http_limits limits = http_limits_default();
    limits.idle_ms = server_bound(options->bounds.idle_ms, limits.idle_ms);
    limits.last_ms = server_last_ms(server);
    limits.drain_ms = server->drain_ms - limits.last_ms;
    struct http_options http = {.listens = options->listens,
        .listen_count = options->listen_count,
        .limits = &limits,
        .trust = options->trust,
        .max_connections = descriptors.connections,
        .max_files = descriptors.file_answers,
        .max_bodies_bytes = LIMIT_BODIES_BYTES};
    server->handler = request_handler(&server->context);
    code = http_server_new(
        &http, server->loops, server->loop_count, &server->handler, &server->context.http, err);
    for (size_t i = 0; code == ERR_NONE && i < server->loop_count; i++)
        code = loop_start(server->loops[i], err);
    return code;
}

// In order: each may use what those before it have made.
static enum err_code (*const steps[])(
    struct server *server, const struct server_options *options, struct err *err) = {
    make_editions, start_file_threads, make_context, server_make_pools, set_bounds, server_make_limits,
    server_make_keys, server_make_meter, make_loops, make_scraper, make_files, make_hooks, watch_stores,
    observe_writers, make_jobs, make_reloader, watch_files, make_histories,
    listen_and_run, // requests come from here on
};

enum err_code server_start(const struct server_options *options, const struct service *services,
    size_t service_count, struct server **ret_server, struct err *err)
{
    struct server *server = mem_zalloc(1, sizeof(*server));
    if (server == NULL)
        return err_no_memory(err);
    server->context.services = services;
    server->context.service_count = service_count;
    server->context.tls = options->tls;
    server->drain_ms = options->drain_ms != 0 ? options->drain_ms : LIMIT_DRAIN_MS;
    pthread_mutex_init(&server->lock, NULL);
    cond_init(&server->drained);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < ARRAY_LEN(steps); i++)
        code = steps[i](server, options, err);
    if (code != ERR_NONE) {
        server_free(server);
        return code;
    }
    *ret_server = server;
    return ERR_NONE;
}
