// SPDX-License-Identifier: Apache-2.0
// Three forms of the same facts.
#include "serve/span_record.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "serve/json_line.h"
#include "text/json_write.h"
#include "text/timestamp.h"

enum { KIND_INTERNAL = 1, KIND_SERVER = 2, STATUS_ERROR = 2 }; // of opentelemetry/proto/trace/v1

void span_record_id(uint64_t id, char ret_text[SPAN_RECORD_ID_CHARS])
{
    snprintf(ret_text, SPAN_RECORD_ID_CHARS, "%016" PRIx64, id);
}

static void write_start(const struct span_record *record, char ret_start[TIMESTAMP_CHARS])
{
    timestamp_format((int64_t)(record->start_ns / NS_PER_US), true, ret_start);
}

static void log_text(const struct span_record *record, const char *id, const char *start, struct log *log)
{
    log_printf(log, "span: %.*s: trace %s, span %s of %s: %s %.3fms", (int)record->name.len, record->name.at,
        record->trace_id, id, record->parent_id, start,
        (double)(record->end_ns - record->start_ns) / (double)NS_PER_MS);
}

static void log_json(const struct span_record *record, const char *id, const char *start, struct log *log)
{
    AUTO(json_line_fini) struct json_line json;
    json_line_init(&json, "span");
    json_line_text(&json, "name", record->name);
    json_line_text(&json, "trace_id", span_of(record->trace_id));
    json_line_text(&json, "span_id", span_of(id));
    json_line_text(&json, "parent_id", span_of(record->parent_id));
    json_line_text(&json, "start", span_of(start));
    json_line_seconds(&json, "seconds", record->end_ns - record->start_ns);
    struct buf *out = json_line_value(&json, "attributes");
    for (size_t i = 0; i < record->attribute_count; i++) {
        const struct attribute *attribute = &record->attributes[i];
        buf_printf(out, "%s\"%s\":", i == 0 ? "{" : ",", attribute->name);
        if (attribute->is_number)
            buf_printf(out, "%" PRIu64, attribute->number);
        else
            json_write_string(out, attribute->text);
    }
    buf_append_str(out, record->attribute_count == 0 ? "{}" : "}");
    json_line_log(&json, log);
}

void span_record_log(const struct span_record *record, struct log *log)
{
    char id[SPAN_RECORD_ID_CHARS], start[TIMESTAMP_CHARS];
    span_record_id(record->id, id);
    write_start(record, start);
    if (log_has_form(log))
        log_json(record, id, start, log);
    else
        log_text(record, id, start, log);
}

// 64-bit numbers are texts, as in all JSON of protocol buffers.
void span_record_write_otlp(const struct span_record *record, struct buf *out)
{
    char id[SPAN_RECORD_ID_CHARS];
    span_record_id(record->id, id);
    buf_printf(out,
        "{\"traceId\":\"%s\",\"spanId\":\"%s\",\"parentSpanId\":\"%s\",\"name\":", record->trace_id, id,
        record->parent_id);
    json_write_string(out, record->name);
    buf_printf(out,
        ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64
        "\",\"attributes\":[",
        record->is_server ? KIND_SERVER : KIND_INTERNAL, record->start_ns, record->end_ns);
    for (size_t i = 0; i < record->attribute_count; i++) {
        const struct attribute *attribute = &record->attributes[i];
        buf_printf(out, "%s{\"key\":\"%s\",\"value\":{", i == 0 ? "" : ",", attribute->name);
        if (attribute->is_number) {
            buf_printf(out, "\"intValue\":\"%" PRIu64 "\"", attribute->number);
        } else {
            buf_append_str(out, "\"stringValue\":");
            json_write_string(out, attribute->text);
        }
        buf_append_str(out, "}}");
    }
    buf_append_byte(out, ']');
    if (record->has_failed)
        buf_printf(out, ",\"status\":{\"code\":%d}", STATUS_ERROR);
    buf_append_byte(out, '}');
}
