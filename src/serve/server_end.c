// SPDX-License-Identifier: Apache-2.0
// Ends a server in order, and frees it. At the end the listener drains and the reloader lets go of requests
// that wait for it; then the loops stop, then the reloader, the keeper of keys and the pools. A loop's memory
// goes last, as all of these and writers may still post mail to it; that is delivered by loop_free. Runs on
// the main thread, or the one that drains.
#include "access/regulars.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "http/tls.h"
#include "serve/app_files.h"
#include "serve/app_histories.h"
#include "serve/app_hooks.h"
#include "serve/app_jobs.h"
#include "serve/exporter.h"
#include "serve/loop_reads.h"
#include "serve/near.h"
#include "serve/server_parts.h"

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
    pool_free(server->context.parses); // what it runs may become a job, and a batch that wakes a hook
    server->context.parses = NULL;
    app_hooks_free(server->context.hooks);
    server->context.hooks = NULL;
    app_jobs_free(server->context.jobs); // whoever waits for one goes on to the reads
    server->context.jobs = NULL;
    app_files_free(server->context.files);
    server->context.files = NULL;
    app_histories_free(server->context.history);
    server->context.history = NULL;
    limits_end(server->context.limits); // jobs have paid by now
    shared_pool_free(server->context.reads);
    server->context.reads = NULL;
    replicas_free(server->context.replicas);
    server->context.replicas = NULL;
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
    uint64_t run_ms = server->drain_ms - server_last_ms(server);
    uint64_t until_ns = clock_monotonic_ns() + run_ms * NS_PER_MS;
    app_histories_end(server->context.history);
    app_jobs_end(server->context.jobs, 0); // the one at hand goes on
    app_files_end(server->context.files, 0);
    app_hooks_end(server->context.hooks, 0);
    (void)wait_for_drain(server, until_ns);
    app_jobs_end(server->context.jobs, until_ns);
    app_files_end(server->context.files, until_ns);
    app_hooks_end(server->context.hooks, until_ns);            // what was told meanwhile is to be noted
    for (size_t i = 0; i < server->context.service_count; i++) // http does the same with reads
        writer_stop(
            server->context.services[i].writer, until_ns); // which may have batches of clients that have gone
    for (size_t i = 0; i < server->context.service_count; i++)
        writer_end(server->context.services[i].writer, until_ns);
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
    mem_free(server->context.endpoints);
    mem_free(server->context.share_groups);
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
