// SPDX-License-Identifier: Apache-2.0
// Turns the parts of a path, a query and the body of a question into values that an endpoint's rules have
// checked. What a rule allows is app/rule's; whether the client takes the format that the query names is
// format.c's. On the request's loop; with a long body on a parse thread.
//
// Pairs are taken in the order of the query, then those of the body. Items of a list are only gathered then;
// they are checked at the end, as they may be spread over it.
#include "serve/query.h"

#include <stdio.h>

#include "app/csv_options.h"
#include "app/rule_time.h"
#include "base/limits.h"
#include "serve/format.h"
#include "text/json_object.h"
#include "text/number.h"
#include "text/pattern.h"
#include "text/url.h"

static const char FORMAT[] = "format";

enum param_state {
    PARAM_ABSENT, // not met yet: the default, or an error
    PARAM_GIVEN,  // its value is read, or items of it are gathered
    PARAM_FAULTY, // reported already
};

// A text that was given for a list.
struct piece {
    struct piece *next; //
    struct span text;   // decoded
    bool is_item;       // one item whatever it holds
};

// What is known of one parameter.
struct given {
    enum param_state state; //
    bool in_body;           // it was given there
    struct piece *first;    // of a list, in order; the arena's
    struct piece *last;     //
    size_t pieces;          // their number
    size_t plain;           // those of them that are not empty, and not known to be one item each
};

// One reading.
struct query {
    const struct endpoint *endpoint; // borrowed
    struct arena *arena;             // borrowed
    struct query_found *found;       // borrowed; the result
    struct report *report;           // borrowed
    bool takes_format;               // the endpoint leaves ?format= to the answer
    bool has_met_format;             // it was met
    bool in_body;                    // what is read now is the body
    struct pattern_budget patterns;  // what their matches may cost: they are run on the loop
    struct given *given;             // for each parameter; the arena's
};

static enum err_code report_param(
    struct query *query, struct span name, struct span value, const char *code, const char *detail)
{
    struct fault fault = {
        .parameter = name, .value = value, .code = span_of(code), .detail = span_of(detail)};
    return report_add(query->report, &fault);
}

static enum err_code report_encoding(struct query *query, struct span name, struct span value)
{
    return report_param(query, name, value, "encoding", "is badly percent-encoded");
}

// --- one value

static enum err_code report_result(struct query *query, size_t i, enum rule_result result, struct span text)
{
    const struct rule *rule = &query->endpoint->params[i];
    query->given[i].state = PARAM_FAULTY;
    if (result == RULE_MEMORY)
        return ERR_TOO_LARGE;
    if (result == RULE_REQUIRED)
        text = (struct span){0};
    char detail[512];
    AUTO(buf_fini) struct buf words;
    buf_init(&words, sizeof(detail) - sizeof("must be "));
    bool is_explained = rule_explain(rule, result, text, &words);
    if (!is_explained)
        rule_expected(rule, &words);
    snprintf(detail, sizeof(detail), "%s%.*s", is_explained ? "" : "must be ", (int)words.len,
        words.data != NULL ? words.data : "");
    return report_param(query, rule->outside, text, rule_code(result), detail);
}

static enum err_code check(struct query *query, size_t i, struct span text)
{
    enum rule_result result = rule_check_text(
        &query->endpoint->params[i], text, query->arena, &query->patterns, &query->found->values[i]);
    return result == RULE_OK ? ERR_NONE : report_result(query, i, result, text);
}

// A value that the query gives. "count=" is a text, if an empty one, but no number.
static enum err_code check_given(struct query *query, size_t i, struct span text)
{
    const struct rule *rule = &query->endpoint->params[i];
    if (text.len == 0 && rule->type != TYPE_TEXT && !rule->required)
        return report_result(query, i, RULE_TYPE, text);
    return check(query, i, text);
}

static enum err_code gather(struct query *query, struct given *given, struct span text, bool is_item)
{
    struct piece *piece = arena_zalloc(query->arena, 1, sizeof(*piece));
    if (piece == NULL)
        return ERR_TOO_LARGE;
    piece->text = text;
    piece->is_item = is_item;
    if (given->last != NULL)
        given->last->next = piece;
    else
        given->first = piece;
    given->last = piece;
    given->pieces++;
    given->plain += !is_item && text.len > 0;
    return ERR_NONE;
}

