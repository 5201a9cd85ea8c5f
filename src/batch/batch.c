// SPDX-License-Identifier: Apache-2.0
// What all senders of batches do alike. On the sender's threads.
#include "batch/batch.h"

#include "base/limits.h"

struct intake_options batch_intake(struct batch *batch, const struct batch_means *means, struct arena *arena)
{
    return (struct intake_options){.endpoint = batch->endpoint,
        .max_bytes = means->max_bytes,
        .arena = arena,
        .max_rows = LIMIT_BATCH_ROWS,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .budget = means->rows_budget,
        .space = means->rows_space,
        .max_file_bytes = LIMIT_ROWS_TIMES * means->max_bytes,
        .report = &batch->report};
}

enum err_code batch_take_rows(struct batch *batch, struct intake *intake, const char *none, struct err *err)
{
    intake_take_rows(intake, &batch->rows);
    if (batch->rows.count == 0 && batch->report.total == 0)
        return err_set(err, ERR_MALFORMED, "%s", none);
    return ERR_NONE;
}

void batch_fini(struct batch *batch)
{
    rows_fini(&batch->rows);
    report_fini(&batch->report);
    report_fini(&batch->found);
    spool_fini(&batch->answer);
}
