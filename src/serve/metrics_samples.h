// SPDX-License-Identifier: Apache-2.0
// Samples as several files of metrics write them: one for each app, or some of them, by what became of
// something, say. On the scrape's thread.
#ifndef RECKONER_SERVE_METRICS_SAMPLES_H
#define RECKONER_SERVE_METRICS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/context.h"
#include "text/exposition.h"

enum {
    METRICS_LABELS_BYTES = 1024, // of the labels of a sample, at most
    METRICS_VALUES = 32,         // of an app, at most
};

struct metrics_family {
    const char *name;
    enum exposition_kind kind;
    const char *help;
    size_t value;             // the number of its first value among those of an app
    const char *label;        // beside the app; NULL: it has one value
    const char *const *words; // of that label, one for each value; a NULL among them is passed over
    size_t count;             // of words
};

// Writes families of counts. `read` sets all values of an app, as many as the families have; false when the
// app has no samples of them.
void metrics_by_app(const struct context *context, const struct metrics_family *families, size_t count,
    bool (*read)(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES]),
    struct buf *out);

// Sets `labels` to the app of a service: for samples that are no counts, or have labels of other kinds behind
// it. Valid until `labels` changes.
struct span metrics_app_label(struct buf *labels, const struct context *context, size_t service);

// A sample with one label.
void metrics_write_labelled(
    struct buf *out, const char *name, const char *label, const char *value, uint64_t number);

// Seconds since a moment of the monotonic clock; 0.0 where that is 0 or to come.
double metrics_age_s(uint64_t since_ns);

#endif
