// SPDX-License-Identifier: Apache-2.0
// A line for each parameter and field, of which the digest is taken: the text changes with whatever its lines
// say, and with nothing else. Any thread.
#include "jobs/job_shape.h"

#include <stdio.h>

#include "base/digest.h"

enum { SHAPE_BYTES = 1024 * 1024 };

static void write_rule(struct buf *out, char kind, const struct rule *rule)
{
    const struct rule_type type = {
        .type = rule->type, .is_list = rule->is_list, .precision = rule->precision, .scale = rule->scale};
    buf_printf(out, "%c %.*s %.*s %d ", kind, (int)rule->name.len, rule->name.at, (int)rule->outside.len,
        rule->outside.at, (int)rule->source);
    rule_write_type(type, out);
    buf_printf(out, " %.*s\n", (int)rule->format.len, rule->format.len > 0 ? rule->format.at : "");
}

enum err_code job_shape(const struct endpoint *endpoint, char ret_shape[JOB_SHAPE_CHARS])
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, SHAPE_BYTES);
    for (size_t i = 0; i < endpoint->param_count; i++)
        write_rule(&text, 'p', &endpoint->params[i]);
    for (size_t i = 0; i < endpoint->field_count; i++)
        write_rule(&text, 'f', &endpoint->fields[i]);
    if (buf_status(&text) != ERR_NONE)
        return ERR_NO_MEMORY;
    struct digest digest = digest_of(buf_span(&text));
    for (size_t i = 0; i < sizeof(digest.bytes); i++)
        snprintf(ret_shape + 2 * i, 3, "%02x", digest.bytes[i]);
    return ERR_NONE;
}

void job_endpoint_name(const struct endpoint *endpoint, struct buf *out)
{
    char name[ENDPOINT_NAME_CHARS];
    endpoint_name(endpoint, name);
    buf_append_str(out, name);
}

bool job_format_from_type(struct span media_type, enum answer_format *ret_format)
{
    const enum answer_format formats[] = {FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV, FORMAT_TEXT};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (span_is(media_type, answer_media_type(formats[i]))) {
            *ret_format = formats[i];
            return true;
        }
    }
    return false;
}