// A text's name that comes several times has an item each time; only one that comes once has its items
// between commas. Of other types no item holds a comma, so a query may have several in each.
static enum err_code check_list(struct query *query, size_t i)
{
    const struct given *given = &query->given[i];
    const struct rule *rule = &query->endpoint->params[i];
    struct rule_piece *pieces = arena_alloc(query->arena, given->pieces * sizeof(*pieces));
    size_t count = 0;
    bool is_text = rule->type == TYPE_TEXT;
    if (pieces == NULL)
        return ERR_TOO_LARGE;
    for (const struct piece *piece = given->first; piece != NULL; piece = piece->next)
        pieces[count++] = (struct rule_piece){
            .text = piece->text, .is_item = piece->is_item || (is_text && given->plain > 1)};
    struct span shown = {0};
    if (count == 1)
        shown = pieces[0].text;
    enum rule_result result = rule_check_pieces(
        rule, pieces, count, query->arena, &query->patterns, &query->found->values[i], &shown);
    return result == RULE_OK ? ERR_NONE : report_result(query, i, result, shown);
}

// --- the answer's format

static enum err_code read_format(struct query *query, struct span value)
{
    struct span name = span_of(FORMAT);
    if (query->has_met_format)
        return report_param(query, name, (struct span){0}, "repeated", "is given more than once");
    query->has_met_format = true;
    if (format_from_name(query->endpoint, value, &query->found->format)) {
        query->found->has_format = true;
        return ERR_NONE;
    }
    char names[FORMAT_LIST_CHARS], detail[FORMAT_LIST_CHARS + 16];
    format_names(query->endpoint, names);
    snprintf(detail, sizeof(detail), "must be %s", names);
    return report_param(query, name, value, rule_code(RULE_IN), detail);
}

// --- pairs

// Whether the query may call the parameter so.
static bool is_called(const struct rule *rule, struct span name)
{
    if (rule->in_path || rule->source != PARAM_REQUEST)
        return false;
    if (span_equal(rule->outside, name))
        return true;
    return rule->is_list && span_ends_with(name, "[]") &&
           span_equal(rule->outside, (struct span){.at = name.at, .len = name.len - 2});
}

static enum err_code read_unknown(struct query *query, struct span name)
{
    bool is_csv = query->endpoint->field_count > 0 && csv_options_is_name(name); // csv_request.c's
    if (!query->endpoint->strict || is_csv)
        return ERR_NONE;
    return report_param(
        query, name, (struct span){0}, "unknown_parameter", "is not a parameter of this endpoint");
}

// The parameter that is called so; param_count: none.
static size_t find_param(const struct query *query, struct span name)
{
    size_t i = 0;
    while (i < query->endpoint->param_count && !is_called(&query->endpoint->params[i], name))
        i++;
    return i;
}

// Notes that the parameter is given here; false when that is one time too many, which is reported, or of no
// use after a fault. Parts of a list may be given one by one, but in one place. The cursor alone may be in
// both: the Link of a page has the next one in its query, for the body as it was, and so the query's counts.
static bool may_give(struct query *query, size_t i, enum err_code *ret_code)
{
    const struct rule *rule = &query->endpoint->params[i];
    struct given *given = &query->given[i];
    *ret_code = ERR_NONE;
    if (given->state == PARAM_FAULTY)
        return false;
    bool is_elsewhere = given->state == PARAM_GIVEN && given->in_body != query->in_body;
    if (is_elsewhere && (int)i == query->endpoint->cursor_param)
        return false;
    if (given->state == PARAM_GIVEN && (!rule->is_list || is_elsewhere)) {
        given->state = PARAM_FAULTY;
        *ret_code = report_param(query, rule->outside, (struct span){0}, "repeated",
            is_elsewhere ? "is given in the query and in the body" : "is given more than once");
        return false;
    }
    given->in_body = query->in_body;
    return true;
}

