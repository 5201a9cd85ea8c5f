// SPDX-License-Identifier: Apache-2.0
// The grammar takes one token after another, checks it against what may come next, and makes members of those
// of a row. The rows are what the handler gets of it. Leaves to the lexer what a token is. Invariant: after
// the first failure, and when the handler wants no more, nothing is read. One thread at a time.
#include "text/json_rows.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/bom.h"
#include "text/json_lexer.h"
#include "text/json_word.h"
#include "text/json_write.h"

enum { FIRST_ROW_BYTES = 4096 };

// What may come next:
//
//   VALUE ── { ──► NAME_OR_END ── a name ──► COLON ── : ──► VALUE ── its end ──► COMMA_IN_OBJECT
//                                              ▲                                        │
//                                              └──────────────── a name ── NAME ◄── , ──┘
//   VALUE ── [ ──► VALUE_OR_END ── an element's end ──► COMMA_IN_ARRAY ── , ──► VALUE
//
// A value ends with its only token, or with the } or ] of NAME_OR_END, VALUE_OR_END and COMMA_IN_…. What
// comes then depends on what it stands in; outside of all it is NOTHING, and in NDJSON the VALUE of the next
// line.
enum want {
    WANT_VALUE,           // a value
    WANT_VALUE_OR_END,    // the first element of an array, or ]
    WANT_NAME,            // a member's name
    WANT_NAME_OR_END,     // the first member's name, or }
    WANT_COLON,           // after a name
    WANT_COMMA_IN_OBJECT, // or }
    WANT_COMMA_IN_ARRAY,  // or ]
    WANT_NOTHING,         // the only value has ended
};

// What is wrong when something else comes.
static const char *const unwanted[] = {
    [WANT_VALUE] = "a value is missing or out of place",
    [WANT_VALUE_OR_END] = "a value is missing or out of place",
    [WANT_NAME] = "a member's name must be a string",
    [WANT_NAME_OR_END] = "a member's name must be a string",
    [WANT_COLON] = "a colon must follow a member's name",
    [WANT_COMMA_IN_OBJECT] = "a comma or } must follow a member",
    [WANT_COMMA_IN_ARRAY] = "a comma or ] must follow an element",
    [WANT_NOTHING] = "something follows the end",
};

struct json_rows {
    struct json_rows_handler handler; // who gets the rows
    bool ndjson;                      // a row a line
    bool stopped;                     // the handler wants no more
    struct bom bom;                   // the start of the input
    struct json_lexer lexer;          // behind it; keeps the first failure

    // the grammar
    enum want want;                // what may come next
    char opened[LIMIT_JSON_DEPTH]; // the { and [ that are open
    int depth;                     // how many these are

    // the rows
    int row_depth;    // depth at which rows are expected: 1 in the outer array, else 0
    int64_t row_line; // of the current row, as the handler counts; 0 before the first
    struct buf row;   // names and texts of the row's members, one after another
    struct json_member members[LIMIT_FIELDS]; // lengths are right at once, pointers at the row's end
    size_t count;                             // members of the current row
};

static bool is_over(const struct json_rows *json)
{
    return json->stopped || json->lexer.failure.code != ERR_NONE;
}

static void fail_broken(struct json_rows *json, const char *what)
{
    json_lexer_fail(&json->lexer, json->lexer.token, ERR_MALFORMED, "broken JSON: %s", what);
}

// --- rows

// True for what stands in a row, and not deeper.
static bool is_in_row(const struct json_rows *json)
{
    return json->depth == json->row_depth + 1 && json->opened[json->row_depth] == '{';
}

static void deliver_row(struct json_rows *json)
{
    const char *at = json->row.data;
    for (size_t i = 0; i < json->count; i++) {
        struct json_member *member = &json->members[i];
        member->name.at = at;
        member->text.at = at + member->name.len;
        at += member->name.len + member->text.len;
    }
    json->stopped = !json->handler.on_row(json->handler.ctx, json->row_line, json->members, json->count);
}

// An append to the row has failed, or not.
static void fail_append(struct json_rows *json, enum err_code code)
{
    if (code == ERR_TOO_LARGE)
        json_lexer_fail(
            &json->lexer, json->lexer.token, code, "the row is larger than %d bytes", LIMIT_ROW_BYTES);
    else if (code != ERR_NONE)
        (void)err_no_memory(&json->lexer.failure);
}

static void append_to_row(struct json_rows *json, struct span text)
{
    fail_append(json, buf_append(&json->row, text.at, text.len));
}

static void add_member(struct json_rows *json, struct span name)
{
    if (json->count == LIMIT_FIELDS) {
        json_lexer_fail(
            &json->lexer, json->lexer.token, ERR_TOO_LARGE, "the row has more than %d members", LIMIT_FIELDS);
        return;
    }
    json->members[json->count++].name.len = name.len;
    append_to_row(json, name);
}

