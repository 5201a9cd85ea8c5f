// SPDX-License-Identifier: Apache-2.0
// The server's log. Lines go into a bounded buffer and a thread of its own writes them, so that no loop ever
// waits for a slow disk or a full pipe; lines that do not fit, or that a full disk refuses, and messages
// without memory for their form, are dropped and counted, and a line tells of them when lines can be written
// again. Any thread may log. Only the edge logs (serve, cmd): lower layers return errors.
//
// A message is a line as it stands, or what a form makes of it: JSON, say.
#ifndef RECKONER_BASE_LOG_H
#define RECKONER_BASE_LOG_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct log;

// A log on a file descriptor, which is borrowed, with its thread. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code log_new(int fd, struct log **ret_log, struct err *err);

// Writes what waits, for LIMIT_LOG_END_MS at most, ends the thread and frees. NULL is fine.
void log_free(struct log *log);

// From here on messages are lines as `form` makes them, which appends a line of a message of any bytes;
// NULL: messages as they are, but for controls. It is called on any thread. At any time, on any thread.
void log_set_form(struct log *log, void (*form)(struct buf *out, struct span message));

// Whether messages have a form. Whoever makes lines of its own goes by that, too. NULL is fine: false.
bool log_has_form(const struct log *log);

// Makes question marks of control characters, so that a line of text cannot begin another one.
void log_mask(char *line, size_t len);

// One line, copied; a line feed is added. NULL is fine and logs nothing.
void log_line(struct log *log, struct span line);

// One formatted message, cut at 1 KiB. Without a form, control characters in it become question marks.
void log_printf(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);

// Lines that found no room, had no form, or could not be written, since the log began. Any thread.
uint64_t log_dropped(struct log *log);

#endif
