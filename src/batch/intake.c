// SPDX-License-Identifier: Apache-2.0
// Ties a decompressor, where there is one, to a reader, and that to the rows that it fills:
//
//     bytes ─ decompressor ─ reader ─ rows
//
// The rows charge their own growth to the budget (rows.c), and what
// the parsers hold, of a row that is not whole, say, is charged here, as rows are large. A failure frees all
// at once, as a body that has turned out bad may be read on for long. Leaves the formats to batch/reader.c,
// and what becomes of the rows to its user. One thread at a time.
#include "batch/intake.h"

#include "batch/run.h"

enum err_code intake_start(struct intake *intake, const struct intake_options *options, struct err *err)
{
    *intake = (struct intake){.is_started = true};
    rows_init(&intake->rows, endpoint_batch_columns(options->endpoint), options->budget);
    rows_spill_to(&intake->rows, options->space, options->max_file_bytes);
    enum err_code code = ERR_NONE;
    if (options->coding != CODING_IDENTITY)
        code = decompressor_new(options->coding, options->max_bytes, &intake->decompressor, err);
    if (code == ERR_NONE)
        code = reader_new(options->endpoint, options->format, options->csv, options->max_rows,
            options->pattern_steps, &intake->rows, options->report, &intake->reader, err);
    if (code != ERR_NONE)
        intake_fini(intake);
    return code;
}

static void end_parsers(struct intake *intake)
{
    decompressor_free(intake->decompressor);
    reader_free(intake->reader);
    intake->decompressor = NULL;
    intake->reader = NULL;
    budget_give_back(intake->rows.budget, intake->held_bytes);
    intake->held_bytes = 0;
}

// Charges what the parsers hold now in place of what they held before.
static enum err_code charge_held(struct intake *intake, struct err *err)
{
    budget_give_back(intake->rows.budget, intake->held_bytes);
    intake->held_bytes = reader_held_bytes(intake->reader);
    if (intake->decompressor != NULL)
        intake->held_bytes += decompressor_held_bytes(intake->decompressor);
    if (budget_take(intake->rows.budget, intake->held_bytes))
        return ERR_NONE;
    intake->held_bytes = 0;
    return err_set(err, ERR_BUSY, "too many batches are waiting: send this one again later");
}

static enum err_code feed_compressed(struct intake *intake, struct span bytes, struct err *err)
{
    struct span piece;
    enum err_code code;
    do {
        code = decompressor_next(intake->decompressor, &bytes, &piece, err);
        if (code == ERR_NONE && piece.len > 0)
            code = reader_feed(intake->reader, piece, err);
    } while (code == ERR_NONE && piece.len > 0);
    return code;
}

enum err_code intake_feed(struct intake *intake, struct span bytes, struct err *err)
{
    enum err_code code = intake->decompressor != NULL ? feed_compressed(intake, bytes, err)
                                                      : reader_feed(intake->reader, bytes, err);
    if (code == ERR_NONE)
        code = charge_held(intake, err);
    if (code != ERR_NONE)
        intake_fini(intake);
    return code;
}

enum err_code intake_finish(struct intake *intake, struct err *err)
{
    enum err_code code = ERR_NONE;
    if (intake->decompressor != NULL)
        code = decompressor_finish(intake->decompressor, err);
    if (code == ERR_NONE)
        code = reader_finish(intake->reader, err);
    end_parsers(intake);
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
    end_parsers(intake);
    rows_fini(&intake->rows);
    *intake = (struct intake){0};
}
