// SPDX-License-Identifier: Apache-2.0
// The text of /-/metrics: what a server's parts count, in Prometheus' format. docs/metrics.md says what each
// family means; a test holds the two together.
#ifndef RECKONER_SERVE_METRICS_H
#define RECKONER_SERVE_METRICS_H

#include "base/buf.h"
#include "serve/context.h"

// Writes all of it; `context` is a struct context, as scraper_new wants it. Waits for nothing but locks that
// are held for some instructions. On the scrape's thread.
void metrics_write(void *context, struct buf *out);

// Its parts, each a file of that name.
void metrics_requests(const struct context *context, struct buf *out);
void metrics_work(const struct context *context, struct buf *out);
void metrics_batches(const struct context *context, struct buf *out);
void metrics_memory(const struct context *context, struct buf *out);
void metrics_histories(const struct context *context, struct buf *out);
void metrics_hooks(const struct context *context, struct buf *out);
void metrics_jobs(const struct context *context, struct buf *out);
void metrics_files(const struct context *context, struct buf *out);
void metrics_stores(const struct context *context, struct buf *out);
void metrics_tls(const struct context *context, struct buf *out);
void metrics_process(const struct context *context, struct buf *out);

#endif
