// SPDX-License-Identifier: Apache-2.0
// From answered exchanges to the socket, in the order of their requests.
#ifndef RECKONER_HTTP_OUTPUT_H
#define RECKONER_HTTP_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "http/connection.h"

// Writes all answers that may go now in one system call, heads and bodies where they lie. True when at least
// one exchange is over because of it, so that others may start. Breaks the connection when its client takes
// no more.
bool output_flush(struct connection *connection);

// What output_flush left to the loop is written: the exchanges of it are over.
void output_written(struct connection *connection);

// Writes the parts; true when the socket took all of it. Otherwise the loop writes the rest, from where it
// is, and the stream's on_written comes when that is done, unless the connection is closed before; where its
// client takes no more it is broken. `parts` is used up.
MUST_CHECK bool output_write(struct connection *connection, uv_buf_t *parts, unsigned part_count);

// The first `count` exchanges are written: they are over.
void output_finish(struct connection *connection, size_t count);

// The exchanges of a connection that is being closed are over: tells the handler how far each one came.
void output_abandon(struct connection *connection);

#endif
