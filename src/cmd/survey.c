// SPDX-License-Identifier: Apache-2.0
// Twice through the file: for its encoding, which its last byte may decide, and for its rows, which the
// decoder and the parser of every batch take apart (text/csv_input.h). So the survey sees what a load will
// see. Rows that do not fit wait until it is known whether whole ones follow: if not, they are notes. On the
// main thread.
#include "cmd/survey.h"

#include <string.h>

#include "base/mem.h"
#include "cmd/file_parts.h"
#include "cmd/survey_json.h"
#include "text/charset.h"
#include "text/charset_guess.h"
#include "text/csv_input.h"
#include "text/utf8.h"

enum {
    START_BYTES = 1024 * 1024,      // for the layout
    TEXT_BYTES = 4 * START_BYTES,   // the same in UTF-8
    ARENA_BYTES = 64 * 1024 * 1024, // headers and one row, or rows that are put off
    UNTIL_BYTES = 40,
    NOTES = 32,          // whole rows that look like notes: more of them are data
    PUT_OFF = 256,       // rows of any kind that may be notes
    ENCLOSED_TIMES = 10, // as many cells are in quotes as have others, in a file where quotes enclose
    ROWS_MIN = 2,        // of values, before words below them are a sum
};

static const char LINE_OF_NOTES[] = "_____";

// --- the encoding, and the layout

static enum err_code on_guess(void *ctx, struct span bytes, struct err *err)
{
    (void)err;
    charset_guess_feed(ctx, bytes);
    return ERR_NONE;
}

static enum err_code find_encoding(struct survey *survey, const char *path, struct err *err)
{
    static const struct {
        const char *start, *what;
    } known[] = {{"PK\x03\x04", "is a zip archive, as .xlsx and .ods are: save the sheet as CSV"},
        {"\x1f\x8b", "is compressed: unpack it with gunzip"},
        {"\x28\xb5\x2f", "is compressed: unpack it with unzstd"},
        {"\xd0\xcf\x11", "is an old spreadsheet (.xls): save the sheet as CSV"}, {"%PDF", "is a PDF"}};
    struct charset_guess guess = {0};
    enum err_code code = file_parts_read(path, SIZE_MAX, on_guess, &guess, err);
    if (code != ERR_NONE)
        return code;
    if (guess.bytes == 0)
        return err_set(err, ERR_MALFORMED, "the file is empty");
    survey->encoding = charset_guess_name(&guess, true);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (memcmp(guess.start, known[i].start, strlen(known[i].start)) == 0)
            return err_set(err, ERR_MALFORMED, "%s", known[i].what);
    }
    return survey->encoding != NULL ? ERR_NONE : err_set(err, ERR_MALFORMED, "is no text");
}

struct start {
    struct charset charset;
    struct buf text; // in UTF-8
};

