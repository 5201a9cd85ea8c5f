// SPDX-License-Identifier: Apache-2.0
// Hooks, as the couriers of this process know them; no store is asked. On PostgreSQL each node shows what
// waits for all, as it counted it last, and counts what it has sent itself.
#include "hooks/courier.h"
#include "serve/app_hooks.h"
#include "serve/metrics.h"
#include "text/exposition.h"

enum { LABELS_BYTES = 1024 };

static uint64_t waiting_of(const struct courier_stats *stats)
{
    return (uint64_t)stats->counts.waiting;
}

static uint64_t age_of(const struct courier_stats *stats)
{
    int64_t age_ms = stats->counts.oldest_ms > 0 ? stats->now_ms - stats->counts.oldest_ms : 0;
    return age_ms > 0 ? (uint64_t)age_ms / 1000 : 0;
}

static uint64_t delivered_of(const struct courier_stats *stats)
{
    return stats->delivered;
}

static uint64_t failed_of(const struct courier_stats *stats)
{
    return stats->failed;
}

static uint64_t given_up_of(const struct courier_stats *stats)
{
    return stats->given_up;
}

static const struct {
    const char *name;
    enum exposition_kind kind;
    const char *help;
    uint64_t (*of)(const struct courier_stats *stats);
} families[] = {
    {"reckoner_hooks_waiting", EXPOSITION_GAUGE, "Hooks that are to be delivered.", waiting_of},
    {"reckoner_hooks_oldest_seconds", EXPOSITION_GAUGE, "Age of the oldest of them; 0: there is none.",
        age_of},
    {"reckoner_hooks_delivered_total", EXPOSITION_COUNTER, "Hooks that this process has delivered.",
        delivered_of},
    {"reckoner_hook_failures_total", EXPOSITION_COUNTER, "Tries of hooks by this process that failed.",
        failed_of},
    {"reckoner_hooks_given_up_total", EXPOSITION_COUNTER, "Hooks that this process has given up.",
        given_up_of},
};

void metrics_hooks(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        exposition_family(out, families[i].name, families[i].kind, families[i].help);
        for (size_t j = 0; j < context->service_count; j++) {
            struct courier *courier = app_hooks_of(context->hooks, j);
            if (courier == NULL)
                continue;
            struct courier_stats stats = courier_stats(courier);
            buf_clear(&labels);
            exposition_label(&labels, "app", span_of(context->services[j].app->name));
            exposition_count(out, families[i].name, buf_span(&labels), families[i].of(&stats));
        }
    }
}
