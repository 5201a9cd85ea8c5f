// SPDX-License-Identifier: Apache-2.0
// The bounds, and what need not be inlined. The total is made of the buckets and is no number of its own, so
// a view's buckets and its total always fit.
#include "base/histogram.h"

#include "base/clock.h"

// Three a decade: near enough for a p99, and few enough for a series of each endpoint.
const uint64_t histogram_bounds_ns[HISTOGRAM_BUCKETS - 1] = {
    100 * NS_PER_US,
    250 * NS_PER_US,
    500 * NS_PER_US,
    1 * NS_PER_MS,
    2500 * NS_PER_US,
    5 * NS_PER_MS,
    10 * NS_PER_MS,
    25 * NS_PER_MS,
    50 * NS_PER_MS,
    100 * NS_PER_MS,
    250 * NS_PER_MS,
    500 * NS_PER_MS,
    1 * NS_PER_S,
    2500 * NS_PER_MS,
    5 * NS_PER_S,
    10 * NS_PER_S,
};

void histogram_count_shared(struct histogram *histogram, uint64_t ns)
{
    atomic_fetch_add_explicit(&histogram->counts[histogram_bucket(ns)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, ns, memory_order_relaxed);
}

void histogram_read(const struct histogram *histogram, struct histogram_view *view)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        view->counts[i] += counter_read(&histogram->counts[i]);
    view->sum_ns += counter_read(&histogram->sum_ns);
}

uint64_t histogram_total(const struct histogram_view *view)
{
    uint64_t total = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        total += view->counts[i];
    return total;
}
