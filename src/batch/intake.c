// SPDX-License-Identifier: Apache-2.0
// Ties a reader to the rows that it fills. The rows charge their own growth to the budget (rows.c), and what
// the parser holds of a row that is not whole is charged here, as rows are large. A failure frees all at
// once, as a body that has turned out bad may be read on for long. Leaves the formats to batch/reader.c, and
// what becomes of the rows to its user. One thread at a time.
#include "batch/intake.h"

#include "batch/run.h"

enum err_code intake_start(struct intake *intake, const struct intake_options *options, struct err *err)
{
    *intake = (struct intake){0};
    rows_init(&intake->rows, endpoint_batch_columns(options->endpoint), options->budget);
    rows_spill_to(&intake->rows, options->space, options->max_file_bytes);
    return reader_new(options->endpoint, options->format, options->csv, options->max_rows,
        options->pattern_steps, &intake->rows, options->report, &intake->reader, err);
}

static void end_reader(struct intake *intake)
{
    reader_free(intake->reader);
    intake->reader = NULL;
    budget_give_back(intake->rows.budget, intake->held_bytes);
    intake->held_bytes = 0;
}

// Charges what the parser holds now in place of what it held before.
static enum err_code charge_held(struct intake *intake, struct err *err)
{
    budget_give_back(intake->rows.budget, intake->held_bytes);
    intake->held_bytes = reader_held_bytes(intake->reader);
    if (budget_take(intake->rows.budget, intake->held_bytes))
        return ERR_NONE;
    intake->held_bytes = 0;
    return err_set(err, ERR_BUSY, "too many batches are waiting: send this one again later");
}

enum err_code intake_feed(struct intake *intake, struct span bytes, struct err *err)
{
    enum err_code code = reader_feed(intake->reader, bytes, err);
    if (code == ERR_NONE)
        code = charge_held(intake, err);
    if (code != ERR_NONE)
        intake_fini(intake);
    return code;
}

enum err_code intake_finish(struct intake *intake, struct err *err)
{
    enum err_code code = reader_finish(intake->reader, err);
    end_reader(intake);
    if (code == ERR_NONE)
        code = rows_end(&intake->rows, err);
    if (code != ERR_NONE)
        intake_fini(intake);
    return code;
}

enum err_code intake_flush(struct intake *intake, struct store_conn *conn, struct err *err)
{
    enum err_code code = batch_insert(conn, &intake->rows, err);
    rows_clear(&intake->rows);
    return code;
}

void intake_take_rows(struct intake *intake, struct rows *ret_rows)
{
    *ret_rows = intake->rows;
    intake->rows = (struct rows){0};
}

void intake_fini(struct intake *intake)
{
    if (intake == NULL)
        return;
    end_reader(intake);
    rows_fini(&intake->rows);
    *intake = (struct intake){0};
}
