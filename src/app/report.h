// SPDX-License-Identifier: Apache-2.0
// All faults of one request or batch: its bad rows or its bad parameters. Of any number of faults the first
// LIMIT_ROW_REPORTS by line are kept, and all are counted. One thread at a time.
#ifndef RECKONER_APP_REPORT_H
#define RECKONER_APP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

// One fault. Spans with a NULL pointer are absent.
struct fault {
    int64_t line;          // of the row in the input; 0: not about a row
    struct span field;     // of the row
    struct span parameter; // of the query
    struct span value;     // as it came; absent when there was none
    struct span code;      // for programs: "required", "unknown_port"
    struct span detail;    // in words
};

struct kept_fault;

struct report {
    struct kept_fault **kept; // owned
    size_t kept_count;        // in use; up to twice the limit before they are sorted out
    size_t total;             // faults found, kept or not
    int status;               // HTTP status of the first @reject that found something; 0: none did
    bool is_cut;              // rows behind these faults were not read
};

// A zeroed report is an empty one. Frees; NULL is fine.
void report_fini(struct report *report);

// Adds a copy of a fault, its value cut to LIMIT_REPORT_VALUE_BYTES. ERR_NO_MEMORY.
MUST_CHECK enum err_code report_add(struct report *report, const struct fault *fault);

// Makes a copy with all kept faults. ERR_NO_MEMORY.
MUST_CHECK enum err_code report_copy(const struct report *report, struct report *ret_copy);

// Sorts the kept faults by line and cuts them down to the limit. The caller calls it when it has added all.
void report_finish(struct report *report);

// Appends the kept faults as a JSON array of objects:
// {"line":3,"field":"price","value":"x","code":"type","detail":"must be …"}, without the members that are
// absent. Failures stick to `out`.
void report_write(const struct report *report, struct buf *out);

// The i-th kept fault, i < kept_count; borrows the report.
const struct fault *report_fault(const struct report *report, size_t i);

#endif
