// SPDX-License-Identifier: Apache-2.0
// Puts the parts together. On the scrape's thread.
#include "serve/metrics.h"

void metrics_write(void *context, struct buf *out)
{
    metrics_process(context, out);
    metrics_work(context, out);
    metrics_batches(context, out);
    metrics_memory(context, out);
    metrics_jobs(context, out);
    metrics_files(context, out);
    metrics_histories(context, out);
    metrics_hooks(context, out);
    metrics_stores(context, out);
    metrics_tls(context, out);
    metrics_requests(context, out);
}
