// SPDX-License-Identifier: Apache-2.0
// Picks the format's own reader (reader_csv.c, reader_json.c, reader_form.c) and hands it the bytes. What
// they share is in row_check.c. One thread at a time.
#include "batch/reader.h"

#include <assert.h>

#include "base/mem.h"
#include "batch/reader_csv.h"
#include "batch/reader_form.h"
#include "batch/reader_json.h"
#include "batch/row_check.h"

struct reader {
    struct row_check check;   // of its rows
    struct reader_json *json; // owned; for BODY_JSON and BODY_NDJSON, else NULL
    struct reader_csv *csv;   // owned; for BODY_CSV, else NULL
    struct reader_form *form; // owned; for BODY_FORM, else NULL
    size_t held_bytes;        // fed since the piece in which the last row began, that piece included
};

static enum err_code make_format(
    struct reader *reader, enum body_format format, const struct csv_dialect *dialect, struct err *err)
{
    switch (format) {
    case BODY_JSON:
    case BODY_NDJSON:
        return reader_json_new(&reader->check, format == BODY_NDJSON, &reader->json, err);
    case BODY_CSV:
        return reader_csv_new(&reader->check, dialect, &reader->csv, err);
    case BODY_FORM:
        return reader_form_new(&reader->check, &reader->form, err);
    case BODY_FILE_FORM: // whose file has a reader
        break;
    }
    assert(false);
    return ERR_STORE;
}

enum err_code reader_new(const struct reader_options *options, struct reader **ret_reader, struct err *err)
{
    const struct endpoint *endpoint = options->endpoint;
    const struct csv_dialect *dialect = options->dialect != NULL ? options->dialect : endpoint->csv;
    struct reader *reader = mem_zalloc(1, sizeof(*reader));
    if (reader == NULL)
        return err_no_memory(err);
    enum err_code code = row_check_init(&reader->check, endpoint, options->max_rows, options->pattern_steps,
        options->rows, options->report, err);
    if (code == ERR_NONE)
        code = make_format(reader, options->format, dialect, err);
    if (code != ERR_NONE) {
        reader_free(reader);
        return code;
    }
    *ret_reader = reader;
    return ERR_NONE;
}

static enum err_code feed(struct reader *reader, struct span bytes, struct err *err)
{
    if (reader->json != NULL)
        return reader_json_feed(reader->json, bytes, err);
    if (reader->csv != NULL)
        return reader_csv_feed(reader->csv, bytes, err);
    return reader_form_feed(reader->form, bytes, err);
}

static enum err_code finish(struct reader *reader, struct err *err)
{
    if (reader->json != NULL)
        return reader_json_finish(reader->json, err);
    if (reader->csv != NULL)
        return reader_csv_finish(reader->csv, err);
    return reader_form_finish(reader->form);
}

enum err_code reader_feed(struct reader *reader, struct span bytes, struct err *err)
{
    size_t seen_before = reader->check.rows_seen;
    reader->check.err = err;
    enum err_code code = feed(reader, bytes, err);
    row_check_rest(&reader->check);
    reader->held_bytes = (reader->check.rows_seen > seen_before ? 0 : reader->held_bytes) + bytes.len;
    return code != ERR_NONE ? code : reader->check.status;
}

size_t reader_held_bytes(const struct reader *reader)
{
    return reader->held_bytes;
}

enum err_code reader_finish(struct reader *reader, struct err *err)
{
    reader->check.err = err;
    enum err_code code = finish(reader, err);
    if (code == ERR_NONE && reader->check.status == ERR_NONE)
        row_check_end_input(&reader->check);
    return code == ERR_NONE ? reader->check.status : code;
}

void reader_free(struct reader *reader)
{
    if (reader == NULL)
        return;
    reader_json_free(reader->json);
    reader_csv_free(reader->csv);
    reader_form_free(reader->form);
    row_check_fini(&reader->check);
    mem_free(reader);
}
