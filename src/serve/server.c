// SPDX-License-Identifier: Apache-2.0
// Makes all parts of a server, starts them in order, and ends them in order. What a request goes through is
// handler.c's. Runs on the main thread.
//
// Order of life: pools, keys, loops, the reloader, the listener. At the end the listener drains and the
// reloader lets go of requests that wait for it; then the loops stop, then the reloader, the keeper of keys
// and the pools. A loop's memory goes last, as all of these and writers may still post mail to it; that is
// delivered by loop_free.
#include "serve/server.h"

#include <pthread.h>
#include <sys/random.h>

#include "access/regulars.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/tls.h"
#include "net/file_threads.h"
#include "net/loop.h"
#include "net/pulse.h"
#include "serve/app_files.h"
#include "serve/app_histories.h"
#include "serve/app_hooks.h"
#include "serve/app_jobs.h"
#include "serve/context.h"
#include "serve/descriptors.h"
#include "serve/exporter.h"
#include "serve/handler.h"
#include "serve/loop_reads.h"
#include "serve/loop_state.h"
#include "serve/metrics.h"
#include "serve/near.h"
#include "serve/own_pages.h"
#include "serve/replica.h"

struct server {
    struct context context;           // what requests see
    struct http_handler handler;      // borrowed by http
    const struct service *services;   // borrowed
    size_t service_count;             //
    struct loop **loops;              // owned
    struct pulse *pulse;              // owned; of the loops
    size_t loop_count;                // made so far
    struct loop_state *loop_states;   // owned; one a loop
    struct handles *handles;          // owned; one a thread of the reads
    struct replicas *replicas;        // owned; NULL: there are none
    struct slow_writer *slow_writers; // owned; one a service
    size_t handle_count;              // made so far
    void **workers;                   // owned; pointers to the handles, as the pool wants them
    uint64_t drain_ms;                // as options say
    atomic_bool is_left;              // its clients go to another process
    pthread_mutex_t lock;             // guards is_drained
    pthread_cond_t drained;           // signalled when it is
    bool is_drained;                  // told by http
};

