// SPDX-License-Identifier: Apache-2.0
// How a CSV file is laid out, by its first bytes: what separates cells, where the header is, and whether
// there is one. Works on bytes of any encoding that has ASCII's characters as ASCII does; UTF-16 is decoded
// by the caller. What cells hold is column_guess.h's. Pure; any thread.
#ifndef RECKONER_TEXT_CSV_SNIFF_H
#define RECKONER_TEXT_CSV_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct csv_sniff {
    char delimiter;      // ',', ';', tab or '|'; ',' for a file of one column
    size_t columns;      // cells of most rows
    size_t skip;         // physical lines before the header, without the "sep=" line
    size_t header_rows;  // rows of the header; 0: the first row is data already
    size_t header_lines; // the same in physical lines, with blank ones between them
};

// Looks at `text`, the start of a file or all of it. A file without rows has 0 columns.
void csv_sniff(struct span text, struct csv_sniff *ret_sniff);

// What separates the cells: the delimiter of a "sep=" line, or the one that gives the most rows of one same
// number of cells.
char csv_sniff_delimiter(struct span text);

// Whether a cell looks like a number, a date or a time, of whatever spelling: it has a digit, and no letters.
bool csv_sniff_is_value(struct span cell);

#endif
