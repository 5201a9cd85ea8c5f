// SPDX-License-Identifier: Apache-2.0
// Sends spans to a collector: OTLP over HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/), from a
// thread of its own. Spans that find no room, or no collector, are dropped and counted: no request waits for
// them.
#ifndef RECKONER_SERVE_EXPORTER_H
#define RECKONER_SERVE_EXPORTER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/log.h"
#include "serve/span_record.h"

struct exporter;

// For the collector at `url`, "http://127.0.0.1:4318/v1/traces", which is borrowed like the log, to which is
// told when the collector goes and comes back. ERR_CONFIG: that is no URL; ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code exporter_new(
    const char *url, struct log *log, struct exporter **ret_exporter, struct err *err);

// Sends what waits, and ends the thread. That takes LIMIT_EXPORT_MS at most, with the request that is under
// way: what the collector has not taken by then is lost. NULL is fine.
void exporter_free(struct exporter *exporter);

// How long a request to the collector may take that begins at `now_ns`; `end_ns`: when the end of the
// exporter is over at the latest, 0: it has not begun. 0: there is no time left. One that was begun before
// the end is over in time by itself.
long exporter_time_ms(uint64_t end_ns, uint64_t now_ns);

// Copied. Any thread.
void exporter_add(struct exporter *exporter, const struct span_record *record);

#endif
