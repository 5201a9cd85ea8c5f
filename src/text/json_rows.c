// SPDX-License-Identifier: Apache-2.0
// Three parts on a line: json_guard cuts the input into pieces of whole tokens, yajl parses a piece, and the
// callbacks here gather members into rows. A token that is cut by the end of a feed waits in `tail` until its
// rest has come. Since yajl never sees a part of a token, its work is linear and its memory known ahead.
//
// Invariants: a piece starts between two tokens, at the place `base`; an NDJSON piece holds one line at most;
// what comes out depends on the input alone, not on how it was cut.
#include "text/json_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <yajl/yajl_parse.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/bom.h"
#include "text/json_guard.h"
#include "text/yajl_memory.h"

enum {
    FIRST_ROW_BYTES = 4096,
    // A string of which each byte is written as \u00XX, with a word before it that has no business there.
    TAIL_BYTES = 7 * LIMIT_VALUE_BYTES + 64,
};

// Where in the input the parser is.
enum where {
    AT_TOP,     // outside of everything
    AMONG_ROWS, // in the outer array
    IN_ROW,     // in an object that is a row
    IN_NESTED,  // in a value of a row, or an element that is no object
};

struct json_rows {
    struct json_rows_handler handler;         // who gets the rows
    bool ndjson;                              // a row a line
    struct bom bom;                           // the start of the input
    struct json_guard guard;                  // ahead of the parser
    struct buf tail;                          // the start of a token whose end has not come
    yajl_handle yajl;                         // owned; the parser
    struct yajl_memory memory;                // of the parser
    struct json_place base;                   // where the next piece starts, or the tail if there is one
    size_t value_end;                         // in the current piece, after the last value or name
    enum where where;                         // the parser is
    enum where outside;                       // where to go on after the nested value
    int nested_depth;                         // depth at which the nested value started
    int depth;                                // open arrays and objects
    int64_t line;                             // of the current row, as the handler counts; 0 before the first
    bool line_has_value;                      // NDJSON: this line's value has come
    bool any_value;                           // something other than blanks has come
    struct buf row;                           // names and texts of the row's members, one after another
    struct json_member members[LIMIT_FIELDS]; // lengths are right at once, pointers at the row's end
    size_t count;                             // members of the current row
    bool stopped;                             // the handler wants no more
    struct err failure;                       // the first failure
};

// --- failures

static bool is_over(const struct json_rows *json)
{
    return json->stopped || json->failure.code != ERR_NONE;
}

static enum err_code report_failure(const struct json_rows *json, struct err *err)
{
    const struct err *failure = &json->failure;
    if (failure->code == ERR_NONE)
        return ERR_NONE;
    return err_set_at(err, failure->code, failure->line, failure->column, "%s", failure->text);
}

static uint32_t clamp(int64_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static void set_place(struct json_rows *json, const struct json_place *place, int64_t offset)
{
    if (json->failure.code == ERR_NO_MEMORY)
        return;
    json->failure.line = clamp(place->line);
    json->failure.column = clamp(offset - place->line_start + 1);
}

// Fails as the guard has.
static void fail_at_guard(struct json_rows *json)
{
    if (json->guard.fault == ERR_TOO_LARGE)
        (void)err_set(&json->failure, ERR_TOO_LARGE, "a value is larger than %d bytes", LIMIT_VALUE_BYTES);
    else
        (void)err_set(&json->failure, json->guard.fault, "broken JSON: %s", json->guard.fault_text);
    set_place(json, &json->guard.place, json->guard.place.offset);
}

// Puts the place of the last token that starts in the first `passed` bytes of the piece into the failure: the
// guard looks at them once more.
static void place_failure(struct json_rows *json, struct span piece, size_t passed)
{
    struct json_guard again;
    size_t whole;
    json_guard_init(&again);
    again.place = json->base;
    (void)json_guard_scan(&again, (struct span){.at = piece.at, .len = passed}, GUARD_STOP_AT_END, &whole);
    set_place(json, &again.place, again.token);
}

// For callbacks: fails at the current token, and makes yajl stop.
static int refuse(struct json_rows *json, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

static int refuse(struct json_rows *json, enum err_code code, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)err_set(&json->failure, code, "%s", text);
    return 0;
}

// What yajl says, in our words.
static const char *fault_in_words(const char *message)
{
    static const struct {
        const char *said; // a part of yajl's message that no other one has
        const char *text; // in our words
    } faults[] = {
        {"unallowed token", "broken JSON: a value is missing or out of place"},
        {"trailing garbage", "broken JSON: something follows the end"},
        {"invalid object key", "broken JSON: a member's name must be a string"},
        {"separated by a colon", "broken JSON: a colon must follow a member's name"},
        {"inside map", "broken JSON: a comma or } must follow a member"},
        {"after array element", "broken JSON: a comma or ] must follow an element"},
        {"malformed number", "broken JSON: a number is malformed"},
        {"invalid", "broken JSON: a word that is not true, false, null or a number"},
    };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (message != NULL && strstr(message, faults[i].said) != NULL)
            return faults[i].text;
    }
    return "broken JSON";
}

