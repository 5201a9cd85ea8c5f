// SPDX-License-Identifier: Apache-2.0
// How a CSV file is written, as far as it is not as RFC 4180 has it. Which words say so is
// app/csv_options.c's; the bytes are read by text/csv_input.c, the cells by batch/csv_cells.c. Texts are
// borrowed; whoever makes one says for how long.
#ifndef RECKONER_TEXT_CSV_DIALECT_H
#define RECKONER_TEXT_CSV_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { CSV_WORDS = 16 }; // null tokens at most; as many units, texts for true and for false

enum csv_header {
    CSV_HEADER_PRESENT,  // names as the fields have them
    CSV_HEADER_ANY_CASE, // names in capitals or not, with blanks around them or not
    CSV_HEADER_ABSENT,   // none: the cells are the fields in order
};

struct csv_dialect {
    char delimiter;         // between cells
    bool is_auto;           // it is found from the first lines instead
    bool has_no_quotes;     // a quote is text
    bool trims;             // blanks around names and cells are not theirs
    bool ignores_extra;     // columns of no field are passed over
    bool ignores_blank;     // so are rows of several cells that are all empty
    bool fills_short;       // a row of fewer cells than columns has no value in the others
    char decimal;           // in numbers: '.' or ','
    char thousands;         // between groups of three digits: '.', ',', '\'', ' ' for any blank; 0: nothing
    enum csv_header header; //
    uint32_t skip;          // lines in front of the header
    struct span encoding;   // as iconv(3) knows it; empty: UTF-8, or what a byte order mark says
    struct span until;      // a line that begins so, and all behind it, is no row; empty: there is none
    struct span date;       // format of date fields that have none, beside YYYY-MM-DD; empty: none
    struct span timestamp;  // the same of timestamp fields
    struct span time;       // and of time fields
    struct span nulls[CSV_WORDS];  // cells that are no value
    size_t null_count;             //
    struct span units[CSV_WORDS];  // what may stand before or behind a number: signs of money, %
    size_t unit_count;             //
    struct span trues[CSV_WORDS];  // texts of booleans beside true, in capitals or not
    struct span falses[CSV_WORDS]; // beside false, each at the place of its true
    size_t boolean_count;          // of each
};

// What is not said otherwise.
#define CSV_STRICT ((struct csv_dialect){.delimiter = ',', .decimal = '.'})

#endif