// The value of the last member.
static void set_member(struct json_rows *json, enum json_kind kind, struct span text)
{
    struct json_member *member = &json->members[json->count - 1];
    member->kind = kind;
    member->text.len = text.len;
    append_to_row(json, text);
}

// True inside of a member's value that the handler wants whole.
static bool is_kept(const struct json_rows *json)
{
    return json->depth > json->row_depth + 1 && json->handler.keeps_nested &&
           json->opened[json->row_depth] == '{';
}

// Counts what was appended to the row as part of the last member's value.
static void keep_up_to(struct json_rows *json, size_t len_before)
{
    struct json_member *member = &json->members[json->count - 1];
    member->text.len += json->row.len - len_before;
    if (member->text.len > LIMIT_VALUE_BYTES)
        json_lexer_fail(&json->lexer, json->lexer.token, ERR_TOO_LARGE, "a value is larger than %d bytes",
            LIMIT_VALUE_BYTES);
}

static void keep(struct json_rows *json, struct span text)
{
    size_t len_before = json->row.len;
    append_to_row(json, text);
    keep_up_to(json, len_before);
}

// A name or value in its normal form (json_normal.h).
static void keep_scalar(struct json_rows *json, enum json_kind kind, struct span text)
{
    if (kind != JSON_STRING) {
        keep(json, text);
        return;
    }
    size_t len_before = json->row.len;
    fail_append(json, json_write_string(&json->row, text));
    keep_up_to(json, len_before);
}

// A value starts where a row is expected.
static void start_row(struct json_rows *json, bool is_object)
{
    if (json->ndjson && json->row_line == json->lexer.line) {
        fail_broken(json, "a second value on the line");
        return;
    }
    json->row_line = json->ndjson ? json->lexer.line : json->row_line + 1;
    json->count = 0;
    buf_clear(&json->row);
    if (!is_object)
        json->stopped = !json->handler.on_not_object(json->handler.ctx, json->row_line);
}

// --- grammar

static void fail_unwanted(struct json_rows *json)
{
    fail_broken(json, unwanted[json->want]);
}

static bool wants_value(const struct json_rows *json)
{
    return json->want == WANT_VALUE || json->want == WANT_VALUE_OR_END;
}

// A value has ended: what may follow depends on what it stands in.
static void end_value(struct json_rows *json)
{
    if (json->depth > 0)
        json->want = json->opened[json->depth - 1] == '{' ? WANT_COMMA_IN_OBJECT : WANT_COMMA_IN_ARRAY;
    else
        json->want = json->ndjson ? WANT_VALUE : WANT_NOTHING;
}

static void take_scalar(struct json_rows *json, enum json_kind kind, struct span text)
{
    const struct span none = {0};
    if (!wants_value(json))
        fail_unwanted(json);
    else if (json->depth == 0 && !json->ndjson)
        json_lexer_fail(&json->lexer, json->lexer.token, ERR_MALFORMED,
            "the input must be an object or an array of objects");
    else if (json->depth == json->row_depth)
        start_row(json, false);
    else if (is_in_row(json))
        set_member(json, kind, kind == JSON_NULL ? none : text);
    else if (is_kept(json))
        keep_scalar(json, kind, text);
    end_value(json);
}

static void take_string(struct json_rows *json, struct span text)
{
    if (json->want != WANT_NAME && json->want != WANT_NAME_OR_END) {
        take_scalar(json, JSON_STRING, text);
        return;
    }
    if (is_in_row(json))
        add_member(json, text);
    else if (is_kept(json))
        keep_scalar(json, JSON_STRING, text);
    json->want = WANT_COLON;
}

// Takes a word. One that is several values, such as 01 or truefalse, fails at the second of them.
static void take_word(struct json_rows *json, struct span word)
{
    while (word.len > 0 && !is_over(json)) {
        enum json_kind kind = JSON_NUMBER;
        bool is_number = word.at[0] == '-' || ascii_is_digit(word.at[0]);
        struct span text = {.at = word.at};
        text.len = is_number ? json_number_length(word) : json_name_length(word);
        if (!is_number)
            kind = word.at[0] == 'n' ? JSON_NULL : JSON_BOOLEAN;
        if (text.len == 0 && json->want != WANT_NOTHING)
            fail_broken(json,
                is_number ? "a number is malformed" : "a word that is not true, false, null or a number");
        else
            take_scalar(json, kind, text);
        word.at += text.len;
        word.len -= text.len;
    }
}