// A bound that was asked for, or else the one of base/limits.h.
static uint64_t bound(size_t asked, uint64_t standard)
{
    return asked != 0 ? asked : standard;
}

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
        enum err_code code = handles_init(handles, server->services, server->service_count, err);
        for (size_t service = 0; code == ERR_NONE && i < connected && service < server->service_count;
             service++)
            code = handles_connect(handles, service, server->services[service].app, 0, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// All services have a read store, or none.
static enum err_code make_replicas(struct server *server, size_t workers, struct err *err)
{
    if (server->services[0].read_store == NULL)
        return ERR_NONE;
    enum err_code code = replicas_new(server->services, server->service_count, workers,
        &server->context.editions, server->context.error_log, &server->replicas, err);
    for (size_t i = 0; code == ERR_NONE && i < workers; i++)
        server->handles[i].replicas = replicas_of(server->replicas, i);
    return code;
}

static enum err_code make_shares(struct context *context, struct err *err)
{
    context->shares = mem_zalloc(context->service_count * LIMIT_ENDPOINTS, sizeof(*context->shares));
    context->share_groups = mem_zalloc(context->service_count, sizeof(*context->share_groups));
    context->costs = mem_zalloc(context->service_count * LIMIT_ENDPOINTS, sizeof(*context->costs));
    context->unkept = mem_zalloc(context->service_count * LIMIT_ENDPOINTS, sizeof(*context->unkept));
    context->slow.planned_ns =
        mem_zalloc(context->service_count * LIMIT_ENDPOINTS, sizeof(*context->slow.planned_ns));
    bool has_room = context->slow.planned_ns != NULL && context->shares != NULL &&
                    context->share_groups != NULL && context->costs != NULL && context->unkept != NULL;
    return has_room ? ERR_NONE : err_no_memory(err);
}

static enum err_code make_pools(struct server *server, size_t workers, size_t cache_bytes, struct err *err)
{
    struct context *context = &server->context;
    size_t threads = pool_threads(workers);
    enum err_code code = make_shares(context, err);
    if (code == ERR_NONE && cache_bytes > 0)
        code = cache_new(cache_bytes, &context->cache, err);
    if (code == ERR_NONE)
        code = flights_new(&context->flights, err);
    if (code == ERR_NONE)
        code = make_workers(server, threads, workers, err);
    if (code == ERR_NONE)
        code = make_replicas(server, threads, err);
    if (code == ERR_NONE)
        code = pool_new_with_shares(workers, server->workers, LIMIT_READ_QUEUE, &context->reads, err);
    if (code == ERR_NONE)
        code = pool_new(workers, NULL, LIMIT_PARSE_QUEUE, &context->parses, err);
    return code;
}

static enum err_code make_loops(struct server *server, size_t count, struct err *err)
{
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
    return ERR_NONE;
}

// At the end of a drain, for telling clients that their requests are not carried out.
static uint64_t last_ms(const struct server *server)
{
    uint64_t half_ms = server->drain_ms / 2;
    return half_ms < LIMIT_DRAIN_LAST_MS ? half_ms : LIMIT_DRAIN_LAST_MS;
}

static enum err_code listen_and_run(
    struct server *server, const struct server_options *server_options, struct err *err)
{
    struct descriptors descriptors;
    size_t stores = server->replicas != NULL ? 2 : 1;
    size_t handles = (server->handle_count * stores + server->loop_count + 1) * server->service_count;
    enum err_code code = descriptors_claim(
        handles, bound(server_options->bounds.connections, LIMIT_CONNECTIONS), &descriptors, err);
    if (code != ERR_NONE)
        return code;
    if (descriptors.connections < LIMIT_FEW_CONNECTIONS &&
        descriptors.connections < bound(server_options->bounds.connections, LIMIT_CONNECTIONS))
        log_printf(server->context.error_log,
            "the limit of %zu open files leaves room for %zu connections at a time: raise it for more by "
            "ulimit -n, or by LimitNOFILE= of the service",
            descriptors.limit, descriptors.connections);
    struct http_limits limits = http_limits_default();
    limits.idle_ms = bound(server_options->bounds.idle_ms, limits.idle_ms);
    limits.last_ms = last_ms(server);
    limits.drain_ms = server->drain_ms - limits.last_ms;
    struct http_options options = {.listens = server_options->listens,
        .listen_count = server_options->listen_count,
        .limits = &limits,
        .trust = server_options->trust,
        .max_connections = descriptors.connections,
        .max_files = descriptors.file_answers,
        .max_bodies_bytes = LIMIT_BODIES_BYTES};
    server->handler = request_handler(&server->context);
    code = http_server_new(
        &options, server->loops, server->loop_count, &server->handler, &server->context.http, err);
    for (size_t i = 0; code == ERR_NONE && i < server->loop_count; i++)
        code = loop_start(server->loops[i], err);
    return code;
}

static enum err_code observe_writers(struct server *server, struct err *err)
{
    server->slow_writers = mem_zalloc(server->service_count, sizeof(*server->slow_writers));
    if (server->slow_writers == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < server->service_count; i++) {
        server->slow_writers[i] = (struct slow_writer){.context = &server->context, .service = i};
        const struct writer_observer observer = {
            .on_slowest = slow_on_batch, .ctx = &server->slow_writers[i]};
        writer_observe(server->services[i].writer, &observer);
    }
    return ERR_NONE;
}

static enum err_code publish_first(struct server *server, struct err *err)
{
    struct edition *edition = NULL;
    struct app **apps = mem_zalloc(server->service_count, sizeof(*apps));
    if (apps == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < server->service_count; i++)
        apps[i] = server->services[i].app;
    enum err_code code = edition_new(own_pages, apps, server->service_count, &edition, err);
    mem_free(apps);
    if (code == ERR_NONE)
        editions_publish(&server->context.editions, edition);
    return code;
}

static enum err_code make_context(
    struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    context->services = server->services;
    context->service_count = server->service_count;
    context->spools = (struct temp_space){.dir = options->spool_dir,
        .what = "answer",
        .whats = "answers",
        .max_bytes = bound(options->bounds.spool_bytes, (uint64_t)LIMIT_SPOOLS_MIB << 20)};
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

// A store that cannot be watched is served all the same; only /-/readyz does not know then whether it is
// there.
static void watch_stores(struct server *server)
{
    for (size_t i = 0; i < server->service_count; i++) {
        struct err err = {0};
        if (store_watch(server->services[i].store, &err) != ERR_NONE)
            log_printf(server->context.error_log, "%s: its store is not watched: %s",
                server->services[i].app->name, err.text);
    }
}

// Keys are asked for where an app wants them, or may do so after an edit. They are known before the first
// request, if the store tells.
static enum err_code make_keys(struct server *server, bool is_watched, struct err *err)
{
    struct context *context = &server->context;
    bool is_wanted = is_watched, takes_tokens = is_watched;
    for (size_t i = 0; i < server->service_count; i++) {
        is_wanted = is_wanted || server->services[i].app->access.wants_keys;
        const struct app_access *access = &server->services[i].app->access;
        takes_tokens = takes_tokens || access->issuer_count > 0 || access->takes_certificates;
    }
    if (!is_wanted)
        return ERR_NONE;
    enum err_code code = keys_new(server->services, server->service_count, takes_tokens, context->limits,
        context->error_log, &context->keys, err);
    for (size_t i = 0; code == ERR_NONE && i < server->service_count; i++)
        code = keys_follow_issuers(context->keys, server->services[i].app, err);
    for (size_t i = 0; code == ERR_NONE && i < server->service_count; i++)
        keys_follow(context->keys, i, server->services[i].app);
    return code;
}

// Accounts are for apps that have plans, or may have some after an edit. What was saved of them is read
// before the first request.
static enum err_code make_limits(struct server *server, bool is_watched, struct err *err)
{
    struct context *context = &server->context;
    bool is_wanted = is_watched;
    for (size_t i = 0; i < server->service_count; i++)
        is_wanted = is_wanted || server->services[i].app->quota_count > 0;
    if (!is_wanted)
        return ERR_NONE;
    enum err_code code =
        limits_new(server->services, server->service_count, context->error_log, &context->limits, err);
    for (size_t i = 0; code == ERR_NONE && i < server->service_count; i++)
        code = limits_follow(context->limits, i, server->services[i].app, err);
    return code;
}

static void tell_usage(void *ctx, const char *text)
{
    log_printf(ctx, "reckoner: %s", text);
}

// Usage is counted where an app wants that, or may do so after an edit.
static enum err_code make_meter(struct server *server, size_t loops, bool is_watched, struct err *err)
{
    struct context *context = &server->context;
    size_t count = server->service_count;
    bool is_wanted = is_watched;
    for (size_t i = 0; i < count; i++)
        is_wanted = is_wanted || server->services[i].app->access.is_metered;
    if (!is_wanted)
        return ERR_NONE;
    context->loop_count = loops;
    enum err_code code = meter_new(loops + count, &context->meter, err); // jobs of each service, too
    struct flusher_target *targets = mem_zalloc(count, sizeof(*targets));
    if (code == ERR_NONE && targets == NULL)
        code = err_no_memory(err);
    for (size_t i = 0; code == ERR_NONE && targets != NULL && i < count; i++)
        targets[i] = (struct flusher_target){
            .store = server->services[i].store, .name = server->services[i].app->name};
    struct flusher_options options = {.meter = context->meter,
        .targets = targets,
        .count = count,
        .tell = tell_usage,
        .ctx = context->error_log,
        .touch = context->keys != NULL ? keys_touch : NULL,
        .touch_ctx = context->keys};
    if (code == ERR_NONE)
        code = flusher_new(&options, &context->flusher, err);
    mem_free(targets);
    return code;
}

static enum err_code make_hooks(struct server *server, const struct server_options *options, struct err *err)
{
    if (!options->sends_hooks)
        return ERR_NONE;
    return app_hooks_new(&server->context, options->hook_secrets, &server->context.hooks, err);
}

static enum err_code make_reloader(
    struct server *server, const struct server_options *server_options, struct err *err)
{
    struct context *context = &server->context;
    struct reloader_options options = {.services = server->services,
        .count = server->service_count,
        .editions = &context->editions,
        .limits = context->limits,
        .keys = context->keys,
        .takes_tokens = keys_sources(context->keys) != NULL,
        .hooks = context->hooks,
        .is_metered = context->meter != NULL,
        .files = context->files,
        .is_watching = server_options->watch,
        .read_ms = server_options->read_ms,
        .log = context->error_log};
    context->watches_files = server_options->watch;
    return reloader_new(&options, &context->reloader, err);
}

// The files that apps watch from the start on; those of a later edition are the reloader's.
static enum err_code watch_files(struct server *server, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < server->service_count; i++)
        code = app_files_follow(server->context.files, i, server->services[i].app, err);
    return code;
}

// What a reload may change, and a start sets.
static void set_bounds(struct server *server, const struct server_bounds *bounds)
{
    struct context *context = &server->context;
    atomic_store_explicit(
        &context->read_ms, bound(bounds->read_ms, LIMIT_STATEMENT_MS), memory_order_relaxed);
    pool_set_max_queued(context->reads, bound(bounds->read_queue, LIMIT_READ_QUEUE));
    for (size_t i = 0; i < server->service_count; i++)
        writer_bound(server->services[i].writer, bound(bounds->write_queue, LIMIT_WRITE_QUEUE),
            bound(bounds->write_ms, LIMIT_BATCH_MS));
}

enum err_code server_start(const struct server_options *options, const struct service *services,
    size_t service_count, struct server **ret_server, struct err *err)
{
    struct server *server = mem_zalloc(1, sizeof(*server));
    if (server == NULL)
        return err_no_memory(err);
    server->services = services;
    server->service_count = service_count;
    server->context.tls = options->tls;
    server->drain_ms = options->drain_ms != 0 ? options->drain_ms : LIMIT_DRAIN_MS;
    pthread_mutex_init(&server->lock, NULL);
    cond_init(&server->drained);
    struct tally *tally = NULL;
    enum err_code code = tally_new(options->loops, &tally, err);
    editions_init(&server->context.editions, tally);
    if (code == ERR_NONE)
        code = file_threads_start(err);
    if (code == ERR_NONE)
        code = make_context(server, options, err);
    if (code == ERR_NONE)
        code = make_pools(server, options->workers, options->cache_bytes, err);
    if (code == ERR_NONE)
        set_bounds(server, &options->bounds);
    if (code == ERR_NONE)
        code = make_limits(server, options->watch, err);
    if (code == ERR_NONE)
        code = make_keys(server, options->watch, err);
    if (code == ERR_NONE)
        code = make_meter(server, options->loops, options->watch, err);
    if (code == ERR_NONE)
        code = make_loops(server, options->loops, err);
    if (code == ERR_NONE)
        code = pulse_new(server->loops, server->loop_count, &server->pulse, err);
    server->context.replicas = server->replicas;
    if (code == ERR_NONE)
        code = scraper_new(metrics_write, &server->context, &server->context.scraper, err);
    if (code == ERR_NONE)
        code = app_files_new(&server->context, &server->context.files, err);
    if (code == ERR_NONE)
        code = make_hooks(server, options, err);
    if (code == ERR_NONE)
        code = make_reloader(server, options, err);
    if (code == ERR_NONE)
        watch_stores(server);
    if (code == ERR_NONE)
        code = observe_writers(server, err);
    if (code == ERR_NONE)
        code = app_jobs_new(&server->context, options->watch, &server->context.jobs, err);
    if (code == ERR_NONE)
        code = watch_files(server, err);
    if (code == ERR_NONE)
        code = app_histories_new(&server->context, options->watch, &server->context.history, err);
    if (code == ERR_NONE)
        code = listen_and_run(server, options, err);
    if (code != ERR_NONE) {
        server_free(server);
        return code;
    }
    *ret_server = server;
    return ERR_NONE;
}

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
    for (size_t i = 0; i < server->service_count; i++) {
        if (!writer_is_idle(server->services[i].writer))
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
        .queued = pool_queued(server->context.reads),
        .is_writing = !server_writers_are_idle(server) || app_jobs_are_waiting(server->context.jobs) ||
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

static void set_drain(struct server *server, size_t drain_ms)
{
    server->drain_ms = drain_ms != 0 ? drain_ms : LIMIT_DRAIN_MS;
    uint64_t last = last_ms(server);
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
    set_bounds(server, &options->bounds);
    atomic_store(&server->context.slow.after_ms, options->slow_ms);
    atomic_store(&server->context.tracing.logs_spans, options->logs_spans);
    reloader_ask(server->context.reloader);
    return ERR_NONE;
}

static void on_drained(void *ctx)
{
    struct server *server = ctx;
    pthread_mutex_lock(&server->lock);
    server->is_drained = true;
    pthread_cond_signal(&server->drained);
    pthread_mutex_unlock(&server->lock);
}

// The loops come first, as they look at what the context has.
static void end_threads(struct server *server)
{
    for (size_t i = 0; i < server->loop_count; i++)
        loop_stop(server->loops[i]);
    tls_end(server->context.tls);
    reloader_free(server->context.reloader);
    server->context.reloader = NULL;
    scraper_end(server->context.scraper); // it looks at what ends below
    keys_end(server->context.keys);
    app_hooks_free(server->context.hooks);
    server->context.hooks = NULL;
    app_jobs_free(server->context.jobs); // whoever waits for one goes on to the reads
    server->context.jobs = NULL;
    app_files_free(server->context.files);
    server->context.files = NULL;
    app_histories_free(server->context.history);
    server->context.history = NULL;
    limits_end(server->context.limits); // jobs have paid by now
    pool_free(server->context.parses);
    pool_free(server->context.reads);
    server->context.parses = server->context.reads = NULL;
    replicas_free(server->replicas);
    server->replicas = NULL;
    for (size_t i = 0; i < server->handle_count; i++)
        handles_fini(&server->handles[i]);
    server->handle_count = 0;
    for (size_t i = 0; i < server->loop_count; i++)
        loop_reads_disconnect(server->loop_states[i].reads);
    flusher_free(server->context.flusher); // nothing is counted any more, but for clients that have gone
    server->context.flusher = NULL;
}

// Waits until nothing is open any more, or until `end_ns`; false in that case.
static bool wait_for_drain(struct server *server, uint64_t end_ns)
{
    pthread_mutex_lock(&server->lock);
    while (!server->is_drained && clock_monotonic_ns() < end_ns)
        (void)cond_wait_until(&server->drained, &server->lock, end_ns);
    bool is_drained = server->is_drained;
    pthread_mutex_unlock(&server->lock);
    return is_drained;
}

void server_stop(struct server *server)
{
    if (!server->is_left) // else who asks is to stay where he is
        server_notice(server);
    reloader_end(server->context.reloader);
    http_server_drain(server->context.http, on_drained, server);
    uint64_t run_ms = server->drain_ms - last_ms(server);
    uint64_t until_ns = clock_monotonic_ns() + run_ms * NS_PER_MS;
    app_histories_end(server->context.history);
    app_jobs_end(server->context.jobs, 0); // the one at hand goes on
    app_files_end(server->context.files, 0);
    app_hooks_end(server->context.hooks, 0);
    (void)wait_for_drain(server, until_ns);
    app_jobs_end(server->context.jobs, until_ns);
    app_files_end(server->context.files, until_ns);
    app_hooks_end(server->context.hooks, until_ns);       // what was told meanwhile is to be noted
    for (size_t i = 0; i < server->service_count; i++)    // http does the same with reads
        writer_end(server->services[i].writer, until_ns); // which may have batches of clients that have gone
    (void)wait_for_drain(server, UINT64_MAX);
    end_threads(server);
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    end_threads(server);
    for (size_t i = 0; i < server->loop_count; i++) {
        loop_free(
            server->loops[i]); // delivers what writers sent to clients that had gone, which frees requests
        loop_reads_free(server->loop_states[i].reads);
        near_free(server->loop_states[i].near);
        regulars_free(server->loop_states[i].regulars);
        leases_fini(&server->loop_states[i].leases);
    }
    pulse_free(server->pulse);
    mem_free(server->loops);
    mem_free(server->loop_states);
    http_server_free(server->context.http);
    mem_free(server->handles);
    mem_free(server->workers);
    mem_free(server->context.shares);
    mem_free(server->context.share_groups);
    mem_free(server->context.costs);
    mem_free(server->context.unkept);
    mem_free(server->context.slow.planned_ns);
    mem_free(server->slow_writers);
    exporter_free(server->context.tracing.exporter);
    keys_free(server->context.keys);
    limits_free(server->context.limits);
    meter_free(server->context.meter);
    flights_free(server->context.flights);
    cache_free(server->context.cache);
    editions_fini(&server->context.editions);
    tally_free(server->context.editions.tally);
    scraper_free(server->context.scraper);
    compressors_fini(&server->context.compressors);
    in_flight_fini(&server->context.in_flight);
    blob_unref(server->context.ok);
    pthread_cond_destroy(&server->drained);
    pthread_mutex_destroy(&server->lock);
    mem_free(server);
}
