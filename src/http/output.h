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

#endif
