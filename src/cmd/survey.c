// SPDX-License-Identifier: Apache-2.0
// Twice through the file: for its encoding, which its last byte may decide, and for its rows, which the
// decoder and the parser of every batch take apart (text/csv_input.h). So the survey sees what a load will
// see. Rows that do not fit wait until it is known whether whole ones follow: if not, they are notes. On the
// main thread.
#include "cmd/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "text/charset.h"
#include "text/charset_guess.h"
#include "text/csv_input.h"
#include "text/utf8.h"

enum {
    READ_BYTES = 256 * 1024,
    START_BYTES = 1024 * 1024,      // for the layout
    TEXT_BYTES = 4 * START_BYTES,   // the same in UTF-8
    ARENA_BYTES = 64 * 1024 * 1024, // headers and one row, or rows that are put off
    UNTIL_BYTES = 40,
    NOTES = 32,   // rows that look like notes: more of them are data
    ROWS_MIN = 2, // of values, before words below them are a sum
};

static const char LINE_OF_NOTES[] = "_____";

// --- the file

typedef enum err_code bytes_function(void *ctx, struct span bytes, struct err *err);

static enum err_code read_bytes(
    int fd, char *room, size_t max, bytes_function *on_bytes, void *ctx, struct err *err)
{
    for (size_t total = 0; total < max;) {
        ssize_t got = read(fd, room, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_IO, "%s", strerror(errno));
        if (got == 0)
            break;
        enum err_code code = on_bytes(ctx, (struct span){.at = room, .len = (size_t)got}, err);
        if (code != ERR_NONE)
            return code;
        total += (size_t)got;
    }
    return ERR_NONE;
}

// Hands over the file in parts, up to some `max` bytes.
static enum err_code read_file(
    const char *path, size_t max, bytes_function *on_bytes, void *ctx, struct err *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, ERR_IO, "%s", strerror(errno));
    char *room = mem_alloc(READ_BYTES);
    enum err_code code = ERR_NONE;
    if (room == NULL)
        code = err_no_memory(err);
    else if (fstat(fd, &status) != 0)
        code = err_set(err, ERR_IO, "%s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        code = err_set(err, ERR_IO, "is no file");
    else
        code = read_bytes(fd, room, max, on_bytes, ctx, err);
    mem_free(room);
    close(fd);
    return code;
}

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
    enum err_code code = read_file(path, SIZE_MAX, on_guess, &guess, err);
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

