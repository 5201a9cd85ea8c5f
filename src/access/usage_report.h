// SPDX-License-Identifier: Apache-2.0
// Usage as programs read it: JSON, NDJSON or CSV, appended to a buffer. A failure to append sticks to the
// buffer.
//
//     {"from":"2026-10-01","to":"2026-10-31","usage":[{"app":…,"day":…,"client":…,"endpoint":…,"requests":…,
//         "cached":…,"failed":…,"rows":…,"bytes":…,"batch_rows":…}, …],"total":{"requests":…, …}}
//
// NDJSON and CSV have the rows alone. The client of requests that nobody is known for is an empty text.
#ifndef RECKONER_ACCESS_USAGE_REPORT_H
#define RECKONER_ACCESS_USAGE_REPORT_H

#include "access/usage_period.h"
#include "access/usage_table.h"
#include "app/endpoint.h"
#include "base/buf.h"

struct usage_report {
    enum answer_format format; // any but FORMAT_TEXT
    struct buf *out;           // borrowed
    struct usage_counts total; // of all rows so far
    uint64_t rows;             // so far
};

// Writes what stands before the rows; fills `report`.
void usage_report_start(
    struct usage_report *report, enum answer_format format, struct usage_period period, struct buf *out);

// Writes the rows of one app in the order of the table.
void usage_report_add(struct usage_report *report, const char *app, const struct usage_table *table);

// Writes what stands behind the rows.
void usage_report_end(struct usage_report *report);

#endif
