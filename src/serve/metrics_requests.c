// SPDX-License-Identifier: Apache-2.0
// Requests by series and status, and where answers came from: what tally.h adds up. Labels are names of the
// apps' own, methods, route templates and statuses; nothing that a client has sent is among them.
#include "base/limits.h"
#include "base/mem.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

enum { LABELS_BYTES = 4 * LIMIT_PATH_BYTES }; // a path may have to be escaped

static void label_series(struct buf *labels, const struct tally *tally, uint32_t series)
{
    struct tally_names names = tally_names(tally, series);
    buf_clear(labels);
    exposition_label(labels, "app", span_of(names.app));
    exposition_label(labels, "method", span_of(names.method));
    exposition_label(labels, "route", span_of(names.route));
}

static void label_sum(struct buf *labels, const struct tally *tally, const struct tally_sum *sum)
{
    char status[16];
    label_series(labels, tally, sum->series);
    int len = snprintf(status, sizeof(status), "%d", sum->status);
    struct span text = sum->status != 0 ? (struct span){.at = status, .len = (size_t)len} : span_of("other");
    exposition_label(labels, "status", text);
}

struct sums {
    const struct tally_sum *items;
    size_t count;
};

static void write_seconds(
    const struct tally *tally, const struct sums *sums, struct buf *labels, struct buf *out)
{
    static const char name[] = "reckoner_http_request_duration_seconds";
    exposition_family(out, name, EXPOSITION_HISTOGRAM,
        "Requests that are over, and the seconds from their heads to the ends of their answers.");
    for (size_t i = 0; i < sums->count; i++) {
        label_sum(labels, tally, &sums->items[i]);
        exposition_histogram(out, name, buf_span(labels), &sums->items[i].seconds);
    }
}

static void write_sent(
    const struct tally *tally, const struct sums *sums, struct buf *labels, struct buf *out)
{
    static const char name[] = "reckoner_http_response_bytes_total";
    exposition_family(
        out, name, EXPOSITION_COUNTER, "Bytes of the bodies of answers that were handed to clients.");
    for (size_t i = 0; i < sums->count; i++) {
        label_sum(labels, tally, &sums->items[i]);
        exposition_count(out, name, buf_span(labels), sums->items[i].sent_bytes);
    }
}

static void write_received(
    const struct tally *tally, const struct sums *sums, struct buf *labels, struct buf *out)
{
    static const char name[] = "reckoner_http_request_bytes_total";
    exposition_family(out, name, EXPOSITION_COUNTER, "Bytes of the bodies of requests, without framing.");
    for (size_t i = 0; i < sums->count; i++) {
        if (sums->items[i].received_bytes == 0)
            continue; // hardly any route takes bodies
        label_sum(labels, tally, &sums->items[i]);
        exposition_count(out, name, buf_span(labels), sums->items[i].received_bytes);
    }
}

static void write_sources(const struct tally *tally, struct buf *labels, struct buf *out)
{
    static const char name[] = "reckoner_cache_requests_total";
    static const char *const sources[TALLY_CACHES] = {
        [TALLY_CACHE_NEAR] = "near",
        [TALLY_CACHE_KEPT] = "kept",
        [TALLY_CACHE_JOINED] = "joined",
        [TALLY_CACHE_MISS] = "miss",
        [TALLY_CACHE_STALE] = "stale",
        [TALLY_CACHE_REQUEST] = "request",
        [TALLY_CACHE_BYPASS] = "bypass",
    };
    exposition_family(out, name, EXPOSITION_COUNTER,
        "Reads by where their answers came from: near and kept ones were kept, joined ones were read for "
        "another request, all others were read.");
    size_t count = tally_series_count(tally);
    for (uint32_t series = TALLY_FIRST; series < count; series++) {
        for (enum tally_cache cache = TALLY_CACHE_NEAR; cache < TALLY_CACHES; cache++) {
            uint64_t requests = tally_cache_count(tally, series, cache);
            if (requests == 0)
                continue;
            label_series(labels, tally, series);
            exposition_label(labels, "source", span_of(sources[cache]));
            exposition_count(out, name, buf_span(labels), requests);
        }
    }
}

static void write_size(const struct tally *tally, struct buf *out)
{
    exposition_single_count(out, "reckoner_http_series", EXPOSITION_GAUGE,
        "Routes that are counted apart, with those that are gone.", tally_series_count(tally));
    exposition_single_count(out, "reckoner_http_series_max", EXPOSITION_GAUGE,
        "How many such routes there may be: all beyond count as route=\"other\".", LIMIT_SERIES);
    exposition_single_count(out, "reckoner_http_uncounted_total", EXPOSITION_COUNTER,
        "Requests that are in no other counter, for want of memory.", tally_lost(tally));
}

static bool read_refusals(const struct context *context, size_t service, uint64_t ret_values[METRICS_VALUES])
{
    if (context->limits == NULL)
        return false;
    ret_values[0] = limits_refusals(context->limits, service);
    return true;
}

static void write_refusals(const struct context *context, struct buf *out)
{
    const struct metrics_family refusals = {.name = "reckoner_plan_refusals_total",
        .kind = EXPOSITION_COUNTER,
        .help = "Requests that were answered 429, as a plan allows no more."};
    metrics_by_app(context, &refusals, 1, read_refusals, out);
}

void metrics_requests(const struct context *context, struct buf *out)
{
    struct tally *tally = context->editions.tally;
    struct tally_sum *items = NULL;
    struct sums sums = {0};
    if (!tally_read(tally, &items, &sums.count)) {
        out->status = ERR_NO_MEMORY;
        return;
    }
    sums.items = items;
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, LABELS_BYTES);
    write_seconds(tally, &sums, &labels, out);
    write_sent(tally, &sums, &labels, out);
    write_received(tally, &sums, &labels, out);
    write_sources(tally, &labels, out);
    write_refusals(context, out);
    write_size(tally, out);
    mem_free(items);
}
