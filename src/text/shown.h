// SPDX-License-Identifier: Apache-2.0
// Bytes that somebody else has chosen, such as a file's name, as text for logs and records. Pure; any thread.
#ifndef RECKONER_TEXT_SHOWN_H
#define RECKONER_TEXT_SHOWN_H

#include <stddef.h>

#include "base/span.h"

// Writes the bytes with a NUL behind them; those that are not text in UTF-8, and control bytes, as \xHH. What
// does not fit into `room` bytes is left out, but no part of a character. Returns the length.
size_t shown_write(struct span bytes, char *out, size_t room);

#endif
