// SPDX-License-Identifier: Apache-2.0
// Goes by families first and by apps then, as samples of a family have to stand together. So an app is read
// once for each family, as its numbers are in memory.
#include "serve/metrics_samples.h"

#include "base/clock.h"

double metrics_age_s(uint64_t since_ns)
{
    uint64_t now_ns = clock_monotonic_ns();
    return since_ns != 0 && now_ns > since_ns ? (double)(now_ns - since_ns) / (double)NS_PER_S : 0.0;
}

void metrics_write_labelled(
    struct buf *out, const char *name, const char *label, const char *value, uint64_t number)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    exposition_label(&labels, label, span_of(value));
    exposition_count(out, name, buf_span(&labels), number);
}

struct span metrics_app_label(struct buf *labels, const struct context *context, size_t service)
{
    buf_clear(labels);
    exposition_label(labels, "app", span_of(context->services[service].app->name));
    return buf_span(labels);
}

static void write_samples(const struct context *context, const struct metrics_family *family, size_t service,
    const uint64_t *values, struct buf *labels, struct buf *out)
{
    if (family->label == NULL) {
        exposition_count(
            out, family->name, metrics_app_label(labels, context, service), values[family->value]);
        return;
    }
    for (size_t i = 0; i < family->count; i++) {
        if (family->words[i] == NULL)
            continue;
        (void)metrics_app_label(labels, context, service);
        exposition_label(labels, family->label, span_of(family->words[i]));
        exposition_count(out, family->name, buf_span(labels), values[family->value + i]);
    }
}

void metrics_by_app(const struct context *context, const struct metrics_family *families, size_t count,
    bool (*read)(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES]),
    struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    for (size_t i = 0; i < count; i++) {
        exposition_family(out, families[i].name, families[i].kind, families[i].help);
        for (size_t service = 0; service < context->service_count; service++) {
            uint64_t values[METRICS_VALUES];
            if (read(context, service, values))
                write_samples(context, &families[i], service, values, &labels, out);
        }
    }
}
