// SPDX-License-Identifier: Apache-2.0
// What is under way and what waits: connections, pools, writers, kept answers, and the budgets of memory and
// temporary files.
#include "base/clock.h"
#include "serve/metrics.h"
#include "text/exposition.h"

enum { LABELS_BYTES = 1024 };

// A sample with one label.
static void write_labelled(
    struct buf *out, const char *name, const char *label, const char *value, uint64_t number)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    exposition_label(&labels, label, span_of(value));
    exposition_count(out, name, buf_span(&labels), number);
}

static void write_age(
    struct buf *out, const char *name, const char *label, const char *value, uint64_t since_ns)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    exposition_label(&labels, label, span_of(value));
    uint64_t now_ns = clock_monotonic_ns();
    double age_s = since_ns != 0 && now_ns > since_ns ? (double)(now_ns - since_ns) / (double)NS_PER_S : 0.0;
    exposition_number(out, name, buf_span(&labels), age_s);
}

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
    {"reckoner_pool_busy", EXPOSITION_GAUGE, "Quick tasks that run.", offsetof(struct pool_stats, running)},
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

static void write_pools(const struct context *context, struct buf *out)
{
    struct pool_stats stats[POOLS] = {pool_stats(context->reads), pool_stats(context->parses)};
    for (size_t i = 0; i < ARRAY_LEN(pool_families); i++) {
        const struct pool_family *family = &pool_families[i];
        exposition_family(out, family->name, family->kind, family->help);
        for (size_t pool = 0; pool < POOLS; pool++) {
            size_t value;
            memcpy(&value, (const char *)&stats[pool] + family->offset, sizeof(value));
            write_labelled(out, family->name, "pool", pool_names[pool], value);
        }
    }
    exposition_family(out, "reckoner_pool_oldest_seconds", EXPOSITION_GAUGE,
        "How long the task has waited that waits longest for a place; 0: none waits.");
    for (size_t pool = 0; pool < POOLS; pool++)
        write_age(out, "reckoner_pool_oldest_seconds", "pool", pool_names[pool], stats[pool].oldest_ns);
}

// --- batches

// Of what became of a batch; several errors have one word.
static const char *const outcomes[BATCH_OUTCOMES] = {
    [ERR_NONE] = "written",
    [ERR_INVALID] = "refused",
    [ERR_CONFLICT] = "conflict",
    [ERR_CONSTRAINT] = "constraint",
    [ERR_VALUE] = "value",
    [ERR_BUSY] = "busy",
    [ERR_ABORTED] = "aborted",
    [ERR_TIMEOUT] = "timeout",
    [ERR_DISK_FULL] = "disk_full",
    [ERR_STORE] = "failed",
    [BATCH_ROLLED_BACK] = "rolled_back",
    [BATCH_REPEATED] = "repeated",
};

static void write_outcomes(
    const char *app, const struct writer_stats *stats, struct buf *labels, struct buf *out)
{
    uint64_t failed = 0;
    for (size_t i = 0; i < BATCH_OUTCOMES; i++) {
        if (outcomes[i] == NULL || i == ERR_STORE)
            failed += stats->outcomes[i];
    }
    for (size_t i = 0; i < BATCH_OUTCOMES; i++) {
        if (outcomes[i] == NULL)
            continue;
        buf_clear(labels);
        exposition_label(labels, "app", span_of(app));
        exposition_label(labels, "outcome", span_of(outcomes[i]));
        exposition_count(
            out, "reckoner_batches_total", buf_span(labels), i == ERR_STORE ? failed : stats->outcomes[i]);
    }
}

static const char *app_name(const struct context *context, size_t service)
{
    return context->services[service].app->name;
}

static struct writer_stats stats_of(const struct context *context, size_t service)
{
    return writer_stats(context->services[service].writer);
}