static enum err_code on_text(void *ctx, struct span text, struct err *err)
{
    struct start *start = ctx;
    return buf_append(&start->text, text.at, text.len) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code on_start(void *ctx, struct span bytes, struct err *err)
{
    struct start *start = ctx;
    return charset_feed(&start->charset, bytes, on_text, start, err);
}

// Finds JSON by how it starts, and says what a text without rows of cells is instead.
static enum err_code check_start(struct span text, struct survey *survey, struct err *err)
{
    while (
        text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\n' || text.at[0] == '\r' || text.at[0] == '\t'))
        text = (struct span){.at = text.at + 1, .len = text.len - 1};
    if (text.len == 0 || survey->layout.columns == 0)
        return err_set(err, ERR_MALFORMED, "the file has no rows");
    if (text.at[0] == '{')
        survey->form = SURVEY_NDJSON;
    else if (text.at[0] == '[' && text.len > 1 && strchr("{[\r\n\t ", text.at[1]) != NULL)
        survey->form = SURVEY_JSON;
    if (text.at[0] == '<' && text.len > 1 &&
        (ascii_is_letter(text.at[1]) || strchr("!?", text.at[1]) != NULL))
        return err_set(err, ERR_MALFORMED, "looks like a web page or XML: download the CSV itself");
    return ERR_NONE;
}

static enum err_code find_layout(struct survey *survey, const char *path, struct err *err)
{
    struct start start;
    buf_init(&start.text, TEXT_BYTES);
    enum err_code code = charset_init(&start.charset, span_of(survey->encoding), err);
    if (code == ERR_NONE)
        code = file_parts_read(path, START_BYTES, on_start, &start, err);
    if (code == ERR_NONE) {
        csv_sniff(buf_span(&start.text), &survey->layout);
        code = check_start(buf_span(&start.text), survey, err);
    }
    charset_fini(&start.charset);
    buf_fini(&start.text);
    return code;
}

// --- rows

// A row that does not fit, or may be a note.
struct put_off {
    const struct csv_cell *cells; // of the columns that are looked at; those that it lacks are empty
    size_t count;                 // cells that it has
    int64_t line;                 //
};

struct reading {
    struct survey *survey;
    size_t headings;              // rows of the header that have come
    struct put_off rows[PUT_OFF]; // since the last one that is surely a row
    size_t row_count;             // of them
    size_t whole_count;           // of those, with as many cells as there are columns
    size_t row_bytes;             // of their texts
    bool may_be_notes;            // the first of them looks like one
    uint64_t after_end;           // rows behind a line of underscores
    struct arena *arena;          // borrowed; of the texts of the rows that are put off
    bool has_ended;               // such a line has come, behind which offices put their notes
    struct err *err;              //
    enum err_code code;           //
};

// Columns that are looked at.
static size_t width_of(const struct survey *survey)
{
    return survey->layout.columns < LIMIT_FIELDS ? survey->layout.columns : LIMIT_FIELDS;
}

static struct span keep(struct reading *reading, struct arena *arena, struct span text)
{
    char *copy = arena_strndup(arena, text.at, text.len);
    if (copy == NULL)
        reading->code = err_no_memory(reading->err);
    return (struct span){.at = copy != NULL ? copy : "", .len = copy != NULL ? text.len : 0};
}

// A row of the header. A cell that is empty in a row above the last one is one with that on its left, as
// spreadsheets write merged cells.
static void take_heading(struct reading *reading, const struct csv_cell *cells, size_t count)
{
    struct survey *survey = reading->survey;
    bool is_last = ++reading->headings == survey->layout.header_rows;
    struct span left = {0};
    survey->header_cells = count;
    for (size_t i = 0; i < count && i < LIMIT_FIELDS; i++) {
        struct span text = span_trim(cells[i].text), before = survey->columns[i].header;
        survey->has_padded_header = survey->has_padded_header || text.len < cells[i].text.len;
        if (text.len == 0 && !is_last)
            text = left;
        left = text;
        if (before.len == 0 || text.len == 0) {
            survey->columns[i].header = text.len > 0 ? keep(reading, &survey->arena, text) : before;
            continue;
        }
        char *both = arena_alloc(&survey->arena, before.len + 1 + text.len);
        if (both == NULL) {
            reading->code = err_no_memory(reading->err);
            return;
        }
        memcpy(both, before.at, before.len);
        both[before.len] = ' ';
        memcpy(both + before.len + 1, text.at, text.len);
        survey->columns[i].header = (struct span){.at = both, .len = before.len + 1 + text.len};
    }
    for (size_t i = LIMIT_FIELDS; i < count; i++) {
        for (size_t k = 0; k < LIMIT_FIELDS && !survey->has_far_double; k++)
            survey->has_far_double = span_equal(span_trim(cells[i].text), survey->columns[k].header);
    }
}

static bool is_empty(const struct csv_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].text.len > 0 || cells[i].is_quoted)
            return false;
    }
    return true;
}

// How the first cell begins, as `@csv until` wants it: up to a digit, which may be of a date.
static struct span beginning(struct span cell)
{
    size_t len = 0;
    while (
        len < cell.len && strchr("\r\n", cell.at[len]) == NULL && (len < 4 || !ascii_is_digit(cell.at[len])))
        len++;
    cell.len = utf8_cut((struct span){.at = cell.at, .len = len}, UNTIL_BYTES);
    while (cell.len > 0 && cell.at[cell.len - 1] == ' ')
        cell.len--;
    return cell;
}

static bool has_words(struct span text)
{
    return memchr(text.at, ' ', text.len) != NULL || strchr("_*-=#(", text.at[0]) != NULL;
}

// Whether the text stands where the rows above have numbers or dates, as the word for a sum does.
static bool is_sum(const struct survey *survey, struct span text)
{
    static const struct column_ways plain = {0};
    const struct column_guess *above = &survey->columns[0].guess;
    enum column_kind kind = above->values >= ROWS_MIN ? column_guess_kind(above, &plain) : COLUMN_TEXT;
    return kind > COLUMN_BOOLEAN && text.len > 3;
}

