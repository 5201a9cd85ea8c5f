// SPDX-License-Identifier: Apache-2.0
// Watched files, as the receiver of this process has seen them in its last round, within a second or so, or
// longer while it is at a file; no folder is read. Apps that have never watched any have no samples.
#include "base/clock.h"
#include "serve/app_files.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

enum { WAITING, OLDEST, OUTCOMES };

_Static_assert(
    (int)OUTCOMES + (int)FILE_OUTCOMES <= (int)METRICS_VALUES, "no room for the outcomes of files");

static const char *const outcomes[FILE_OUTCOMES] = {[FILE_OUTCOME_DONE] = "done",
    [FILE_OUTCOME_KNOWN] = "known",
    [FILE_OUTCOME_REJECTED] = "rejected",
    [FILE_OUTCOME_STAYS] = "tried_again"};

static const struct metrics_family families[] = {
    {.name = "reckoner_files_waiting",
        .kind = EXPOSITION_GAUGE,
        .help = "Files that lie in watched folders, not yet whole, not yet taken, or put off.",
        .value = WAITING},
    {.name = "reckoner_files_oldest_seconds",
        .kind = EXPOSITION_GAUGE,
        .help = "Since when the oldest of them lies there; 0: there is none.",
        .value = OLDEST},
    {.name = "reckoner_files_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Tries of watched files by this process, by what became of them.",
        .value = OUTCOMES,
        .label = "outcome",
        .words = outcomes,
        .count = FILE_OUTCOMES},
};

static bool read_app(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct receiver_stats stats;
    if (!app_files_stats(context->files, service, &stats))
        return false;
    int64_t age_ms = stats.waiting > 0 ? clock_wall_ms() - (int64_t)stats.oldest_ms : 0;
    ret_values[WAITING] = stats.waiting;
    ret_values[OLDEST] = age_ms > 0 ? (uint64_t)age_ms / 1000 : 0;
    for (size_t i = 0; i < FILE_OUTCOMES; i++)
        ret_values[OUTCOMES + i] = stats.outcomes[i];
    return true;
}

void metrics_files(const struct context *context, struct buf *out)
{
    metrics_by_app(context, families, ARRAY_LEN(families), read_app, out);
}
