// SPDX-License-Identifier: Apache-2.0
// The stores behind the apps: whether they are there, SQLite's log, PostgreSQL's connections, and replicas.
// Numbers that are in memory anyhow: no store is asked. Samples stand there for the stores that have them.
#include <math.h>

#include "base/clock.h"
#include "serve/metrics.h"
#include "serve/replica.h"
#include "store/stats.h"
#include "text/exposition.h"

enum { LABELS_BYTES = 1024 };

static struct store_stats stats_of(const struct context *context, size_t service)
{
    struct store_stats stats;
    store_stats(context->services[service].store, &stats);
    return stats;
}

static struct span label_app(struct buf *labels, const struct context *context, size_t service)
{
    buf_clear(labels);
    exposition_label(labels, "app", span_of(context->services[service].app->name));
    return buf_span(labels);
}

static void write_up(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_store_up", EXPOSITION_GAUGE,
        "1 where the app's store is in reach and can be written, as /-/readyz has it, else 0.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct err ignored = {0};
        bool is_there = store_is_there(context->services[i].store, &ignored) == ERR_NONE;
        exposition_count(out, "reckoner_store_up", label_app(labels, context, i), is_there);
    }
}

// --- SQLite

static const struct {
    const char *name;
    enum exposition_kind kind;
    const char *help;
    size_t offset; // of a uint64_t in struct store_stats
} log_families[] = {
    {"reckoner_sqlite_database_bytes", EXPOSITION_GAUGE,
        "Bytes of the database, with what of it is in the log only.",
        offsetof(struct store_stats, database_bytes)},
    {"reckoner_sqlite_log_bytes", EXPOSITION_GAUGE,
        "Bytes of the write-ahead log (-wal) that are in use, in the database already or not.",
        offsetof(struct store_stats, log_bytes)},
    {"reckoner_sqlite_log_moved_bytes", EXPOSITION_GAUGE, "Bytes of the log that are in the database, too.",
        offsetof(struct store_stats, log_moved_bytes)},
    {"reckoner_sqlite_checkpoint_pages_total", EXPOSITION_COUNTER,
        "Pages that this process has moved from the log into the database.",
        offsetof(struct store_stats, checkpoint_pages)},
};

static void write_log(const struct context *context, struct buf *labels, struct buf *out)
{
    for (size_t family = 0; family < ARRAY_LEN(log_families); family++) {
        const char *name = log_families[family].name;
        exposition_family(out, name, log_families[family].kind, log_families[family].help);
        for (size_t i = 0; i < context->service_count; i++) {
            struct store_stats stats = stats_of(context, i);
            uint64_t value;
            memcpy(&value, (const char *)&stats + log_families[family].offset, sizeof(value));
            if (stats.has_log)
                exposition_count(out, name, label_app(labels, context, i), value);
        }
    }
    exposition_family(out, "reckoner_sqlite_checkpoint_duration_seconds", EXPOSITION_HISTOGRAM,
        "Checkpoints, and the seconds that they took, for which batches wait.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct store_stats stats = stats_of(context, i);
        if (stats.has_log)
            exposition_histogram(out, "reckoner_sqlite_checkpoint_duration_seconds",
                label_app(labels, context, i), &stats.checkpoints);
    }
}

// --- PostgreSQL

static void write_connections(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_postgresql_connections", EXPOSITION_GAUGE,
        "Connections to the primary that are in use or kept ready, lost ones too until they are made anew.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct store_stats stats = stats_of(context, i);
        for (size_t role = 0; stats.has_connections && role < 2; role++) {
            (void)label_app(labels, context, i);
            exposition_label(labels, "role", span_of(role == 0 ? "read" : "write"));
            exposition_count(out, "reckoner_postgresql_connections", buf_span(labels),
                role == 0 ? stats.readers : stats.writers);
        }
    }
    exposition_family(out, "reckoner_postgresql_asked_seconds", EXPOSITION_GAUGE,
        "How long ago the database was asked which tables have changed, and has answered; +Inf: it does not "
        "answer.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct store_stats stats = stats_of(context, i);
        uint64_t now_ns = clock_monotonic_ns();
        double age_s = stats.asked_ns != 0 ? (double)(now_ns - stats.asked_ns) / (double)NS_PER_S : INFINITY;
        if (stats.has_connections)
            exposition_number(out, "reckoner_postgresql_asked_seconds", label_app(labels, context, i), age_s);
    }
}

// --- replicas

static void write_replicas(const struct context *context, struct buf *labels, struct buf *out)
{
    static const char *const states[REPLICA_STATES] = {
        [REPLICA_UNMADE] = "unmade", [REPLICA_READY] = "ready", [REPLICA_RESTING] = "behind"};
    static const char *const ends[REPLICA_ENDS] = {
        [REPLICA_ANSWERED] = "answered", [REPLICA_WAS_BEHIND] = "behind", [REPLICA_FAILED] = "failed"};
    exposition_family(out, "reckoner_replica_handles", EXPOSITION_GAUGE,
        "Connections to --read-store, one for each worker, by state: ready ones take reads, those behind rest "
        "for some milliseconds, unmade ones are being made or have failed.");
    for (size_t i = 0; context->replicas != NULL && i < context->service_count; i++) {
        struct replica_stats stats = replica_stats(context->replicas, i);
        for (size_t state = 0; state < REPLICA_STATES; state++) {
            (void)label_app(labels, context, i);
            exposition_label(labels, "state", span_of(states[state]));
            exposition_count(out, "reckoner_replica_handles", buf_span(labels), stats.handles[state]);
        }
    }
    exposition_family(out, "reckoner_replica_reads_total", EXPOSITION_COUNTER,
        "Reads that went to a replica, by their end: what was behind or has failed there went on to the "
        "primary.");
    for (size_t i = 0; context->replicas != NULL && i < context->service_count; i++) {
        struct replica_stats stats = replica_stats(context->replicas, i);
        for (size_t end = 0; end < REPLICA_ENDS; end++) {
            (void)label_app(labels, context, i);
            exposition_label(labels, "end", span_of(ends[end]));
            exposition_count(out, "reckoner_replica_reads_total", buf_span(labels), stats.reads[end]);
        }
    }
}

void metrics_stores(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    write_up(context, &labels, out);
    write_log(context, &labels, out);
    write_connections(context, &labels, out);
    write_replicas(context, &labels, out);
}