// Whether a row of another number of cells may be where notes begin. One that begins as rows do is the last
// row of a file that is cut off, say; and what it begins with must not end later files.
static bool may_begin_notes(const struct survey *survey, const struct csv_cell *cells, size_t count)
{
    struct span text = span_trim(cells[0].text);
    return text.len > 0 && !csv_sniff_is_value(text) &&
           (count == 1 || has_words(text) || is_sum(survey, text));
}

static bool has_texts(const struct csv_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span text = span_trim(cells[i].text);
        if (text.len > 2 && !csv_sniff_is_value(text))
            return true;
    }
    return false;
}

// Whether the row may be none, but a note or a sum below the table: it has words in its first cell, and
// either nothing else, or values above them and no text besides.
static bool is_note(const struct survey *survey, const struct csv_cell *cells, size_t count)
{
    struct span text = span_trim(cells[0].text);
    if (count < 3 || text.len == 0 || csv_sniff_is_value(text))
        return false;
    return (is_sum(survey, text) && !has_texts(cells + 1, count - 1)) ||
           (has_words(text) && is_empty(cells + 1, count - 1));
}

// Counts cells with quotes where these are text.
static void count_quotes(struct survey *survey, struct span cell)
{
    bool is_enclosed = cell.len > 1 && cell.at[0] == '"' && cell.at[cell.len - 1] == '"';
    survey->enclosed += is_enclosed;
    survey->half_quoted += !is_enclosed && cell.len > 0 && memchr(cell.at, '"', cell.len) != NULL;
}

static void take_row(struct reading *reading, const struct csv_cell *cells)
{
    struct survey *survey = reading->survey;
    for (size_t i = 0; i < width_of(survey); i++) {
        column_guess_feed(&survey->columns[i].guess, cells[i].text);
        if (survey->has_no_quotes)
            count_quotes(survey, cells[i].text);
        if (survey->rows == 0)
            survey->columns[i].first = keep(reading, &survey->arena, cells[i].text);
    }
    survey->rows++;
}

static void count_bad(struct bad_rows *bad, int64_t line, size_t cells)
{
    if (bad->count++ > 0)
        return;
    bad->line = line;
    bad->cells = cells;
}

// A whole row follows those that were put off, or they cannot be told from rows: so they are rows, too.
static void settle_rows(struct reading *reading)
{
    struct survey *survey = reading->survey;
    for (size_t i = 0; i < reading->row_count; i++) {
        const struct put_off *row = &reading->rows[i];
        if (row->count > survey->layout.columns) {
            count_bad(&survey->odd, row->line, row->count);
            continue;
        }
        if (row->count < survey->layout.columns)
            count_bad(&survey->shorts, row->line, row->count);
        take_row(reading, row->cells);
    }
    reading->row_count = reading->whole_count = reading->row_bytes = 0;
    arena_fini(reading->arena);
    arena_init(reading->arena, ARENA_BYTES);
}

static void put_off(struct reading *reading, int64_t line, const struct csv_cell *cells, size_t count)
{
    size_t width = width_of(reading->survey);
    struct csv_cell *copy = arena_zalloc(reading->arena, width, sizeof(*copy));
    for (size_t i = 0; i < width && copy != NULL; i++) {
        copy[i].text = i < count ? keep(reading, reading->arena, cells[i].text) : span_of("");
        reading->row_bytes += copy[i].text.len;
    }
    if (copy == NULL)
        reading->code = err_no_memory(reading->err);
    reading->rows[reading->row_count++] = (struct put_off){.cells = copy, .count = count, .line = line};
    reading->whole_count += count == reading->survey->layout.columns;
}

// Whether a row can wait with those that are put off.
static bool can_wait(const struct reading *reading)
{
    return reading->row_count > 0 && reading->row_count < PUT_OFF && reading->whole_count < NOTES &&
           reading->row_bytes < ARENA_BYTES / 4 && reading->may_be_notes;
}

