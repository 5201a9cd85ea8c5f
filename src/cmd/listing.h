// SPDX-License-Identifier: Apache-2.0
// Rows that a command prints on standard output: as a table for people, as CSV or as JSON. On the main
// thread.
#ifndef RECKONER_CMD_LISTING_H
#define RECKONER_CMD_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/span.h"
#include "text/value.h"

enum listing_format {
    LISTING_TEXT, // columns below each other; null is "-"
    LISTING_CSV,  // RFC 4180 with a header; null is nothing
    LISTING_JSON, // [{…}, …], a row a line
};

enum { LISTING_COLUMNS = 16 }; // at most

struct listing {
    const char *const *columns; // their names; borrowed
    size_t column_count;        //
    struct arena arena;         // owns `cells` and the texts in them
    struct value *cells;        // of the rows in turn: null, an integer or a text
    size_t count;               // of cells
    size_t room;                // likewise
    bool is_full;               // some cell had no memory
};

// The format of that name (--format): "text", "csv" or "json". False after a message.
bool listing_format_read(const char *name, enum listing_format *ret_format);

void listing_init(struct listing *listing, const char *const *columns, size_t count);

// Adds the next cell: those of a row in the order of the columns, then those of the next row. Texts are
// copied. A failure is told by listing_print.
void listing_add_text(struct listing *listing, struct span text);
void listing_add_integer(struct listing *listing, int64_t integer);
void listing_add_null(struct listing *listing);

// Prints all rows that are whole. False after a message.
bool listing_print(const struct listing *listing, enum listing_format format, FILE *out);

// A zeroed struct is fine.
void listing_fini(struct listing *listing);

#endif