static void open_value(struct json_rows *json, char bracket)
{
    if (!wants_value(json)) {
        fail_unwanted(json);
        return;
    }
    if (json->depth == LIMIT_JSON_DEPTH) {
        json_lexer_fail(
            &json->lexer, json->lexer.token, ERR_TOO_LARGE, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
        return;
    }
    if (json->depth == 0 && !json->ndjson && bracket == '[')
        json->row_depth = 1;
    else if (json->depth == json->row_depth)
        start_row(json, bracket == '{');
    else if (is_in_row(json))
        set_member(json, JSON_NESTED, (struct span){0});
    json->opened[json->depth++] = bracket;
    if (is_kept(json))
        keep(json, (struct span){.at = &bracket, .len = 1});
    json->want = bracket == '{' ? WANT_NAME_OR_END : WANT_VALUE_OR_END;
}

// `is_wanted`: it is the bracket that may come.
static void close_value(struct json_rows *json, char bracket, bool is_wanted)
{
    if (!is_wanted) {
        fail_unwanted(json);
        return;
    }
    bool is_row = is_in_row(json);
    if (is_kept(json))
        keep(json, (struct span){.at = &bracket, .len = 1});
    json->depth--;
    end_value(json);
    if (is_row)
        deliver_row(json);
}

// A comma or colon leads from one state to another.
static void pass_separator(struct json_rows *json, char separator, bool is_wanted, enum want next)
{
    if (!is_wanted) {
        fail_unwanted(json);
        return;
    }
    if (is_kept(json))
        keep(json, (struct span){.at = &separator, .len = 1});
    json->want = next;
}

static void take_punctuation(struct json_rows *json, char byte)
{
    enum want want = json->want;
    switch (byte) {
    case '{':
    case '[':
        open_value(json, byte);
        break;
    case '}':
        close_value(json, byte, want == WANT_NAME_OR_END || want == WANT_COMMA_IN_OBJECT);
        break;
    case ']':
        close_value(json, byte, want == WANT_VALUE_OR_END || want == WANT_COMMA_IN_ARRAY);
        break;
    case ':':
        pass_separator(json, byte, want == WANT_COLON, WANT_VALUE);
        break;
    default: // a comma
        pass_separator(json, byte, want == WANT_COMMA_IN_OBJECT || want == WANT_COMMA_IN_ARRAY,
            want == WANT_COMMA_IN_OBJECT ? WANT_NAME : WANT_VALUE);
        break;
    }
}

static void take_token(struct json_rows *json, const struct json_token *token)
{
    switch (token->kind) {
    case JSON_TOKEN_PUNCTUATION:
        take_punctuation(json, token->text.at[0]);
        break;
    case JSON_TOKEN_LINE_END:
        if (json->ndjson && json->depth > 0)
            fail_broken(json, "the line ends inside a value");
        break;
    case JSON_TOKEN_STRING:
        take_string(json, token->text);
        break;
    case JSON_TOKEN_WORD:
        take_word(json, token->text);
        break;
    }
}

static void take_input(struct json_rows *json, struct span bytes)
{
    struct json_token token;
    while (!is_over(json) && json_lexer_next(&json->lexer, &bytes, &token))
        take_token(json, &token);
}

// --- the reader

static enum err_code report_failure(const struct json_rows *json, struct err *err)
{
    const struct err *failure = &json->lexer.failure;
    if (failure->code == ERR_NONE)
        return ERR_NONE;
    return err_set_at(err, failure->code, failure->line, failure->column, "%s", failure->text);
}

enum err_code json_rows_new(
    const struct json_rows_handler *handler, bool ndjson, struct json_rows **ret_json, struct err *err)
{
    struct json_rows *json = mem_zalloc(1, sizeof(*json));
    if (json == NULL)
        return err_no_memory(err);
    json->handler = *handler;
    json->ndjson = ndjson;
    json_lexer_init(&json->lexer);
    buf_init(&json->row, LIMIT_ROW_BYTES);
    if (buf_reserve(&json->row, FIRST_ROW_BYTES) != ERR_NONE) { // so that no span is NULL
        json_rows_free(json);
        return err_no_memory(err);
    }
    *ret_json = json;
    return ERR_NONE;
}

enum err_code json_rows_feed(struct json_rows *json, struct span bytes, struct err *err)
{
    struct span held = bom_skip(&json->bom, &bytes);
    take_input(json, held);
    take_input(json, bytes);
    return report_failure(json, err);
}

// The input ends inside a value or in none.
static void check_end(struct json_rows *json)
{
    int64_t end = json->lexer.offset;
    bool is_cut = json_lexer_is_in_string(&json->lexer);
    if (!is_cut) {
        take_input(json, span_of(json->ndjson ? "\n" : " ")); // ends a last word and a last line
        is_cut = json->depth > 0;
    }
    if (is_over(json))
        return;
    if (is_cut)
        json_lexer_fail(&json->lexer, end, ERR_MALFORMED, "broken JSON: the input is cut short");
    else if (json->row_line == 0 && json->row_depth == 0)
        (void)err_set(&json->lexer.failure, ERR_MALFORMED, "the input is empty");
}

enum err_code json_rows_finish(struct json_rows *json, struct err *err)
{
    take_input(json, bom_finish(&json->bom));
    if (!is_over(json))
        check_end(json);
    return report_failure(json, err);
}

void json_rows_free(struct json_rows *json)
{
    if (json == NULL)
        return;
    json_lexer_fini(&json->lexer);
    buf_fini(&json->row);
    mem_free(json);
}
