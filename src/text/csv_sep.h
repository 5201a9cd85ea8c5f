// SPDX-License-Identifier: Apache-2.0
// A first line "sep=;", by which Excel tells, and is told, what separates the cells of a CSV file. Pure; any
// thread.
#ifndef RECKONER_TEXT_CSV_SEP_H
#define RECKONER_TEXT_CSV_SEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

// The delimiter that the first line of `text` tells, also where that line is in quotes, as those write it
// that quote all; '\0': there is no such line. *ret_bytes: of the line without its end, which is a line feed
// or a carriage return. *ret_undecided: all that there is may be the beginning of such a line.
char csv_sep(struct span text, size_t *ret_bytes, bool *ret_undecided);

#endif
