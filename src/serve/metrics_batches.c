// SPDX-License-Identifier: Apache-2.0
// Batches and their writers, as these count them; no store is asked.
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

enum { ROWS = (int)BATCH_OUTCOMES, QUEUED, QUEUE_MAX, VALUES };

_Static_assert((int)VALUES <= (int)METRICS_VALUES, "no room for the outcomes of batches");

// Of what became of a batch; several errors have one word, "failed".
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

static const struct metrics_family batch_families[] = {
    {.name = "reckoner_batches_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Batches that came to the writer, by what became of them: written ones are on disk, of all "
                "others nothing is; rolled_back are dry runs that would have gone in.",
        .label = "outcome",
        .words = outcomes,
        .count = BATCH_OUTCOMES},
    {.name = "reckoner_batch_rows_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Rows of batches on disk.",
        .value = ROWS},
};

static const struct metrics_family queue_families[] = {
    {.name = "reckoner_writer_queued",
        .kind = EXPOSITION_GAUGE,
        .help = "Batches that wait for the writer.",
        .value = QUEUED},
    {.name = "reckoner_writer_queue_max",
        .kind = EXPOSITION_GAUGE,
        .help = "Batches that may wait for the writer, and as many of @parallel endpoints: those beyond are "
                "answered 503.",
        .value = QUEUE_MAX},
};

static struct writer_stats stats_of(const struct context *context, size_t service)
{
    return writer_stats(context->services[service].writer);
}

static bool read_app(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct writer_stats stats = stats_of(context, service);
    uint64_t failed = 0;
    for (size_t i = 0; i < BATCH_OUTCOMES; i++) {
        ret_values[i] = stats.outcomes[i];
        if (outcomes[i] == NULL || i == ERR_STORE)
            failed += stats.outcomes[i];
    }
    ret_values[ERR_STORE] = failed;
    ret_values[ROWS] = stats.rows;
    ret_values[QUEUED] = stats.queued;
    ret_values[QUEUE_MAX] = stats.max_queued;
    return true;
}

static void write_seconds(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_batch_duration_seconds", EXPOSITION_HISTOGRAM,
        "Batches that are over, and the seconds from their way into the writer's queue to their end.");
    for (size_t i = 0; i < context->service_count; i++) {
        struct writer_stats stats = stats_of(context, i);
        exposition_histogram(
            out, "reckoner_batch_duration_seconds", metrics_app_label(labels, context, i), &stats.seconds);
    }
}

static void write_oldest(const struct context *context, struct buf *labels, struct buf *out)
{
    exposition_family(out, "reckoner_writer_oldest_seconds", EXPOSITION_GAUGE,
        "The age of the oldest batch that waits or is being written; 0: there is none.");
    for (size_t i = 0; i < context->service_count; i++)
        exposition_number(out, "reckoner_writer_oldest_seconds", metrics_app_label(labels, context, i),
            metrics_age_s(stats_of(context, i).oldest_ns));
}

void metrics_batches(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    metrics_by_app(context, batch_families, ARRAY_LEN(batch_families), read_app, out);
    write_seconds(context, &labels, out);
    metrics_by_app(context, queue_families, ARRAY_LEN(queue_families), read_app, out);
    write_oldest(context, &labels, out);
}
