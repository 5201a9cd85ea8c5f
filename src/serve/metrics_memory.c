// SPDX-License-Identifier: Apache-2.0
// Kept answers, and the budgets of memory and temporary files.
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

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
        metrics_write_labelled(out, "reckoner_budget_used_bytes", "budget", budgets[i].name, budgets[i].used);
    exposition_family(out, "reckoner_budget_max_bytes", EXPOSITION_GAUGE,
        "How much of it there is: requests beyond are answered 503.");
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++)
        metrics_write_labelled(out, "reckoner_budget_max_bytes", "budget", budgets[i].name, budgets[i].max);
}

void metrics_memory(const struct context *context, struct buf *out)
{
    write_cache(context, out);
    write_budgets(context, out);
}
