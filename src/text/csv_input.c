// SPDX-License-Identifier: Apache-2.0
// Charset, then what stands in front of the header, then rows. Each phase takes of the text what is its own
// and leaves the rest to the next one, so it does not matter how the text is cut. One thread at a time.
//
//     SEP ── no such line, or its end ──► SKIP ── all lines ──► LOOK ── a delimiter ──► PARSE
#include "text/csv_input.h"

#include <string.h>

#include "base/limits.h"
#include "text/csv_sep.h"
#include "text/csv_sniff.h"

// --- lines in front of the header

// Takes the lines that are to be skipped off the front of *text.
static void skip_lines(struct csv_input *input, struct span *text)
{
    while (text->len > 0 && (input->skip > 0 || input->after_cr)) {
        char c = text->at[0];
        bool is_lf_of_cr_lf = input->after_cr && c == '\n';
        input->after_cr = false;
        if (input->skip == 0 && !is_lf_of_cr_lf)
            return;
        span_drop(text, 1);
        if (is_lf_of_cr_lf || (c != '\n' && c != '\r'))
            continue;
        input->after_cr = c == '\r';
        input->skip--;
        input->line++;
    }
}

// --- phases

static void begin_skip(struct csv_input *input, struct span text)
{
    size_t bytes;
    bool unused;
    char delimiter = csv_sep(text, &bytes, &unused);
    input->phase = CSV_SKIP;
    input->skip = input->dialect->skip;
    if (delimiter == '\0')
        return;
    input->form.delimiter = delimiter;
    input->is_told = true;
    input->skip++;
}

static void begin_rows(struct csv_input *input, struct span text)
{
    if (input->dialect->is_auto && !input->is_told)
        input->form.delimiter = csv_sniff_delimiter(text);
    csv_rows_begin(input->rows, &input->form, input->line);
    input->phase = CSV_PARSE;
}

// Takes off the front of *text what the phases before the rows want of it. Where it does not become
// CSV_PARSE, what is left has to come again, with more behind it.
static void advance(struct csv_input *input, struct span *text, bool is_end)
{
    if (input->phase == CSV_SEP) {
        size_t bytes;
        bool is_undecided;
        (void)csv_sep(*text, &bytes, &is_undecided);
        if (is_undecided && !is_end)
            return;
        begin_skip(input, *text);
    }
    if (input->phase == CSV_SKIP) {
        skip_lines(input, text);
        if (text->len == 0 && !is_end)
            return;
        input->phase = CSV_LOOK;
    }
    bool looks = input->dialect->is_auto && !input->is_told;
    if (!looks || text->len >= LIMIT_CSV_LOOK_BYTES || is_end)
        begin_rows(input, *text);
}

static enum err_code feed_rows(struct csv_input *input, struct span text, struct err *err)
{
    return text.len > 0 ? csv_rows_feed(input->rows, text, err) : ERR_NONE;
}

// Puts as much of *text as a phase may ever want behind what is held, and goes on with that.
static enum err_code go_on(struct csv_input *input, struct span *text, bool is_end, struct err *err)
{
    struct buf *held = &input->held;
    size_t room = LIMIT_CSV_LOOK_BYTES - held->len, taken = text->len < room ? text->len : room;
    if (taken > 0 && buf_append(held, text->at, taken) != ERR_NONE)
        return err_no_memory(err);
    span_drop(text, taken);
    struct span all = buf_span(held);
    advance(input, &all, is_end);
    if (input->phase == CSV_PARSE) {
        enum err_code code = feed_rows(input, all, err);
        buf_fini(held);
        return code;
    }
    memmove(held->data, all.at, all.len);
    held->len = all.len;
    return ERR_NONE;
}

static enum err_code on_text(void *ctx, struct span text, struct err *err)
{
    struct csv_input *input = ctx;
    enum err_code code = ERR_NONE;
    if (input->phase != CSV_PARSE && input->held.len == 0)
        advance(input, &text, false);
    while (code == ERR_NONE && input->phase != CSV_PARSE && text.len > 0)
        code = go_on(input, &text, false, err);
    return code == ERR_NONE ? feed_rows(input, text, err) : code;
}

// --- the whole

enum err_code csv_input_init(struct csv_input *input, const struct csv_dialect *dialect,
    const struct csv_rows_handler *handler, struct err *err)
{
    *input = (struct csv_input){.dialect = dialect, .line = 1};
    input->form = (struct csv_form){
        .delimiter = dialect->delimiter, .has_no_quotes = dialect->has_no_quotes, .trims = dialect->trims};
    buf_init(&input->held, LIMIT_CSV_LOOK_BYTES);
    enum err_code code = charset_init(&input->charset, dialect->encoding, err);
    return code == ERR_NONE ? csv_rows_new(handler, &input->rows, err) : code;
}

// What is wrong with the bytes is told with the line that they are in.
static enum err_code place(const struct csv_input *input, enum err_code code, struct err *err)
{
    if (code != ERR_MALFORMED || err->line > 0)
        return code;
    struct err there = *err;
    *err = (struct err){0};
    int64_t line = input->phase == CSV_PARSE ? csv_rows_line(input->rows) : input->line;
    return err_set_at(err, code, line < UINT32_MAX ? (uint32_t)line : UINT32_MAX, 0, "%s", there.text);
}

enum err_code csv_input_feed(struct csv_input *input, struct span bytes, struct err *err)
{
    if (input->phase == CSV_PARSE && input->charset.state == CHARSET_PASS)
        return csv_rows_feed(input->rows, bytes, err);
    return place(input, charset_feed(&input->charset, bytes, on_text, input, err), err);
}

enum err_code csv_input_finish(struct csv_input *input, struct err *err)
{
    struct span none = {0};
    enum err_code code = place(input, charset_finish(&input->charset, on_text, input, err), err);
    if (code == ERR_NONE && input->phase != CSV_PARSE)
        code = go_on(input, &none, true, err);
    return code == ERR_NONE ? csv_rows_finish(input->rows, err) : code;
}

void csv_input_fini(struct csv_input *input)
{
    if (input == NULL)
        return;
    charset_fini(&input->charset);
    csv_rows_free(input->rows);
    buf_fini(&input->held);
    *input = (struct csv_input){0};
}
