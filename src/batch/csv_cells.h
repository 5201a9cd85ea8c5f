// SPDX-License-Identifier: Apache-2.0
// Cells of a CSV dialect, spelt anew as the strict form of their type. Pure; one thread at a time.
#ifndef RECKONER_BATCH_CSV_CELLS_H
#define RECKONER_BATCH_CSV_CELLS_H

#include <stdbool.h>

#include "app/rule.h"
#include "base/arena.h"
#include "text/csv_dialect.h"
#include "text/csv_rows.h"

enum csv_spelling {
    CSV_SPELT,   // the cell has the strict form now; whether it passes is for the rule to say
    CSV_UNSPELT, // it is none of the dialect, such as 1.5 where commas stand before decimals
    CSV_NO_ROOM, // the arena is full
};

// Spells a cell of a field anew; text that has to be written is the arena's. A null token becomes an empty
// cell without quotes; in quotes only where the field is no text, for which it could be nothing else.
enum csv_spelling csv_cell_spell(
    const struct csv_dialect *dialect, const struct rule *rule, struct arena *arena, struct csv_cell *cell);

#endif