static void write_batches(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    size_t count = context->service_count;
    exposition_family(out, "reckoner_batches_total", EXPOSITION_COUNTER,
        "Batches that came to the writer, by what became of them: written ones are on disk, of all others "
        "nothing is; rolled_back are dry runs that would have gone in.");
    for (size_t i = 0; i < count; i++) {
        struct writer_stats stats = stats_of(context, i);
        write_outcomes(app_name(context, i), &stats, &labels, out);
    }
    exposition_family(out, "reckoner_batch_rows_total", EXPOSITION_COUNTER, "Rows of batches on disk.");
    for (size_t i = 0; i < count; i++)
        write_labelled(
            out, "reckoner_batch_rows_total", "app", app_name(context, i), stats_of(context, i).rows);
    exposition_family(out, "reckoner_batch_duration_seconds", EXPOSITION_HISTOGRAM,
        "Batches that are over, and the seconds from their way into the writer's queue to their end.");
    for (size_t i = 0; i < count; i++) {
        struct writer_stats stats = stats_of(context, i);
        buf_clear(&labels);
        exposition_label(&labels, "app", span_of(app_name(context, i)));
        exposition_histogram(out, "reckoner_batch_duration_seconds", buf_span(&labels), &stats.seconds);
    }
    exposition_family(out, "reckoner_writer_queued", EXPOSITION_GAUGE, "Batches that wait for the writer.");
    for (size_t i = 0; i < count; i++)
        write_labelled(
            out, "reckoner_writer_queued", "app", app_name(context, i), stats_of(context, i).queued);
    exposition_family(out, "reckoner_writer_queue_max", EXPOSITION_GAUGE,
        "Batches that may wait for the writer, and as many of @parallel endpoints: those beyond are answered "
        "503.");
    for (size_t i = 0; i < count; i++)
        write_labelled(
            out, "reckoner_writer_queue_max", "app", app_name(context, i), stats_of(context, i).max_queued);
    exposition_family(out, "reckoner_writer_oldest_seconds", EXPOSITION_GAUGE,
        "The age of the oldest batch that waits or is being written; 0: there is none.");
    for (size_t i = 0; i < count; i++)
        write_age(out, "reckoner_writer_oldest_seconds", "app", app_name(context, i),
            stats_of(context, i).oldest_ns);
}

// --- kept answers, budgets

static void write_cache(const struct context *context, struct buf *out)
{
    struct cache_stats stats = {0};
    if (context->cache != NULL)
        stats = cache_stats(context->cache);
    exposition_single_count(
        out, "reckoner_cache_bytes", EXPOSITION_GAUGE, "Memory of kept answers, all told.", stats.bytes);
    exposition_single_count(out, "reckoner_cache_max_bytes", EXPOSITION_GAUGE,
        "Memory that kept answers may take; 0: none are kept.", stats.max_bytes);
    exposition_single_count(
        out, "reckoner_cache_answers", EXPOSITION_GAUGE, "Answers that are kept.", stats.answers);
    exposition_single_count(out, "reckoner_cache_entries", EXPOSITION_GAUGE,
        "Questions that are known, with those whose answer has gone stale.", stats.entries);
    exposition_single_count(out, "reckoner_cache_evicted_total", EXPOSITION_COUNTER,
        "Questions that had to go for others.", stats.evicted);
}

static void write_budgets(const struct context *context, struct buf *out)
{
    struct http_stats http = http_server_stats(context->http);
    const struct {
        const char *name;
        uint64_t used, max;
    } budgets[] = {
        {"bodies", http.bodies_bytes, http.max_bodies_bytes},
        {"rows", atomic_load_explicit(&context->rows_budget.used_bytes, memory_order_relaxed),
            context->rows_budget.max_bytes},
        {"row_files", atomic_load_explicit(&context->rows_space.used_bytes, memory_order_relaxed),
            context->rows_space.max_bytes},
        {"answer_files", atomic_load_explicit(&context->spools.used_bytes, memory_order_relaxed),
            context->spools.max_bytes},
    };
    exposition_family(out, "reckoner_budget_used_bytes", EXPOSITION_GAUGE,
        "What is in use of a bounded resource: memory of bodies that are not parsed (bodies) and of rows that "
        "are not written (rows), temporary files of such rows (row_files) and of large answers "
        "(answer_files).");
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++)
        write_labelled(out, "reckoner_budget_used_bytes", "budget", budgets[i].name, budgets[i].used);
    exposition_family(out, "reckoner_budget_max_bytes", EXPOSITION_GAUGE,
        "How much of it there is: requests beyond are answered 503.");
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++)
        write_labelled(out, "reckoner_budget_max_bytes", "budget", budgets[i].name, budgets[i].max);
}

void metrics_work(const struct context *context, struct buf *out)
{
    write_connections(context, out);
    write_pools(context, out);
    write_batches(context, out);
    write_cache(context, out);
    write_budgets(context, out);
}
