// SPDX-License-Identifier: Apache-2.0
// Finds the checks that only a turn makes good. Writes that need one (a sum that is read and then written)
// are not found, as no database tells a table that a statement reads from one that it writes: for those the
// word is the author's own. The plan's thread.
#include "app/parallel.h"

#include "app/plan_parts.h"

// Of one @reject.
struct reading {
    const struct plan *plan;
    const struct statement *statement;
    struct diags *diags;
    bool is_told; // of the first table
};

static void on_table(void *ctx, const char *table)
{
    struct reading *reading = ctx;
    const struct statement *statement = reading->statement;
    if (reading->is_told)
        return;
    diags_add(reading->diags, reading->plan->endpoint->file, statement->line, statement->column,
        "a @reject of a @parallel endpoint cannot read %s, as that may have changed when the batch writes; "
        "let a constraint of the table refuse the rows, or take @parallel away",
        table);
    reading->is_told = true;
}

enum err_code parallel_check(const struct plan *plan, struct diags *diags, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        const struct prepared *prepared = &plan->prepared[i];
        struct reading reading = {.plan = plan, .statement = prepared->statement, .diags = diags};
        if (prepared->statement->kind == STATEMENT_REJECT)
            code = store_reads(prepared->stmt, on_table, &reading, err);
    }
    return code;
}
