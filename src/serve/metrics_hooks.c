// SPDX-License-Identifier: Apache-2.0
// Hooks, as the couriers of this process know them; no store is asked. On PostgreSQL each node shows what
// waits for all, as it counted it last, and counts what it has sent itself.
#include "hooks/courier.h"
#include "serve/app_hooks.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

enum { WAITING, OLDEST, DELIVERED, FAILED, GIVEN_UP };

static const struct metrics_family families[] = {
    {.name = "reckoner_hooks_waiting",
        .kind = EXPOSITION_GAUGE,
        .help = "Hooks that are to be delivered.",
        .value = WAITING},
    {.name = "reckoner_hooks_oldest_seconds",
        .kind = EXPOSITION_GAUGE,
        .help = "Age of the oldest of them; 0: there is none.",
        .value = OLDEST},
    {.name = "reckoner_hooks_delivered_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Hooks that this process has delivered.",
        .value = DELIVERED},
    {.name = "reckoner_hook_failures_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Tries of hooks by this process that failed.",
        .value = FAILED},
    {.name = "reckoner_hooks_given_up_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Hooks that this process has given up.",
        .value = GIVEN_UP},
};

static bool read_app(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    struct courier *courier = app_hooks_of(context->hooks, service);
    if (courier == NULL)
        return false;
    struct courier_stats stats = courier_stats(courier);
    int64_t age_ms = stats.counts.oldest_ms > 0 ? stats.now_ms - stats.counts.oldest_ms : 0;
    ret_values[WAITING] = (uint64_t)stats.counts.waiting;
    ret_values[OLDEST] = age_ms > 0 ? (uint64_t)age_ms / 1000 : 0;
    ret_values[DELIVERED] = stats.delivered;
    ret_values[FAILED] = stats.failed;
    ret_values[GIVEN_UP] = stats.given_up;
    return true;
}

void metrics_hooks(const struct context *context, struct buf *out)
{
    metrics_by_app(context, families, ARRAY_LEN(families), read_app, out);
}
