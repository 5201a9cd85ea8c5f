// SPDX-License-Identifier: Apache-2.0
// From answered exchanges to the socket, in the order of their requests.
#ifndef RECKONER_HTTP_OUTPUT_H
#define RECKONER_HTTP_OUTPUT_H

#include <stdbool.h>

#include "http/connection.h"

// Writes all answers that may go now in one system call, heads and bodies where they lie. True when at least
// one exchange is over because of it, so that others may start. Closes the connection when it is broken.
bool output_flush(struct connection *connection);

// The exchanges of a connection that is being closed are over: tells the handler how far each one came.
void output_abandon(struct connection *connection);

#endif
