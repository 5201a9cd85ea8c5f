// SPDX-License-Identifier: Apache-2.0
// Appends to one buffer; a failure sticks to that, and is asked for at the end. Any thread, with a line of
// its own.
#include "serve/json_line.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/limits.h"
#include "text/json_write.h"
#include "text/timestamp.h"

static void begin(struct buf *out, const char *kind)
{
    char now[TIMESTAMP_CHARS];
    timestamp_format(clock_wall_ms() * 1000, false, now);
    buf_printf(out, "{\"time\":\"%s\",\"kind\":\"%s\"", now, kind);
}

void json_line_init(struct json_line *line, const char *kind)
{
    buf_init(&line->text, LIMIT_LOG_LINE_BYTES);
    begin(&line->text, kind);
}

void json_line_fini(struct json_line *line)
{
    buf_fini(&line->text);
}

struct buf *json_line_value(struct json_line *line, const char *name)
{
    buf_printf(&line->text, ",\"%s\":", name);
    return &line->text;
}

void json_line_text(struct json_line *line, const char *name, struct span text)
{
    json_write_string(json_line_value(line, name), text);
}

void json_line_integer(struct json_line *line, const char *name, uint64_t number)
{
    buf_printf(json_line_value(line, name), "%" PRIu64, number);
}

void json_line_seconds(struct json_line *line, const char *name, uint64_t ns)
{
    uint64_t us = ns / NS_PER_US;
    buf_printf(json_line_value(line, name), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

void json_line_log(struct json_line *line, struct log *log)
{
    buf_append_byte(&line->text, '}');
    if (buf_status(&line->text) == ERR_NONE)
        log_line(log, buf_span(&line->text));
}

void json_line_message(struct buf *out, struct span message)
{
    begin(out, "message");
    buf_append_str(out, ",\"message\":");
    json_write_string(out, message);
    buf_append_byte(out, '}');
}
