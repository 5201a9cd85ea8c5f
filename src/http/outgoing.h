// SPDX-License-Identifier: Apache-2.0
// Answers on their way to the client's socket, whether they lie in memory or in a file: one write at a time,
// and which exchanges are over with it. On the lane's thread.
#ifndef RECKONER_HTTP_OUTGOING_H
#define RECKONER_HTTP_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/attr.h"
#include "http/connection.h"

// Writes the parts; true when the socket took all of it. Otherwise the loop writes the rest, from where it
// is, and the stream's on_written comes when that is done, unless the connection is closed before; where its
// client takes no more it is broken. `parts` is used up.
MUST_CHECK bool outgoing_write(struct connection *connection, uv_buf_t *parts, unsigned part_count);

// The first `count` exchanges are written: they are over. Those behind one that ends the connection are given
// up with it.
void outgoing_finish(struct connection *connection, size_t count);

// The exchanges of a connection that is being closed are over: tells the handler how far each one came.
void outgoing_abandon(struct connection *connection);

#endif
