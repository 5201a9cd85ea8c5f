// SPDX-License-Identifier: Apache-2.0
// Which option of a CSV dialect would read what was refused without it. Asked only for what was refused. One
// thread at a time.
#ifndef RECKONER_BATCH_CSV_HINT_H
#define RECKONER_BATCH_CSV_HINT_H

#include "app/rule.h"
#include "base/buf.h"
#include "text/csv_dialect.h"

// Appends what to declare or send for a cell that is not of its field's type: "; to read it, declare @csv
// decimal ',' or send ?csv.decimal=,". Nothing where no option would help.
void csv_hint_cell(
    const struct csv_dialect *dialect, const struct rule *rule, struct span text, struct buf *out);

// Appends an option in both ways: "declare @csv delimiter ';' or send ?csv.delimiter=;".
void csv_hint_option(const char *word, struct span value, struct buf *out);

#endif