// Fails as yajl has. It tells the offset behind the token that it does not want; but where a comma or an end
// should have followed a value, it goes back by the length of what it met instead, to about where that
// starts.
static void fail_as_yajl(struct json_rows *json, struct span piece)
{
    size_t passed = yajl_get_bytes_consumed(json->yajl), next = json->value_end;
    while (next < piece.len && memchr(" \t\r\n", piece.at[next], 4) != NULL)
        next++;
    if (passed <= next && next < piece.len)
        passed = next + 1;
    unsigned char *message = yajl_get_error(json->yajl, 0, NULL, 0);
    (void)err_set(&json->failure, ERR_MALFORMED, "%s", fault_in_words((const char *)message));
    yajl_free_error(json->yajl, message);
    place_failure(json, piece, passed);
}

// --- rows

static int deliver(struct json_rows *json)
{
    const char *at = json->row.data;
    for (size_t i = 0; i < json->count; i++) {
        struct json_member *member = &json->members[i];
        member->name.at = at;
        member->text.at = at + member->name.len;
        at += member->name.len + member->text.len;
    }
    json->stopped = !json->handler.on_row(json->handler.ctx, json->line, json->members, json->count);
    return !json->stopped;
}

static int deliver_not_object(struct json_rows *json)
{
    json->stopped = !json->handler.on_not_object(json->handler.ctx, json->line);
    return !json->stopped;
}

static int append_to_row(struct json_rows *json, struct span text)
{
    enum err_code code = buf_append(&json->row, text.at, text.len);
    if (code == ERR_TOO_LARGE)
        return refuse(json, code, "the row is larger than %d bytes", LIMIT_BODY_BYTES);
    if (code != ERR_NONE)
        return refuse(json, code, "out of memory");
    return 1;
}

// The value of the last member.
static int set_member(struct json_rows *json, enum json_kind kind, struct span text)
{
    struct json_member *member = &json->members[json->count - 1];
    member->kind = kind;
    member->text.len = text.len;
    return append_to_row(json, text);
}

static void start_nested(struct json_rows *json)
{
    json->outside = json->where;
    json->nested_depth = json->depth;
    json->where = IN_NESTED;
}

static void start_row(struct json_rows *json)
{
    json->where = IN_ROW;
    json->count = 0;
    buf_clear(&json->row);
}

// A value starts where rows are expected.
static int start_element(struct json_rows *json)
{
    json->any_value = true;
    if (json->ndjson && json->line_has_value)
        return refuse(json, ERR_MALFORMED, "broken JSON: a second value on the line");
    json->line_has_value = true;
    json->line = json->ndjson ? json->base.line : json->line + 1;
    return 1;
}

// --- what yajl calls

static int on_scalar(struct json_rows *json, enum json_kind kind, struct span text)
{
    json->value_end = yajl_get_bytes_consumed(json->yajl);
    switch (json->where) {
    case AT_TOP:
        if (!json->ndjson)
            return refuse(json, ERR_MALFORMED, "the input must be an object or an array of objects");
        return start_element(json) && deliver_not_object(json);
    case AMONG_ROWS:
        return start_element(json) && deliver_not_object(json);
    case IN_ROW:
        return set_member(json, kind, text);
    case IN_NESTED:
        break;
    }
    return 1;
}

