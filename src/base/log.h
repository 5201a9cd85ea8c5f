// SPDX-License-Identifier: Apache-2.0
// The server's log. Lines go into a bounded buffer and a thread of its own writes them, so that no loop ever
// waits for a slow disk or a full pipe; lines that do not fit are dropped and counted. Any thread may log.
// Only the edge logs (serve, cmd): lower layers return errors.
#ifndef RECKONER_BASE_LOG_H
#define RECKONER_BASE_LOG_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct log;

// A log on a file descriptor, which is borrowed, with its thread. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code log_new(int fd, struct log **ret_log, struct err *err);

// Writes what waits, for LIMIT_LOG_END_MS at most, ends the thread and frees. NULL is fine.
void log_free(struct log *log);

// One line, copied; a line feed is added. NULL is fine and logs nothing.
void log_line(struct log *log, struct span line);

// One formatted line, cut at 1 KiB. Control characters in it become question marks.
void log_printf(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
