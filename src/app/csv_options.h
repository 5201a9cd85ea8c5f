// SPDX-License-Identifier: Apache-2.0
// The words for a CSV dialect: one table, from which come the directive @csv, a request's csv.WORD=VALUE and
// `load --csv`. One thread at a time.
#ifndef RECKONER_APP_CSV_OPTIONS_H
#define RECKONER_APP_CSV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/words.h"
#include "base/arena.h"
#include "base/buf.h"
#include "text/csv_dialect.h"

enum { CSV_PROBLEM_BYTES = 256 };

// A layer of options over a dialect: what the layer says first takes the place of what was there, and what it
// says again is added to it where an option has several values.
struct csv_options {
    struct csv_dialect dialect; // so far; borrows the texts that were read
    uint32_t given;             // bit i: the layer has said the table's option i
};

// Begins a layer over `below` (NULL: CSV_STRICT), which is copied.
void csv_options_init(struct csv_options *options, const struct csv_dialect *below);

// Reads the words of a @csv line, or of --csv: "delimiter ; decimal ',' null NA '-'". What is wrong is
// reported; false then.
bool csv_options_read(struct csv_options *options, struct words *words);

// Whether the name of a query's parameter is one of an option: "csv.delimiter".
bool csv_options_is_name(struct span name);

// Reads such a parameter. False with what is wrong in `ret_problem`.
bool csv_options_set(
    struct csv_options *options, struct span name, struct span value, char ret_problem[CSV_PROBLEM_BYTES]);

// What does not go together in the dialect, in words; NULL: nothing.
const char *csv_options_problem(const struct csv_options *options);

// Appends the dialect as @csv would have it, without what is as CSV_STRICT: "delimiter ';' decimal ','".
void csv_options_write(const struct csv_dialect *dialect, struct buf *out);

#endif