static bool on_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct reading *reading = ctx;
    struct survey *survey = reading->survey;
    if (reading->headings < survey->layout.header_rows) {
        take_heading(reading, cells, count);
        return reading->code == ERR_NONE;
    }
    if (count > 1 && is_empty(cells, count)) {
        survey->blank_rows++;
        return true;
    }
    if (reading->has_ended) {
        reading->after_end++;
        return true;
    }
    reading->has_ended = span_starts_with(cells[0].text, LINE_OF_NOTES);
    bool is_odd = count != survey->layout.columns;
    bool may_be_note = reading->has_ended ||
                       (is_odd ? may_begin_notes(survey, cells, count) : is_note(survey, cells, count));
    if (reading->has_ended || !can_wait(reading) || (!is_odd && !may_be_note))
        settle_rows(reading);
    if (is_odd || may_be_note) {
        reading->may_be_notes = reading->row_count > 0 ? reading->may_be_notes : may_be_note;
        put_off(reading, line, cells, count);
    } else {
        take_row(reading, cells);
    }
    return reading->code == ERR_NONE;
}

static bool on_broken_row(void *ctx, int64_t line)
{
    struct reading *reading = ctx;
    count_bad(&reading->survey->broken, line, 0);
    return true;
}

static enum err_code on_input(void *ctx, struct span bytes, struct err *err)
{
    return csv_input_feed(ctx, bytes, err);
}

static enum err_code read_csv(
    const struct survey *survey, const char *path, const struct csv_rows_handler *handler, struct err *err)
{
    struct csv_dialect dialect = CSV_STRICT;
    struct csv_input input = {0};
    dialect.delimiter = survey->layout.delimiter;
    dialect.skip = (uint32_t)survey->layout.skip;
    dialect.has_no_quotes = survey->has_no_quotes;
    if (strcmp(survey->encoding, "UTF-8") != 0)
        dialect.encoding = span_of(survey->encoding);
    enum err_code code = csv_input_init(&input, &dialect, handler, err);
    if (code == ERR_NONE)
        code = file_parts_read(path, SIZE_MAX, on_input, &input, err);
    if (code == ERR_NONE)
        code = csv_input_finish(&input, err);
    csv_input_fini(&input);
    return code;
}

// --- notes behind the rows

struct walking {
    const struct survey *survey;
    survey_row_function *on_each; // with ctx
    void *ctx;                    //
    size_t headings;              // rows of the header that have come
};

static bool on_walked_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct walking *walking = ctx;
    const struct survey *survey = walking->survey;
    struct span until = survey->until, start = {.at = cells[0].text.at, .len = until.len};
    (void)line;
    if (walking->headings < survey->layout.header_rows) {
        walking->headings++;
        return true;
    }
    if (until.len > 0 && cells[0].text.len >= until.len && span_equal(start, until))
        return false;
    bool is_whole = count == survey->layout.columns;
    bool is_short = count < survey->layout.columns && survey->shorts.count > 0;
    if ((is_whole || is_short) && !(count > 1 && is_empty(cells, count)))
        walking->on_each(walking->ctx, cells, count);
    return true;
}

static bool on_walked_broken_row(void *ctx, int64_t line)
{
    (void)ctx, (void)line;
    return true;
}

enum err_code survey_walk(
    const struct survey *survey, const char *path, survey_row_function *on_each, void *ctx, struct err *err)
{
    struct walking walking = {.survey = survey, .on_each = on_each, .ctx = ctx};
    struct csv_rows_handler handler = {
        .ctx = &walking, .on_row = on_walked_row, .on_broken_row = on_walked_broken_row};
    return read_csv(survey, path, &handler, err);
}

static void count_row(void *ctx, const struct csv_cell *cells, size_t count)
{
    (void)cells, (void)count;
    ++*(uint64_t *)ctx;
}

// Notes can be told from rows by how the first one begins, unless a row begins so, too.
static enum err_code check_notes(struct survey *survey, const char *path, struct err *err)
{
    uint64_t rows = 0;
    enum err_code code = survey->until.len > 0 ? survey_walk(survey, path, count_row, &rows, err) : ERR_NONE;
    if (code == ERR_NONE && rows != survey->rows)
        survey->until = (struct span){0};
    return code;
}

// Settles what the rows at the end are that were put off.
static enum err_code settle_end(struct reading *reading, const char *path)
{
    struct survey *survey = reading->survey;
    const struct put_off *first = &reading->rows[0];
    bool is_cut = !reading->may_be_notes && survey->shorts.count == 0;
    if (reading->row_count == 0)
        return ERR_NONE;
    if (is_cut) { // no other row is short: the file ends in the middle of one
        count_bad(&survey->odd, first->line, first->count);
        return ERR_NONE;
    }
    survey->notes = reading->row_count + reading->after_end;
    if (reading->may_be_notes)
        survey->until = keep(reading, &survey->arena, beginning(first->cells[0].text));
    enum err_code code = reading->code == ERR_NONE ? check_notes(survey, path, reading->err) : reading->code;
    if (code != ERR_NONE || survey->until.len > 0)
        return code;
    survey->notes = 0;
    survey->odd.count += reading->after_end;
    settle_rows(reading);
    return reading->code;
}

