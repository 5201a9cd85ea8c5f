// SPDX-License-Identifier: Apache-2.0
// Members become columns in the order in which they first come. What a column's values are is guessed of
// texts only; of numbers and others JSON says it. On the main thread.
#include "cmd/survey_json.h"

#include "cmd/file_parts.h"
#include "text/json_rows.h"

struct reading {
    struct survey *survey;
    struct json_rows *rows;         // owned
    size_t column_of[LIMIT_FIELDS]; // for each place in an object the column that was there last
    struct err *err;                //
    enum err_code code;             // what a callback met
};

static struct span keep(struct reading *reading, struct span text)
{
    char *copy = arena_strndup(&reading->survey->arena, text.at, text.len);
    if (copy == NULL)
        reading->code = err_no_memory(reading->err);
    return (struct span){.at = copy != NULL ? copy : "", .len = copy != NULL ? text.len : 0};
}

// The column of a name, which may be a new one; NULL after a failure.
static struct survey_column *column_of(struct reading *reading, size_t place, struct span name)
{
    struct survey *survey = reading->survey;
    size_t i = reading->column_of[place];
    if (i < survey->column_count && span_equal(survey->columns[i].header, name))
        return &survey->columns[i];
    for (i = 0; i < survey->column_count && !span_equal(survey->columns[i].header, name); i++)
        continue;
    reading->column_of[place] = i;
    if (i == LIMIT_FIELDS) {
        reading->code = err_set(reading->err, ERR_TOO_LARGE,
            "the objects have more than %d different members, and an endpoint no more fields", LIMIT_FIELDS);
        return NULL;
    }
    if (i == survey->column_count) {
        survey->columns[i].header = keep(reading, name);
        survey->columns[i].guess.empty = survey->rows; // the rows before it have none
        survey->column_count++;
    }
    return &survey->columns[i];
}

static void take_member(struct reading *reading, const struct json_member *member, size_t place)
{
    static const struct span none = {.at = ""};
    struct survey_column *column = column_of(reading, place, member->name);
    if (column == NULL)
        return;
    column->kinds |= 1u << member->kind;
    column->last_row = reading->survey->rows + 1;
    if (reading->survey->rows == 0) {
        column->first = keep(reading, member->text);
        column->first_kind = member->kind;
    }
    column->has_empty_text = column->has_empty_text || (member->kind == JSON_STRING && member->text.len == 0);
    column_guess_feed(&column->guess, member->kind == JSON_NESTED ? none : member->text);
}

static bool on_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    struct reading *reading = ctx;
    struct survey *survey = reading->survey;
    (void)line;
    for (size_t i = 0; i < count && reading->code == ERR_NONE; i++)
        take_member(reading, &members[i], i);
    survey->rows++;
    for (size_t i = 0; i < survey->column_count; i++)
        survey->columns[i].guess.empty += survey->columns[i].last_row != survey->rows;
    return reading->code == ERR_NONE;
}

static bool on_not_object(void *ctx, int64_t line)
{
    struct reading *reading = ctx;
    reading->code = err_set_at(reading->err, ERR_MALFORMED, line < UINT32_MAX ? (uint32_t)line : UINT32_MAX,
        0, "a value that is no object: rows are an array of objects, or an object a line");
    return false;
}

static enum err_code on_bytes(void *ctx, struct span bytes, struct err *err)
{
    struct reading *reading = ctx;
    enum err_code code = json_rows_feed(reading->rows, bytes, err);
    return code == ERR_NONE ? reading->code : code;
}

// Whether the file has its rows somewhere in an object: this goes on past its line, or is alone and has
// others in it.
static bool is_one_object(const struct survey *survey, enum err_code code)
{
    if (code != ERR_NONE)
        return code == ERR_MALFORMED && survey->rows == 0;
    for (size_t i = 0; i < survey->column_count && survey->rows == 1; i++) {
        if (survey->columns[i].kinds & 1u << JSON_NESTED)
            return true;
    }
    return false;
}

enum err_code survey_json(struct survey *survey, const char *path, struct err *err)
{
    struct reading reading = {.survey = survey, .err = err};
    struct json_rows_handler handler = {
        .ctx = &reading, .keeps_nested = true, .on_row = on_row, .on_not_object = on_not_object};
    if (strcmp(survey->encoding, "UTF-8") != 0)
        return err_set(
            err, ERR_MALFORMED, "looks like JSON, which has to be in UTF-8, and is in %s", survey->encoding);
    enum err_code code = json_rows_new(&handler, survey->form == SURVEY_NDJSON, &reading.rows, err);
    if (code == ERR_NONE)
        code = file_parts_read(path, SIZE_MAX, on_bytes, &reading, err);
    if (code == ERR_NONE)
        code = json_rows_finish(reading.rows, err);
    if (code == ERR_NONE)
        code = reading.code;
    json_rows_free(reading.rows);
    if (survey->form == SURVEY_NDJSON && is_one_object(survey, code)) {
        *err = (struct err){0};
        return err_set(err, ERR_MALFORMED,
            "is one object of JSON: rows are an array of objects, or an object a line; take such an array out of it");
    }
    if (code == ERR_NONE && survey->rows == 0)
        return err_set(err, ERR_MALFORMED, "the file has no rows");
    if (code == ERR_NONE && survey->column_count == 0)
        return err_set(err, ERR_MALFORMED, "the objects have no members");
    return code;
}
