// SPDX-License-Identifier: Apache-2.0
// A line of a log as a JSON object (RFC 8259): its time, its kind, and what else it has. Whatever a client
// sent comes out escaped, so that a line is one object and one line. Any thread.
#ifndef RECKONER_SERVE_JSON_LINE_H
#define RECKONER_SERVE_JSON_LINE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/span.h"

struct json_line {
    struct buf text; // the object as far as it is written
};

// Begins {"time":"2026-01-31T12:00:00.123Z","kind":"…".
void json_line_init(struct json_line *line, const char *kind);
void json_line_fini(struct json_line *line);

// Add members. Names need no escape.
void json_line_text(struct json_line *line, const char *name, struct span text);
void json_line_integer(struct json_line *line, const char *name, uint64_t number);
void json_line_seconds(struct json_line *line, const char *name, uint64_t ns); // with six decimals

// Adds a member whose value the caller appends to the buffer that is returned.
struct buf *json_line_value(struct json_line *line, const char *name);

// Ends the object and logs it. A line that found no memory is not logged.
void json_line_log(struct json_line *line, struct log *log);

// A message as an object of kind "message": a form of logs (log_set_form).
void json_line_message(struct buf *out, struct span message);

#endif