static enum err_code read_rows_once(struct survey *survey, const char *path, struct err *err)
{
    AUTO(arena_fini) struct arena arena;
    struct reading reading = {.survey = survey, .arena = &arena, .err = err};
    arena_init(&arena, ARENA_BYTES);
    struct csv_rows_handler handler = {.ctx = &reading, .on_row = on_row, .on_broken_row = on_broken_row};
    enum err_code code = read_csv(survey, path, &handler, err);
    if (code == ERR_NONE)
        code = reading.code;
    return code == ERR_NONE ? settle_end(&reading, path) : code;
}

static void forget_rows(struct survey *survey)
{
    for (size_t i = 0; i < LIMIT_FIELDS; i++) {
        column_guess_fini(&survey->columns[i].guess);
        survey->columns[i] = (struct survey_column){0};
        column_guess_init(&survey->columns[i].guess);
    }
    survey->rows = survey->blank_rows = survey->notes = survey->enclosed = survey->half_quoted = 0;
    survey->odd = survey->shorts = survey->broken = (struct bad_rows){0};
    survey->until = (struct span){0};
}

// Where quotes make no sense in a file with tabs, they are none; but in one of quoted cells of which a few
// are broken, these are what is wrong.
static enum err_code read_rows(struct survey *survey, const char *path, struct err *err)
{
    struct err first = {0}, second = {0};
    enum err_code code = read_rows_once(survey, path, &first);
    bool is_doubtful =
        survey->layout.delimiter == '\t' &&
        (code == ERR_MALFORMED || survey->odd.count + survey->shorts.count + survey->broken.count > 0);
    if (is_doubtful) {
        forget_rows(survey);
        survey->has_no_quotes = true;
        enum err_code plain_code = read_rows_once(survey, path, &second);
        if (plain_code == ERR_NONE && survey->enclosed < ENCLOSED_TIMES * survey->half_quoted)
            return ERR_NONE;
        forget_rows(survey);
        survey->has_no_quotes = false;
        first = (struct err){0};
        code = read_rows_once(survey, path, &first);
    }
    if (code != ERR_NONE)
        *err = first;
    return code;
}

// A last column without a name and without a value only ends the lines.
static void drop_tail(struct survey *survey)
{
    size_t count = survey->column_count = width_of(survey);
    struct survey_column *last = &survey->columns[count - 1];
    survey->has_tail = count > 1 && count == survey->layout.columns && last->header.len == 0 &&
                       last->guess.values == 0 && column_guess_tokens(&last->guess) == 0;
    survey->column_count -= survey->has_tail;
}

static void settle_ways(struct survey *survey)
{
    const struct column_guess *guesses[LIMIT_FIELDS];
    for (size_t i = 0; i < survey->column_count; i++)
        guesses[i] = &survey->columns[i].guess;
    column_ways_settle(guesses, survey->column_count, survey->layout.delimiter, &survey->ways);
}

enum err_code survey_file(const char *path, struct survey **ret_survey, struct err *err)
{
    struct survey *survey = mem_zalloc(1, sizeof(*survey));
    if (survey == NULL)
        return err_no_memory(err);
    *ret_survey = survey;
    arena_init(&survey->arena, ARENA_BYTES);
    for (size_t i = 0; i < LIMIT_FIELDS; i++)
        column_guess_init(&survey->columns[i].guess);
    enum err_code code = find_encoding(survey, path, err);
    if (code == ERR_NONE)
        code = find_layout(survey, path, err);
    if (code != ERR_NONE)
        return code;
    if (survey->form != SURVEY_CSV)
        return survey_json(survey, path, err);
    code = read_rows(survey, path, err);
    if (code != ERR_NONE)
        return code;
    if (survey->rows == 0)
        return err_set(err, ERR_MALFORMED, "the file has no rows below its header");
    drop_tail(survey);
    settle_ways(survey);
    return ERR_NONE;
}

void survey_free(struct survey *survey)
{
    if (survey == NULL)
        return;
    for (size_t i = 0; i < LIMIT_FIELDS; i++)
        column_guess_fini(&survey->columns[i].guess);
    arena_fini(&survey->arena);
    mem_free(survey);
}
