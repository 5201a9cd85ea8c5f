// SPDX-License-Identifier: Apache-2.0
// Rows that have gone to archives, as the mover of this process knows them from its last step; no store is
// asked. On PostgreSQL each node counts the rows that it has moved itself.
#include "serve/app_histories.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

static void each_table(const struct context *context, struct buf *out,
    void (*write)(struct buf *out, struct span labels, const struct history_mover_table *table))
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    for (size_t i = 0; i < context->service_count; i++) {
        struct history_mover *mover = app_histories_of(context->history, i);
        struct history_mover_table table;
        for (size_t j = 0; mover != NULL && history_mover_table(mover, j, &table); j++) {
            (void)metrics_app_label(&labels, context, i);
            exposition_label(&labels, "table", span_of(table.name));
            write(out, buf_span(&labels), &table);
        }
    }
}

static void write_rows(struct buf *out, struct span labels, const struct history_mover_table *table)
{
    exposition_count(out, "reckoner_history_rows_total", labels, table->rows);
}

static void write_oldest(struct buf *out, struct span labels, const struct history_mover_table *table)
{
    exposition_count(out, "reckoner_history_oldest_days", labels,
        table->oldest_days > 0 ? (uint64_t)table->oldest_days : 0);
}

void metrics_histories(const struct context *context, struct buf *out)
{
    exposition_family(out, "reckoner_history_rows_total", EXPOSITION_COUNTER,
        "Old rows that this process has moved to an archive, by the table of its [history].");
    each_table(context, out, write_rows);
    exposition_family(out, "reckoner_history_oldest_days", EXPOSITION_GAUGE,
        "Age in days of the oldest row that is not archived, at the last look; 0: there is none.");
    each_table(context, out, write_oldest);
}
