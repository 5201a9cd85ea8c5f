// SPDX-License-Identifier: Apache-2.0
// Ties the steps together that lead from bytes to rows; those in brackets are there where they are needed:
//
//     bytes ─ [decompressor] ─ [the file of a form ─ [unpacker]] ─ reader ─ rows
//
// The rows charge their own growth to the budget (rows.c), and what the parsers hold, of a row that is not
// whole, say, is charged here, as rows are large. A failure frees all at once, as a body that has turned out
// bad may be read on for long. Leaves the formats to batch/reader.c, and what becomes of the rows to its
// user. One thread at a time.
#include "batch/intake.h"

#include "app/csv_request.h"
#include "batch/run.h"
#include "text/charset.h"

static enum err_code begin_reader(struct intake *intake, enum body_format format, struct err *err)
{
    const struct intake_options *options = &intake->options;
    const struct reader_options reading = {.endpoint = options->endpoint,
        .format = format,
        .dialect = options->csv,
        .max_rows = options->max_rows,
        .pattern_steps = options->pattern_steps,
        .rows = &intake->rows,
        .report = options->report};
    return reader_new(&reading, &intake->reader, err);
}

enum err_code intake_start(struct intake *intake, const struct intake_options *options, struct err *err)
{
    *intake = (struct intake){.is_started = true, .options = *options};
    rows_init(&intake->rows, endpoint_batch_columns(options->endpoint), options->budget);
    rows_spill_to(&intake->rows, options->space, options->max_file_bytes);
    enum err_code code = ERR_NONE;
    if (options->coding != CODING_IDENTITY)
        code = decompressor_new(options->coding, options->max_bytes, &intake->decompressor, err);
    if (code == ERR_NONE)
        code = options->format == BODY_FILE_FORM ? multipart_new(options->boundary, &intake->form, err)
                                                 : begin_reader(intake, options->format, err);
    if (code != ERR_NONE)
        intake_fini(intake);
    return code;
}

static void end_parsers(struct intake *intake)
{
    decompressor_free(intake->decompressor);
    multipart_free(intake->form);
    decompressor_free(intake->unpacker);
    reader_free(intake->reader);
    intake->decompressor = intake->unpacker = NULL;
    intake->form = NULL;
    intake->reader = NULL;
    budget_give_back(intake->rows.budget, intake->held_bytes);
    intake->held_bytes = 0;
}

// Charges what the parsers hold now in place of what they held before.
static enum err_code charge_held(struct intake *intake, struct err *err)
{
    budget_give_back(intake->rows.budget, intake->held_bytes);
    intake->held_bytes = intake->reader != NULL ? reader_held_bytes(intake->reader) : 0;
    if (intake->decompressor != NULL)
        intake->held_bytes += decompressor_held_bytes(intake->decompressor);
    if (intake->unpacker != NULL)
        intake->held_bytes += decompressor_held_bytes(intake->unpacker);
    if (budget_take(intake->rows.budget, intake->held_bytes))
        return ERR_NONE;
    intake->held_bytes = 0;
    return err_set(err, ERR_BUSY, "too many batches are waiting: send this one again later");
}

// --- from step to step

// Where decompressed bytes go.
typedef enum err_code feed_function(struct intake *intake, struct span bytes, struct err *err);

static enum err_code feed_decompressed(struct intake *intake, struct decompressor *decompressor,
    struct span bytes, feed_function *feed, struct err *err)
{
    struct span piece;
    enum err_code code;
    do {
        code = decompressor_next(decompressor, &bytes, &piece, err);
        if (code == ERR_NONE && piece.len > 0)
            code = feed(intake, piece, err);
    } while (code == ERR_NONE && piece.len > 0);
    return code;
}

static enum err_code feed_reader(struct intake *intake, struct span bytes, struct err *err)
{
    return reader_feed(intake->reader, bytes, err);
}

// The dialect of a form's CSV file is that of a body of its type; texts of the form do not live long enough.
static enum err_code find_dialect(struct intake *intake, struct span type, struct span name, struct err *err)
{
    struct intake_options *options = &intake->options;
    const char *copy = arena_strndup(options->arena, type.at, type.len);
    if (copy == NULL)
        return err_no_memory(err);
    enum err_code code = csv_request_read(options->endpoint->csv, (struct span){.at = copy, .len = type.len},
        options->query, options->arena, &options->csv, options->report, err);
    if (code == ERR_NONE)
        options->csv = csv_of_file(options->csv, name, &intake->file_dialect);
    return code;
}

// Files of other formats are in UTF-8.
static enum err_code check_charset(struct span type, struct err *err)
{
    struct span name, value;
    (void)span_split(&type, ';');
    while (body_parameter_next(&type, &name, &value)) {
        if (span_is_nocase(name, "charset") && !charset_is_utf8(value))
            return err_set(err, ERR_MEDIA_TYPE, "a file of JSON has to be in UTF-8, not in %.*s",
                (int)(value.len < 60 ? value.len : 60), value.at);
    }
    return ERR_NONE;
}

// Its type says of what format it is, or else its name: browsers have other ideas of the types of files.
static enum err_code begin_file(struct intake *intake, struct err *err)
{
    struct span name = multipart_file_name(intake->form), type = multipart_file_type(intake->form);
    enum body_format format;
    if (!body_format_of_type(type, &format) || format == BODY_FORM || format == BODY_FILE_FORM) {
        if (!body_format_of_file(name, &format))
            return err_set(err, ERR_MEDIA_TYPE, "the file \"%.*s\" has to end in " BODY_FILE_ENDINGS,
                (int)(name.len < 100 ? name.len : 100), name.at);
    }
    enum coding coding = body_coding_of_file(name);
    enum err_code code =
        format == BODY_CSV ? find_dialect(intake, type, name, err) : check_charset(type, err);
    if (code == ERR_NONE && coding != CODING_IDENTITY)
        code = decompressor_new(coding, intake->options.max_bytes, &intake->unpacker, err);
    return code == ERR_NONE ? begin_reader(intake, format, err) : code;
}

static enum err_code feed_form(struct intake *intake, struct span bytes, struct err *err)
{
    enum multipart_event event = MULTIPART_BYTES;
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && event != MULTIPART_MORE) {
        struct span piece;
        code = multipart_next(intake->form, &bytes, &event, &piece, err);
        if (code == ERR_NONE && event == MULTIPART_FILE)
            code = begin_file(intake, err);
        else if (code == ERR_NONE && event == MULTIPART_BYTES)
            code = intake->unpacker != NULL
                       ? feed_decompressed(intake, intake->unpacker, piece, feed_reader, err)
                       : feed_reader(intake, piece, err);
    }
    return code;
}

enum err_code intake_feed(struct intake *intake, struct span bytes, struct err *err)
{
    feed_function *feed = intake->form != NULL ? feed_form : feed_reader;
    enum err_code code = intake->decompressor != NULL
                             ? feed_decompressed(intake, intake->decompressor, bytes, feed, err)
                             : feed(intake, bytes, err);
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
    if (code == ERR_NONE && intake->form != NULL)
        code = multipart_finish(intake->form, err);
    if (code == ERR_NONE && intake->unpacker != NULL)
        code = decompressor_finish(intake->unpacker, err);
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
