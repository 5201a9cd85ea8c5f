// SPDX-License-Identifier: Apache-2.0
// What is under way and what waits, but for batches (metrics_batches.c): connections and pools.
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

static void write_connections(const struct context *context, struct buf *out)
{
    struct http_stats stats = http_server_stats(context->http);
    exposition_single_count(
        out, "reckoner_connections", EXPOSITION_GAUGE, "Connections of clients that are open.", stats.open);
    exposition_single_count(out, "reckoner_connections_max", EXPOSITION_GAUGE,
        "Connections that may be open: those beyond are answered 503 and closed.", stats.max_open);
    exposition_single_count(out, "reckoner_connections_accepted_total", EXPOSITION_COUNTER,
        "Connections that came.", stats.accepted);
    exposition_single_count(out, "reckoner_connections_refused_total", EXPOSITION_COUNTER,
        "Connections that were turned away, as too many were open.", stats.refused);
    exposition_single_count(out, "reckoner_socket_writes_total", EXPOSITION_COUNTER,
        "System calls that wrote answers: several may go out with one.", stats.writes);
}

// --- pools

static const char *const pool_names[] = {"reads", "parses"};

enum { POOLS = ARRAY_LEN(pool_names) };

struct pool_family {
    const char *name;
    enum exposition_kind kind;
    const char *help;
    size_t offset; // of a size_t in struct pool_stats
};

static const struct pool_family pool_families[] = {
    {"reckoner_pool_places", EXPOSITION_GAUGE, "Quick tasks that the pool runs at a time.",
        offsetof(struct pool_stats, places)},
    {"reckoner_pool_busy", EXPOSITION_GAUGE, "Quick tasks that run.",
        offsetof(struct pool_stats, places_taken)},
    {"reckoner_pool_long", EXPOSITION_GAUGE, "Long tasks that run beside the quick ones.",
        offsetof(struct pool_stats, long_running)},
    {"reckoner_pool_queued", EXPOSITION_GAUGE, "Tasks that wait for a place among the quick ones.",
        offsetof(struct pool_stats, queued)},
    {"reckoner_pool_queued_long", EXPOSITION_GAUGE,
        "Tasks of slow endpoints, which wait for others of the same endpoint.",
        offsetof(struct pool_stats, long_queued)},
    {"reckoner_pool_queue_max", EXPOSITION_GAUGE, "Tasks that may wait for a place.",
        offsetof(struct pool_stats, max_queued)},
    {"reckoner_pool_refused_total", EXPOSITION_COUNTER,
        "Tasks that found no room, or waited for too long: their requests were answered 503.",
        offsetof(struct pool_stats, refused)},
};

static void write_oldest(const char *pool, uint64_t since_ns, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    exposition_label(&labels, "pool", span_of(pool));
    exposition_number(out, "reckoner_pool_oldest_seconds", buf_span(&labels), metrics_age_s(since_ns));
}

static void write_pools(const struct context *context, struct buf *out)
{
    struct pool_stats stats[POOLS] = {shared_pool_stats(context->reads), pool_stats(context->parses)};
    for (size_t i = 0; i < ARRAY_LEN(pool_families); i++) {
        const struct pool_family *family = &pool_families[i];
        exposition_family(out, family->name, family->kind, family->help);
        for (size_t pool = 0; pool < POOLS; pool++) {
            size_t value;
            memcpy(&value, (const char *)&stats[pool] + family->offset, sizeof(value));
            metrics_write_labelled(out, family->name, "pool", pool_names[pool], value);
        }
    }
    exposition_family(out, "reckoner_pool_oldest_seconds", EXPOSITION_GAUGE,
        "How long the task has waited that waits longest for a place; 0: none waits.");
    for (size_t pool = 0; pool < POOLS; pool++)
        write_oldest(pool_names[pool], stats[pool].oldest_ns, out);
}

void metrics_work(const struct context *context, struct buf *out)
{
    write_connections(context, out);
    write_pools(context, out);
}
