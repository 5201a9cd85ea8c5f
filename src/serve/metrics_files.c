// SPDX-License-Identifier: Apache-2.0
// Watched files, as the receiver of this process has seen them in its last round, within a second or so, or
// longer while it is at a file; no folder is read. Apps that have never watched any have no samples.
#include "base/clock.h"
#include "serve/app_files.h"
#include "serve/metrics.h"
#include "text/exposition.h"

enum { LABELS_BYTES = 1024 };

static struct span label(struct buf *labels, const struct context *context, size_t service)
{
    buf_clear(labels);
    exposition_label(labels, "app", span_of(context->services[service].app->name));
    return buf_span(labels);
}

static void write_waiting(const struct context *context, struct buf *labels, struct buf *out)
{
    struct receiver_stats stats;
    exposition_family(out, "reckoner_files_waiting", EXPOSITION_GAUGE,
        "Files that lie in watched folders, not yet whole, not yet taken, or put off.");
    for (size_t i = 0; i < context->service_count; i++) {
        if (app_files_stats(context->files, i, &stats))
            exposition_count(out, "reckoner_files_waiting", label(labels, context, i), stats.waiting);
    }
    exposition_family(out, "reckoner_files_oldest_seconds", EXPOSITION_GAUGE,
        "Since when the oldest of them lies there; 0: there is none.");
    for (size_t i = 0; i < context->service_count; i++) {
        if (!app_files_stats(context->files, i, &stats))
            continue;
        int64_t age_ms = stats.waiting > 0 ? clock_wall_ms() - (int64_t)stats.oldest_ms : 0;
        exposition_count(out, "reckoner_files_oldest_seconds", label(labels, context, i),
            age_ms > 0 ? (uint64_t)age_ms / 1000 : 0);
    }
}

static void write_outcomes(const struct context *context, struct buf *labels, struct buf *out)
{
    static const char *const outcomes[FILE_OUTCOMES] = {[FILE_OUTCOME_DONE] = "done",
        [FILE_OUTCOME_KNOWN] = "known",
        [FILE_OUTCOME_REJECTED] = "rejected",
        [FILE_OUTCOME_STAYS] = "tried_again"};
    struct receiver_stats stats;
    exposition_family(out, "reckoner_files_total", EXPOSITION_COUNTER,
        "Tries of watched files by this process, by what became of them.");
    for (size_t i = 0; i < context->service_count; i++) {
        bool has_some = app_files_stats(context->files, i, &stats);
        for (size_t j = 0; has_some && j < FILE_OUTCOMES; j++) {
            (void)label(labels, context, i);
            exposition_label(labels, "outcome", span_of(outcomes[j]));
            exposition_count(out, "reckoner_files_total", buf_span(labels), stats.outcomes[j]);
        }
    }
}

void metrics_files(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    write_waiting(context, &labels, out);
    write_outcomes(context, &labels, out);
}