static int on_null(void *ctx)
{
    return on_scalar(ctx, JSON_NULL, (struct span){0});
}

static int on_boolean(void *ctx, int is_true)
{
    return on_scalar(ctx, JSON_BOOLEAN, span_of(is_true ? "true" : "false"));
}

static int on_number(void *ctx, const char *text, size_t len)
{
    return on_scalar(ctx, JSON_NUMBER, (struct span){.at = text, .len = len});
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
    return on_scalar(ctx, JSON_STRING, (struct span){.at = (const char *)text, .len = len});
}

static int on_name(void *ctx, const unsigned char *text, size_t len)
{
    struct json_rows *json = ctx;
    json->value_end = yajl_get_bytes_consumed(json->yajl);
    if (json->where != IN_ROW)
        return 1;
    if (json->count == LIMIT_FIELDS)
        return refuse(json, ERR_TOO_LARGE, "the row has more than %d members", LIMIT_FIELDS);
    json->members[json->count++].name.len = len;
    return append_to_row(json, (struct span){.at = (const char *)text, .len = len});
}

static int on_start(struct json_rows *json, bool is_object)
{
    json->value_end = yajl_get_bytes_consumed(json->yajl);
    if (json->depth == LIMIT_JSON_DEPTH)
        return refuse(json, ERR_TOO_LARGE, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
    int go_on = 1;
    bool is_outer_array = json->where == AT_TOP && !json->ndjson && !is_object;
    if (is_outer_array) {
        json->any_value = true;
        json->where = AMONG_ROWS;
    } else if (json->where == AT_TOP || json->where == AMONG_ROWS) {
        go_on = start_element(json) && (is_object || deliver_not_object(json));
        if (is_object)
            start_row(json);
        else
            start_nested(json);
    } else if (json->where == IN_ROW) {
        go_on = set_member(json, JSON_NESTED, (struct span){0});
        start_nested(json);
    }
    json->depth++;
    return go_on;
}

static int on_start_object(void *ctx)
{
    return on_start(ctx, true);
}

static int on_start_array(void *ctx)
{
    return on_start(ctx, false);
}

static int on_end(void *ctx)
{
    struct json_rows *json = ctx;
    json->value_end = yajl_get_bytes_consumed(json->yajl);
    json->depth--;
    switch (json->where) {
    case AT_TOP:
        break;
    case AMONG_ROWS:
        json->where = AT_TOP;
        break;
    case IN_ROW:
        json->where = json->depth == 0 ? AT_TOP : AMONG_ROWS;
        return deliver(json);
    case IN_NESTED:
        if (json->depth == json->nested_depth)
            json->where = json->outside;
        break;
    }
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_object,
    .yajl_map_key = on_name,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

// --- pieces

// Parses a piece of whole tokens that starts at `base` and ends at `end`, and moves `base` there.
static void parse_piece(struct json_rows *json, struct span piece, struct json_place end)
{
    if (yajl_memory_reserve(&json->memory, json->guard.longest) != ERR_NONE) {
        (void)err_no_memory(&json->failure);
        return;
    }
    json->value_end = 0;
    yajl_status status = yajl_parse(json->yajl, (const unsigned char *)piece.at, piece.len);
    if (status == yajl_status_error)
        fail_as_yajl(json, piece);
    else if (json->failure.code != ERR_NONE) // a callback's
        place_failure(json, piece, json->value_end);
    if (!is_over(json) && json->ndjson && piece.at[piece.len - 1] == '\n') {
        json->line_has_value = false;
        if (json->depth > 0) {
            (void)err_set(&json->failure, ERR_MALFORMED, "broken JSON: the line ends inside a value");
            set_place(json, &json->base, end.offset - 1);
        }
    }
    json->base = end;
}

// Parses the tail together with its end, which has come.
static void parse_tail(struct json_rows *json, struct json_place end)
{
    parse_piece(json, buf_span(&json->tail), end);
    buf_clear(&json->tail);
}

static void add_to_tail(struct json_rows *json, struct span bytes)
{
    if (buf_append(&json->tail, bytes.at, bytes.len) != ERR_NONE)
        (void)err_no_memory(&json->failure); // it cannot be too large: the guard has looked
}

static void parse(struct json_rows *json, struct span bytes)
{
    while (bytes.len > 0 && !is_over(json)) {
        bool has_tail = json->tail.len > 0;
        enum json_guard_stop stop = json->ndjson ? GUARD_STOP_AT_LINE : GUARD_STOP_AT_END;
        size_t whole,
            passed = json_guard_scan(&json->guard, bytes, has_tail ? GUARD_STOP_AT_TOKEN : stop, &whole);
        struct json_place end = json->guard.place; // of whole tokens: no line ends behind them
        end.offset = json->base.offset + (int64_t)(json->tail.len + whole);
        if (has_tail && whole > 0) {
            add_to_tail(json, (struct span){.at = bytes.at, .len = whole});
            if (!is_over(json))
                parse_tail(json, end);
        } else if (whole > 0) {
            parse_piece(json, (struct span){.at = bytes.at, .len = whole}, end);
        }
        if (is_over(json))
            return;
        if (json->guard.fault != ERR_NONE) {
            fail_at_guard(json);
            return;
        }
        add_to_tail(json, (struct span){.at = bytes.at + whole, .len = passed - whole});
        bytes.at += passed;
        bytes.len -= passed;
    }
}

// --- the reader

enum err_code json_rows_new(
    const struct json_rows_handler *handler, bool ndjson, struct json_rows **ret_json, struct err *err)
{
    struct json_rows *json = mem_zalloc(1, sizeof(*json));
    if (json == NULL)
        return err_no_memory(err);
    json->handler = *handler;
    json->ndjson = ndjson;
    json->base.line = 1;
    json_guard_init(&json->guard);
    buf_init(&json->tail, TAIL_BYTES);
    buf_init(&json->row, LIMIT_BODY_BYTES);
    yajl_memory_init(&json->memory);
    if (buf_reserve(&json->row, FIRST_ROW_BYTES) != ERR_NONE) { // so that no span is NULL
        json_rows_free(json);
        return err_no_memory(err);
    }
    json->yajl = yajl_alloc(&callbacks, &json->memory.functions, json);
    (void)yajl_config(json->yajl, yajl_dont_validate_strings, 1); // the guard has, and more strictly
    (void)yajl_config(json->yajl, yajl_allow_multiple_values, ndjson ? 1 : 0);
    *ret_json = json;
    return ERR_NONE;
}

enum err_code json_rows_feed(struct json_rows *json, struct span bytes, struct err *err)
{
    struct span held = bom_skip(&json->bom, &bytes);
    parse(json, held);
    parse(json, bytes);
    return report_failure(json, err);
}

enum err_code json_rows_finish(struct json_rows *json, struct err *err)
{
    parse(json, bom_finish(&json->bom));
    if (is_over(json))
        return report_failure(json, err);
    struct json_place end = json->guard.place;
    bool in_string = json->guard.state != GUARD_BETWEEN && json->guard.state != GUARD_WORD;
    if (!in_string)
        parse(json, span_of(json->ndjson ? "\n" : " ")); // ends a last word and a last line
    if (is_over(json))
        return report_failure(json, err);
    if (!json->any_value && !in_string) {
        (void)err_set(&json->failure, ERR_MALFORMED, "the input is empty");
    } else if (json->depth > 0 || in_string) {
        (void)err_set(&json->failure, ERR_MALFORMED, "broken JSON: the input is cut short");
        set_place(json, &end, end.offset);
    }
    return report_failure(json, err);
}

void json_rows_free(struct json_rows *json)
{
    if (json == NULL)
        return;
    if (json->yajl != NULL)
        yajl_free(json->yajl);
    yajl_memory_fini(&json->memory);
    buf_fini(&json->tail);
    buf_fini(&json->row);
    mem_free(json);
}
