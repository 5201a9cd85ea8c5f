// SPDX-License-Identifier: Apache-2.0
// Ties a reader to the rows that it fills. The rows charge their own growth to the budget (rows.c); a failure
// frees them at once, as a body that has turned out bad may be read on for long. Leaves the formats to
// batch/reader.c, and what becomes of the rows to its user. One thread at a time.
#include "batch/intake.h"

#include "batch/run.h"

enum err_code intake_start(struct intake *intake, const struct intake_options *options, struct err *err)
{
    *intake = (struct intake){0};
    rows_init(&intake->rows, options->endpoint->field_count, options->budget);
    return reader_new(options->endpoint, options->format, options->max_rows, &intake->rows, options->report,
        &intake->reader, err);
}

enum err_code intake_feed(struct intake *intake, struct span bytes, struct err *err)
{
    enum err_code code = reader_feed(intake->reader, bytes, err);
    if (code != ERR_NONE)
        intake_fini(intake);
    return code;
}

enum err_code intake_finish(struct intake *intake, struct err *err)
{
    enum err_code code = reader_finish(intake->reader, err);
    reader_free(intake->reader);
    intake->reader = NULL;
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
    reader_free(intake->reader);
    rows_fini(&intake->rows);
    *intake = (struct intake){0};
}