// Says what a text without rows of cells is instead.
static enum err_code check_start(struct span text, const struct survey *survey, struct err *err)
{
    while (
        text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\n' || text.at[0] == '\r' || text.at[0] == '\t'))
        text = (struct span){.at = text.at + 1, .len = text.len - 1};
    if (text.len == 0 || survey->layout.columns == 0)
        return err_set(err, ERR_MALFORMED, "the file has no rows");
    if (text.at[0] == '{' || (text.at[0] == '[' && text.len > 1 && strchr("{[\r\n ", text.at[1]) != NULL))
        return err_set(err, ERR_MALFORMED, "looks like JSON; only CSV is read here");
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
        code = read_file(path, START_BYTES, on_start, &start, err);
    if (code == ERR_NONE) {
        csv_sniff(buf_span(&start.text), &survey->layout);
        code = check_start(buf_span(&start.text), survey, err);
    }
    charset_fini(&start.charset);
    buf_fini(&start.text);
    return code;
}

// --- rows

struct reading {
    struct survey *survey;
    size_t headings; // rows of the header that have come
    const struct csv_cell
        *notes[NOTES];      // rows since the last one that is surely one, as many cells as it has
    size_t note_count;      //
    uint64_t odd_count;     // rows of another number of cells likewise
    int64_t odd_line;       // where the first of these is
    size_t odd_cells;       // that it has
    struct span first_note; // the first cell of the first of them all
    struct arena *put_off;  // borrowed; of the texts of these rows
    bool has_ended;         // a line of underscores has come, behind which offices put their notes
    struct err *err;        //
    enum err_code code;     //
};

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

// Whether a row of another number of cells may be where notes begin. One that begins as rows do is the last
// row of a file that is cut off, say; and what it begins with must not end later files.
static bool may_begin_notes(const struct csv_cell *cells, size_t count)
{
    struct span text = span_trim(cells[0].text);
    return text.len > 0 && !csv_sniff_is_value(text) && (count == 1 || has_words(text));
}

// Whether the row may be none, but a note or a sum below the table: it has words in its first cell, and
// either nothing else, or values above them.
static bool is_note(const struct survey *survey, const struct csv_cell *cells, size_t count)
{
    static const struct column_ways plain = {0};
    struct span text = span_trim(cells[0].text);
    if (count < 3 || text.len == 0 || csv_sniff_is_value(text))
        return false;
    const struct column_guess *above = &survey->columns[0].guess;
    enum column_kind kind = above->values >= ROWS_MIN ? column_guess_kind(above, &plain) : COLUMN_TEXT;
    bool is_sum = kind > COLUMN_BOOLEAN && text.len > 3;
    return is_sum || (has_words(text) && is_empty(cells + 1, count - 1));
}

static void take_row(struct reading *reading, const struct csv_cell *cells)
{
    struct survey *survey = reading->survey;
    for (size_t i = 0; i < survey->layout.columns; i++) {
        column_guess_feed(&survey->columns[i].guess, cells[i].text);
        if (survey->rows == 0)
            survey->columns[i].first = keep(reading, &survey->arena, cells[i].text);
    }
    survey->rows++;
}

// A whole row follows those that were put off, or they cannot be told from rows: so they are rows, too.
static void settle_notes(struct reading *reading)
{
    struct survey *survey = reading->survey;
    for (size_t i = 0; i < reading->note_count; i++)
        take_row(reading, reading->notes[i]);
    if (reading->odd_count > 0 && survey->odd_rows == 0) {
        survey->odd_line = reading->odd_line;
        survey->odd_cells = reading->odd_cells;
    }
    survey->odd_rows += reading->odd_count;
    reading->note_count = 0;
    reading->odd_count = 0;
    arena_fini(reading->put_off);
    arena_init(reading->put_off, ARENA_BYTES);
}

// Puts a row off that may be a note.
static void put_off(struct reading *reading, int64_t line, const struct csv_cell *cells, size_t count)
{
    if (reading->note_count == NOTES)
        settle_notes(reading);
    struct arena *arena = reading->put_off;
    if (reading->note_count + reading->odd_count == 0)
        reading->first_note = keep(reading, arena, cells[0].text);
    if (count == reading->survey->layout.columns) {
        struct csv_cell *copy = arena_zalloc(arena, count, sizeof(*copy));
        for (size_t i = 0; i < count && copy != NULL; i++)
            copy[i].text = keep(reading, arena, cells[i].text);
        if (copy == NULL)
            reading->code = err_no_memory(reading->err);
        else
            reading->notes[reading->note_count++] = copy;
    } else if (reading->odd_count++ == 0) {
        reading->odd_line = line;
        reading->odd_cells = count;
    }
}

static void count_odd(struct survey *survey, int64_t line, size_t count)
{
    if (survey->odd_rows++ > 0)
        return;
    survey->odd_line = line;
    survey->odd_cells = count;
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
        reading->odd_count++;
        return true;
    }
    reading->has_ended = span_starts_with(cells[0].text, LINE_OF_NOTES);
    if (reading->has_ended && reading->note_count + reading->odd_count > 0)
        settle_notes(reading);
    bool is_odd = count != survey->layout.columns, has_put_off = reading->note_count + reading->odd_count > 0;
    if (is_odd && !has_put_off && !reading->has_ended && !may_begin_notes(cells, count)) {
        count_odd(survey, line, count);
        return true;
    }
    if (reading->has_ended || is_odd || is_note(survey, cells, count)) {
        put_off(reading, line, cells, count);
        return reading->code == ERR_NONE;
    }
    if (reading->note_count + reading->odd_count > 0)
        settle_notes(reading);
    take_row(reading, cells);
    return reading->code == ERR_NONE;
}

