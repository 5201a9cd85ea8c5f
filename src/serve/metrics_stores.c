// SPDX-License-Identifier: Apache-2.0
// The stores behind the apps: whether they are there, SQLite's log, PostgreSQL's connections, and replicas.
// Numbers that are in memory anyhow: no store is asked. Samples stand there for the stores that have them.
#include <math.h>

#include "base/clock.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"
#include "serve/replica.h"
#include "store/stats.h"

static struct store_stats stats_of(const struct context *context, size_t service)
{
    struct store_stats stats;
    store_stats(context->services[service].store, &stats);
    return stats;
}

static const struct metrics_family up = {.name = "reckoner_store_up",
    .kind = EXPOSITION_GAUGE,
    .help = "1 where the app's store is in reach and can be written, as /-/readyz has it, else 0."};

static bool read_up(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct err ignored = {0};
    ret_values[0] = store_is_there(context->services[service].store, &ignored) == ERR_NONE;
    return true;
}

// --- SQLite

enum { DATABASE_BYTES, LOG_BYTES, LOG_MOVED_BYTES, CHECKPOINT_PAGES };

static const struct metrics_family log_families[] = {
    {.name = "reckoner_sqlite_database_bytes",
        .kind = EXPOSITION_GAUGE,
        .help = "Bytes of the database, with what of it is in the log only.",
        .value = DATABASE_BYTES},
    {.name = "reckoner_sqlite_log_bytes",
        .kind = EXPOSITION_GAUGE,
        .help = "Bytes of the write-ahead log (-wal) that are in use, in the database already or not.",
        .value = LOG_BYTES},
    {.name = "reckoner_sqlite_log_moved_bytes",
        .kind = EXPOSITION_GAUGE,
        .help = "Bytes of the log that are in the database, too.",
        .value = LOG_MOVED_BYTES},
    {.name = "reckoner_sqlite_checkpoint_pages_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Pages that this process has moved from the log into the database.",
        .value = CHECKPOINT_PAGES},
};

static bool read_log(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct store_stats stats = stats_of(context, service);
    ret_values[DATABASE_BYTES] = stats.database_bytes;
    ret_values[LOG_BYTES] = stats.log_bytes;
    ret_values[LOG_MOVED_BYTES] = stats.log_moved_bytes;
    ret_values[CHECKPOINT_PAGES] = stats.checkpoint_pages;
    return stats.has_log;
}

static void write_checkpoints(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_sqlite_checkpoint_duration_seconds", EXPOSITION_HISTOGRAM,
        "Checkpoints, and the seconds that they took, for which batches wait.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct store_stats stats = stats_of(context, i);
        if (stats.has_log)
            exposition_histogram(out, "reckoner_sqlite_checkpoint_duration_seconds",
                metrics_app_label(labels, context, i), &stats.checkpoints);
    }
}

// --- PostgreSQL

static const char *const roles[] = {"read", "write"};

static const struct metrics_family connections = {.name = "reckoner_postgresql_connections",
    .kind = EXPOSITION_GAUGE,
    .help = "Connections to the primary that are in use or kept ready, lost ones too until they are made "
            "anew.",
    .label = "role",
    .words = roles,
    .count = ARRAY_LEN(roles)};

static bool read_connections(
    const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct store_stats stats = stats_of(context, service);
    ret_values[0] = stats.readers;
    ret_values[1] = stats.writers;
    return stats.has_connections;
}

static void write_asked(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_postgresql_asked_seconds", EXPOSITION_GAUGE,
        "How long ago the database was asked which tables have changed, and has answered; +Inf: it does not "
        "answer.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct store_stats stats = stats_of(context, i);
        uint64_t now_ns = clock_monotonic_ns();
        double age_s = stats.asked_ns != 0 ? (double)(now_ns - stats.asked_ns) / (double)NS_PER_S : INFINITY;
        if (stats.has_connections)
            exposition_number(
                out, "reckoner_postgresql_asked_seconds", metrics_app_label(labels, context, i), age_s);
    }
}

// --- replicas

static const char *const states[REPLICA_STATES] = {
    [REPLICA_UNMADE] = "unmade", [REPLICA_READY] = "ready", [REPLICA_RESTING] = "behind"};
static const char *const ends[REPLICA_ENDS] = {
    [REPLICA_ANSWERED] = "answered", [REPLICA_WAS_BEHIND] = "behind", [REPLICA_FAILED] = "failed"};

static const struct metrics_family replica_families[] = {
    {.name = "reckoner_replica_handles",
        .kind = EXPOSITION_GAUGE,
        .help = "Connections to --read-store, one for each worker, by state: ready ones take reads, those "
                "behind rest for some milliseconds, unmade ones are being made or have failed.",
        .label = "state",
        .words = states,
        .count = REPLICA_STATES},
    {.name = "reckoner_replica_reads_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Reads that went to a replica, by their end: what was behind or has failed there went on to "
                "the primary.",
        .value = REPLICA_STATES,
        .label = "end",
        .words = ends,
        .count = REPLICA_ENDS},
};

static bool read_replicas(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    if (context->replicas == NULL)
        return false;
    struct replica_stats stats = replica_stats(context->replicas, service);
    for (size_t i = 0; i < REPLICA_STATES; i++)
        ret_values[i] = stats.handles[i];
    for (size_t i = 0; i < REPLICA_ENDS; i++)
        ret_values[REPLICA_STATES + i] = stats.reads[i];
    return true;
}

void metrics_stores(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    metrics_by_app(context, &up, 1, read_up, out);
    metrics_by_app(context, log_families, ARRAY_LEN(log_families), read_log, out);
    write_checkpoints(context, &labels, out);
    metrics_by_app(context, &connections, 1, read_connections, out);
    write_asked(context, &labels, out);
    metrics_by_app(context, replica_families, ARRAY_LEN(replica_families), read_replicas, out);
}
