// SPDX-License-Identifier: Apache-2.0
// Writes metrics as Prometheus reads them: the text format 0.0.4. All samples of a family stand together, so
// a writer begins the family and then writes its samples. Failures stick in the buffer.
#ifndef RECKONER_TEXT_EXPOSITION_H
#define RECKONER_TEXT_EXPOSITION_H

#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "base/span.h"

#define EXPOSITION_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum exposition_kind {
    EXPOSITION_COUNTER, // its name ends with _total
    EXPOSITION_GAUGE,
    EXPOSITION_HISTOGRAM, // in seconds
};

// Begins a family; `help` is one line, without backslashes.
void exposition_family(struct buf *out, const char *name, enum exposition_kind kind, const char *help);

// Adds a label to `labels`, which samples then take: `app="rates",method="GET"`. The value may have any
// bytes.
void exposition_label(struct buf *labels, const char *name, struct span value);

// A sample; `labels` may be empty.
void exposition_count(struct buf *out, const char *name, struct span labels, uint64_t value);
void exposition_number(struct buf *out, const char *name, struct span labels, double value);

// A family of one sample, which has no labels.
void exposition_single_count(
    struct buf *out, const char *name, enum exposition_kind kind, const char *help, uint64_t value);
void exposition_single_number(
    struct buf *out, const char *name, enum exposition_kind kind, const char *help, double value);

// The samples of one histogram: its buckets, sum and count.
void exposition_histogram(
    struct buf *out, const char *name, struct span labels, const struct histogram_view *view);

#endif
