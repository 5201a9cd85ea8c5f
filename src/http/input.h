// SPDX-License-Identifier: Apache-2.0
// From bytes to exchanges: heads are parsed, bodies are taken out of their framing, and both are handed to
// the handler.
#ifndef RECKONER_HTTP_INPUT_H
#define RECKONER_HTTP_INPUT_H

#include "base/span.h"
#include "http/connection.h"

// Works on bytes just read, as far as that is possible now, and keeps a copy of the rest. connection->stalled
// says whether something else than more bytes is waited for.
void input_take(struct connection *connection, struct span bytes);

// Works on the bytes that were kept.
void input_resume(struct connection *connection);

// Forgets the bytes that were kept.
void input_drop(struct connection *connection);

#endif