static bool on_broken_row(void *ctx, int64_t line)
{
    struct reading *reading = ctx;
    if (reading->survey->odd_rows++ == 0)
        reading->survey->odd_line = line;
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
        code = read_file(path, SIZE_MAX, on_input, &input, err);
    if (code == ERR_NONE)
        code = csv_input_finish(&input, err);
    csv_input_fini(&input);
    return code;
}

// --- notes behind the rows

struct counting {
    const struct survey *survey;
    uint64_t rows; // of the right width before the notes, with those of the header
};

static bool on_counted_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct counting *counting = ctx;
    struct span until = counting->survey->until, start = {.at = cells[0].text.at, .len = until.len};
    (void)line;
    if (cells[0].text.len >= until.len && span_equal(start, until))
        return false;
    counting->rows += count == counting->survey->layout.columns && !(count > 1 && is_empty(cells, count));
    return true;
}

static bool on_counted_broken_row(void *ctx, int64_t line)
{
    (void)ctx, (void)line;
    return true;
}

// Notes can be told from rows by how the first one begins, unless a row begins so, too.
static enum err_code check_notes(struct survey *survey, const char *path, struct err *err)
{
    struct counting counting = {.survey = survey};
    struct csv_rows_handler handler = {
        .ctx = &counting, .on_row = on_counted_row, .on_broken_row = on_counted_broken_row};
    enum err_code code = survey->until.len > 0 ? read_csv(survey, path, &handler, err) : ERR_NONE;
    uint64_t headings = survey->header_cells == survey->layout.columns ? survey->layout.header_rows : 0;
    if (code == ERR_NONE && counting.rows != survey->rows + headings)
        survey->until = (struct span){0};
    return code;
}

static enum err_code read_rows_once(struct survey *survey, const char *path, struct err *err)
{
    AUTO(arena_fini) struct arena put_off;
    struct reading reading = {.survey = survey, .put_off = &put_off, .err = err};
    arena_init(&put_off, ARENA_BYTES);
    struct csv_rows_handler handler = {.ctx = &reading, .on_row = on_row, .on_broken_row = on_broken_row};
    enum err_code code = read_csv(survey, path, &handler, err);
    if (code == ERR_NONE)
        code = reading.code;
    if (code != ERR_NONE || reading.note_count + reading.odd_count == 0)
        return code;
    survey->notes = reading.note_count + reading.odd_count;
    survey->until = keep(&reading, &survey->arena, beginning(reading.first_note));
    code = reading.code == ERR_NONE ? check_notes(survey, path, err) : reading.code;
    if (code == ERR_NONE && survey->until.len == 0) {
        survey->notes = 0;
        settle_notes(&reading);
        code = reading.code;
    }
    return code;
}

static void forget_rows(struct survey *survey)
{
    for (size_t i = 0; i < LIMIT_FIELDS; i++) {
        column_guess_fini(&survey->columns[i].guess);
        survey->columns[i] = (struct survey_column){0};
        column_guess_init(&survey->columns[i].guess);
    }
    survey->rows = survey->odd_rows = survey->blank_rows = survey->notes = 0;
    survey->until = (struct span){0};
}

// Where quotes make no sense in a file with tabs, they are none.
static enum err_code read_rows(struct survey *survey, const char *path, struct err *err)
{
    struct err first = {0};
    enum err_code code = read_rows_once(survey, path, &first);
    bool has_no_quotes = survey->layout.delimiter == '\t' && (code == ERR_MALFORMED || survey->odd_rows > 0);
    if (code != ERR_NONE && !has_no_quotes) {
        *err = first;
        return code;
    }
    if (!has_no_quotes)
        return code;
    forget_rows(survey);
    survey->has_no_quotes = true;
    return read_rows_once(survey, path, err);
}

// A last column without a name and without a value only ends the lines.
static void drop_tail(struct survey *survey)
{
    struct survey_column *last = &survey->columns[survey->layout.columns - 1];
    survey->column_count = survey->layout.columns;
    survey->has_tail = survey->column_count > 1 && last->header.len == 0 && last->guess.values == 0 &&
                       column_guess_tokens(&last->guess) == 0;
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
    if (code == ERR_NONE)
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