static enum err_code read_pair(struct query *query, struct span raw_name, struct span raw_value)
{
    struct span name, value;
    enum err_code code;
    if (!url_decode(raw_name, true, query->arena, &name))
        return report_encoding(query, raw_name, (struct span){0});
    if (query->takes_format && span_is(name, FORMAT))
        return url_decode(raw_value, true, query->arena, &value)
                   ? read_format(query, value)
                   : report_encoding(query, span_of(FORMAT), raw_value);
    size_t i = find_param(query, name);
    if (i == query->endpoint->param_count)
        return read_unknown(query, name);
    const struct rule *rule = &query->endpoint->params[i];
    struct given *given = &query->given[i];
    if (!may_give(query, i, &code))
        return code;
    if (!url_decode(raw_value, true, query->arena, &value)) {
        given->state = PARAM_FAULTY;
        return report_encoding(query, rule->outside, raw_value);
    }
    if (!rule_time_restore_plus(rule, query->arena, &value))
        return ERR_TOO_LARGE;
    given->state = PARAM_GIVEN;
    bool is_item = rule->type == TYPE_TEXT && name.len > rule->outside.len; // "name[]=…"
    return rule->is_list ? gather(query, given, value, is_item) : check_given(query, i, value);
}

// --- members of an object

// Whether JSON writes a value of the type so. A decimal may be a number or a string.
static bool is_of_type(enum value_type type, enum json_kind kind)
{
    if (type == TYPE_INTEGER || type == TYPE_NUMBER || (type == TYPE_DECIMAL && kind == JSON_NUMBER))
        return kind == JSON_NUMBER;
    return kind == (type == TYPE_BOOLEAN ? JSON_BOOLEAN : JSON_STRING);
}

static enum err_code gather_items(struct query *query, size_t i, const struct json_entry *entry)
{
    enum err_code code = ERR_NONE;
    for (const struct json_item *item = entry->first; code == ERR_NONE && item != NULL; item = item->next) {
        if (!is_of_type(query->endpoint->params[i].type, item->kind))
            return report_result(query, i, RULE_TYPE, item->text);
        query->given[i].state = PARAM_GIVEN;
        code = gather(query, &query->given[i], item->text, true);
    }
    return code;
}

static enum err_code check_item(struct query *query, size_t i, const struct json_item *item)
{
    const struct rule *rule = &query->endpoint->params[i];
    struct value value = {.kind = VALUE_TEXT, .text = item->text};
    if (!is_of_type(rule->type, item->kind))
        return report_result(query, i, RULE_TYPE, item->text);
    bool is_number = item->kind == JSON_NUMBER && rule->type != TYPE_DECIMAL; // which keeps its digits
    if (is_number && number_parse_integer(item->text, &value.integer))
        value.kind = VALUE_INTEGER;
    else if (is_number && number_parse(item->text, &value.real))
        value.kind = VALUE_REAL;
    else if (item->kind == JSON_BOOLEAN)
        value = (struct value){.kind = VALUE_INTEGER, .integer = span_is(item->text, "true")};
    query->given[i].state = PARAM_GIVEN;
    enum rule_result result = rule_check_value(
        rule, value, item->kind == JSON_BOOLEAN, query->arena, &query->patterns, &query->found->values[i]);
    return result == RULE_OK ? ERR_NONE : report_result(query, i, result, item->text);
}

// Any value that is there is one of JSON.
static enum err_code check_json(struct query *query, size_t i, struct span text)
{
    char *copy = arena_strndup(query->arena, text.at, text.len); // the body goes before the values do
    if (copy == NULL)
        return ERR_TOO_LARGE;
    query->given[i].state = PARAM_GIVEN;
    return check(query, i, (struct span){.at = copy, .len = text.len});
}

// A null and an empty list are no value; of JSON the empty list is one.
static enum err_code read_entry(struct query *query, const struct json_entry *entry)
{
    enum err_code code;
    struct span format = {0};
    if (!entry->is_list)
        format = entry->first->text;
    if (query->takes_format && span_is(entry->name, FORMAT))
        return read_format(query, format);
    size_t i = find_param(query, entry->name);
    if (i == query->endpoint->param_count)
        return read_unknown(query, entry->name);
    bool is_list = query->endpoint->params[i].is_list;
    if (!entry->is_list && entry->first->kind == JSON_NULL)
        return ERR_NONE;
    if (!may_give(query, i, &code))
        return code;
    if (query->endpoint->params[i].type == TYPE_JSON)
        return check_json(query, i, entry->json);
    if (is_list)
        return gather_items(query, i, entry);
    if (entry->is_list)
        return report_result(query, i, RULE_TYPE, (struct span){0});
    return check_item(query, i, entry->first);
}

// --- the body

// Of a list too long for a parameter as much is kept as shows that it is.
static enum err_code read_object(struct query *query, struct span bytes, struct err *err)
{
    struct json_entry *first;
    enum err_code code = json_object_read(bytes, LIMIT_LIST_ITEMS + 1, query->arena, &first, err);
    for (const struct json_entry *entry = first; code == ERR_NONE && entry != NULL; entry = entry->next)
        code = read_entry(query, entry);
    return code;
}

