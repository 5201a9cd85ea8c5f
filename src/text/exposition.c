// SPDX-License-Identifier: Apache-2.0
// Lines of text, by prometheus.io/docs/instrumenting/exposition_formats. A scrape of many series has some
// hundred thousand of them, so numbers are written by hand where that is easy. Any thread.
#include "text/exposition.h"

#include <math.h>

#include "base/clock.h"

enum { DIGITS = 20 };

void exposition_family(struct buf *out, const char *name, enum exposition_kind kind, const char *help)
{
    static const char *const kinds[] = {
        [EXPOSITION_COUNTER] = "counter",
        [EXPOSITION_GAUGE] = "gauge",
        [EXPOSITION_HISTOGRAM] = "histogram",
    };
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kinds[kind]);
}

void exposition_label(struct buf *labels, const char *name, struct span value)
{
    if (labels->len > 0)
        buf_append_byte(labels, ',');
    buf_append_str(labels, name);
    buf_append_str(labels, "=\"");
    for (size_t i = 0; i < value.len; i++) {
        char byte = value.at[i];
        if (byte == '\n') {
            buf_append_str(labels, "\\n");
            continue;
        }
        if (byte == '"' || byte == '\\')
            buf_append_byte(labels, '\\');
        buf_append_byte(labels, byte);
    }
    buf_append_byte(labels, '"');
}

static void append_count(struct buf *out, uint64_t value)
{
    char digits[DIGITS];
    size_t at = DIGITS;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_append(out, digits + at, DIGITS - at);
}

static void append_number(struct buf *out, double value)
{
    if (isnan(value))
        buf_append_str(out, "NaN");
    else if (isinf(value))
        buf_append_str(out, value > 0 ? "+Inf" : "-Inf");
    else
        buf_printf(out, "%.15g", value);
}

// `suffix` and `le` may be empty.
static void begin_sample(
    struct buf *out, const char *name, const char *suffix, struct span labels, const char *le)
{
    buf_append_str(out, name);
    buf_append_str(out, suffix);
    if (labels.len > 0 || le[0] != '\0') {
        buf_append_byte(out, '{');
        buf_append(out, labels.at, labels.len);
        if (le[0] != '\0') {
            buf_append_str(out, labels.len > 0 ? ",le=\"" : "le=\"");
            buf_append_str(out, le);
            buf_append_byte(out, '"');
        }
        buf_append_byte(out, '}');
    }
    buf_append_byte(out, ' ');
}

void exposition_count(struct buf *out, const char *name, struct span labels, uint64_t value)
{
    begin_sample(out, name, "", labels, "");
    append_count(out, value);
    buf_append_byte(out, '\n');
}

void exposition_number(struct buf *out, const char *name, struct span labels, double value)
{
    begin_sample(out, name, "", labels, "");
    append_number(out, value);
    buf_append_byte(out, '\n');
}

void exposition_single_count(
    struct buf *out, const char *name, enum exposition_kind kind, const char *help, uint64_t value)
{
    exposition_family(out, name, kind, help);
    exposition_count(out, name, span_of(""), value);
}

void exposition_single_number(
    struct buf *out, const char *name, enum exposition_kind kind, const char *help, double value)
{
    exposition_family(out, name, kind, help);
    exposition_number(out, name, span_of(""), value);
}

void exposition_histogram(
    struct buf *out, const char *name, struct span labels, const struct histogram_view *view)
{
    // Of histogram_bounds_ns, as they are written for ever: a series is known by the text of its labels.
    static const char *const bounds[HISTOGRAM_BUCKETS] = {"0.0001", "0.00025", "0.0005", "0.001", "0.0025",
        "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"};
    uint64_t count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += view->counts[i];
        begin_sample(out, name, "_bucket", labels, bounds[i]);
        append_count(out, count);
        buf_append_byte(out, '\n');
    }
    begin_sample(out, name, "_sum", labels, "");
    append_number(out, (double)view->sum_ns / (double)NS_PER_S);
    buf_append_byte(out, '\n');
    begin_sample(out, name, "_count", labels, "");
    append_count(out, count);
    buf_append_byte(out, '\n');
}
