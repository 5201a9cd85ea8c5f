// SPDX-License-Identifier: Apache-2.0
// CSV out (RFC 4180): the texts of cells, appended to a buffer. Appending fails as buf_append does, and the
// failure sticks to the buffer.
#ifndef RECKONER_TEXT_CSV_WRITE_H
#define RECKONER_TEXT_CSV_WRITE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

// Whether a cell of that text needs quotes: readers would otherwise see it in parts, trim it, or take it for
// null (RFC 4180 section 2).
bool csv_needs_quotes(struct span text);

// Appends text without quotes. Each byte that is not of valid UTF-8 becomes U+FFFD, as in JSON.
void csv_write_plain(struct buf *out, struct span text);

// Appends a cell, in quotes where it needs them.
void csv_write_cell(struct buf *out, struct span text);

#endif