// `curl -d` says of everything that it is a form.
static enum err_code read_form(struct query *query, struct span bytes, struct err *err)
{
    struct span name, value, text = span_trim(bytes);
    if (text.len > 0 && text.at[0] == '{')
        return err_set(err, ERR_MEDIA_TYPE,
            "the body is JSON, and its Content-Type a form's: send it with Content-Type: application/json");
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && url_next_pair(&bytes, &name, &value))
        code = read_pair(query, name, value);
    return code;
}

// --- the path, and what was not given

// A text of the path, with U+FFFD for each NUL, as HTML has it: such a path names nothing, but it is no fault
// of its form, and no store's text can hold a NUL. False when the arena is full.
static bool replace_nul(struct query *query, struct span *text)
{
    static const char REPLACEMENT[] = "\xef\xbf\xbd";
    if (memchr(text->at, '\0', text->len) == NULL)
        return true;
    char *copy = arena_alloc(query->arena, text->len * (sizeof(REPLACEMENT) - 1));
    if (copy == NULL)
        return false;
    char *end = copy;
    for (size_t i = 0; i < text->len; i++) {
        if (text->at[i] != '\0')
            *end++ = text->at[i];
        else
            end = mempcpy(end, REPLACEMENT, sizeof(REPLACEMENT) - 1);
    }
    *text = (struct span){.at = copy, .len = (size_t)(end - copy)};
    return true;
}

static enum err_code read_parts(struct query *query, const struct span *parts)
{
    const struct endpoint *endpoint = query->endpoint;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < endpoint->part_count; i++) {
        int param = endpoint->parts[i].param;
        if (param < 0)
            continue;
        struct span text = parts[i];
        query->given[param].state = PARAM_GIVEN;
        if (endpoint->params[param].type == TYPE_TEXT && !replace_nul(query, &text))
            return ERR_TOO_LARGE;
        code = check(query, (size_t)param, text);
    }
    return code;
}

static enum err_code read_rest(struct query *query)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < query->endpoint->param_count; i++) {
        const struct given *given = &query->given[i];
        if (query->endpoint->params[i].source != PARAM_REQUEST) // claims.c's
            continue;
        query->found->is_of_moment = query->found->is_of_moment ||
                                     (given->state == PARAM_ABSENT && query->endpoint->params[i].default_now);
        if (given->state == PARAM_ABSENT)
            code = check(query, i, (struct span){0});
        else if (given->state == PARAM_GIVEN && given->first != NULL)
            code = check_list(query, i);
    }
    return code;
}

static bool takes_format(const struct endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->param_count; i++) {
        if (span_is(endpoint->params[i].outside, FORMAT))
            return false;
    }
    return true;
}

enum err_code query_read(const struct endpoint *endpoint, const struct query_texts *texts,
    struct arena *arena, struct query_found *found, struct report *report, struct err *err)
{
    struct query query = {.endpoint = endpoint,
        .arena = arena,
        .found = found,
        .report = report,
        .takes_format = takes_format(endpoint),
        .patterns = {.steps = LIMIT_QUERY_STEPS},
        .given = arena_zalloc(arena, endpoint->param_count, sizeof(*query.given))};
    struct span rest = texts->query, name, value;
    *found = (struct query_found){.values = found->values};
    enum err_code code = query.given != NULL ? read_parts(&query, texts->parts) : ERR_TOO_LARGE;
    while (code == ERR_NONE && url_next_pair(&rest, &name, &value))
        code = read_pair(&query, name, value);
    query.in_body = true;
    if (code == ERR_NONE && texts->body.len > 0)
        code =
            texts->body_is_json ? read_object(&query, texts->body, err) : read_form(&query, texts->body, err);
    if (code == ERR_NONE)
        code = read_rest(&query);
    if (code == ERR_MALFORMED || code == ERR_MEDIA_TYPE)
        return code;
    if (code == ERR_TOO_LARGE)
        return err_set(err, code, "the parameters are larger than %zu bytes", arena->max);
    if (code != ERR_NONE)
        return err_no_memory(err);
    report_finish(report);
    if (report->total > 0)
        return err_set(err, ERR_INVALID, "parameters that do not pass: %zu", report->total);
    return ERR_NONE;
}
