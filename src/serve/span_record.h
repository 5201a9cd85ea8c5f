// SPDX-License-Identifier: Apache-2.0
// A span as it is told: a line of a log, or a member of an OTLP request
// (https://opentelemetry.io/docs/specs/otlp/, JSON over HTTP). Any thread.
#ifndef RECKONER_SERVE_SPAN_RECORD_H
#define RECKONER_SERVE_SPAN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/span.h"

// A fact about a span, by its name in OpenTelemetry's conventions.
struct attribute {
    const char *name; //
    struct span text; //
    uint64_t number;  // in its place, if
    bool is_number;   // this is true
};

struct span_record {
    const char *trace_id;               // hexadecimal, as the next
    const char *parent_id;              //
    uint64_t id;                        //
    struct span name;                   //
    bool is_server;                     // it is all that the server did; else a part of that
    bool has_failed;                    //
    uint64_t start_ns;                  // since 1970-01-01
    uint64_t end_ns;                    //
    const struct attribute *attributes; //
    size_t attribute_count;             //
};

enum { SPAN_RECORD_ID_CHARS = 17 }; // hexadecimal digits and a NUL

void span_record_id(uint64_t id, char ret_text[SPAN_RECORD_ID_CHARS]);

// A line of the log, in its form.
void span_record_log(const struct span_record *record, struct log *log);

// Appends the JSON object of the span, as a member of `scopeSpans[].spans` has it.
void span_record_write_otlp(const struct span_record *record, struct buf *out);

#endif
