// SPDX-License-Identifier: Apache-2.0
// Ties the members of text/json_rows.c to fields by their names. One thread at a time.
#include "batch/reader_json.h"

#include "base/limits.h"
#include "base/mem.h"
#include "text/json_rows.h"
#include "text/json_write.h"
#include "text/number.h"

struct reader_json {
    struct row_check *check;          // borrowed
    struct json_rows *parser;         // owned
    int field_of_place[LIMIT_FIELDS]; // for each place in an object the field that was there last, or
                                      // NO_FIELD
};

// No digit of a decimal passes through a double.
static struct value value_of_member(const struct rule *rule, const struct json_member *member)
{
    struct value value = {.kind = VALUE_NULL};
    switch (member->kind) {
    case JSON_NULL:
    case JSON_NESTED:
        break;
    case JSON_BOOLEAN:
        value = (struct value){.kind = VALUE_INTEGER, .integer = span_is(member->text, "true")};
        break;
    case JSON_NUMBER:
        if (rule->type == TYPE_DECIMAL)
            value = (struct value){.kind = VALUE_TEXT, .text = member->text};
        else if (number_parse_integer(member->text, &value.integer))
            value.kind = VALUE_INTEGER;
        else if (number_parse(member->text, &value.real))
            value.kind = VALUE_REAL;
        else
            value =
                (struct value){.kind = VALUE_TEXT, .text = member->text}; // out of range: no rule passes it
        break;
    case JSON_STRING:
        value = (struct value){.kind = VALUE_TEXT, .text = member->text};
        break;
    }
    return value;
}

// A string as JSON in the row's arena.
static enum rule_result quote(struct row_check *check, struct span *text)
{
    AUTO(buf_fini) struct buf quoted;
    buf_init(&quoted, LIMIT_VALUE_BYTES);
    enum err_code code = json_write_string(&quoted, *text);
    if (code != ERR_NONE)
        return code == ERR_NO_MEMORY ? RULE_MEMORY : RULE_TYPE;
    *text = (struct span){.at = arena_strndup(&check->arena, quoted.data, quoted.len), .len = quoted.len};
    return text->at != NULL ? RULE_OK : RULE_MEMORY;
}

// Checks a member that is there for a field of JSON, or a list, which is an array. *ret_item: of which an
// item does not pass.
static enum rule_result check_structure(struct row_check *check, const struct rule *rule, int field,
    const struct json_member *member, struct span *ret_item)
{
    struct value value = {.kind = VALUE_TEXT, .text = member->text};
    if (rule->is_list)
        return member->kind == JSON_NESTED && member->text.at[0] == '['
                   ? rule_check_array(
                         rule, member->text, &check->arena, &check->patterns, &check->values[field], ret_item)
                   : RULE_TYPE;
    enum rule_result result = member->kind == JSON_STRING ? quote(check, &value.text) : RULE_OK;
    return result == RULE_OK
               ? rule_check_value(rule, value, false, &check->arena, &check->patterns, &check->values[field])
               : result;
}

static void check_member(struct row_check *check, int64_t line, int field, const struct json_member *member)
{
    const struct rule *rule = &check->fields[field];
    enum rule_result result = RULE_TYPE;
    struct value value = value_of_member(rule, member);
    bool number_as_text =
        member->kind == JSON_NUMBER && value.kind == VALUE_TEXT && rule->type != TYPE_DECIMAL;
    struct span shown = {0};
    if (member->kind != JSON_NULL)
        shown = member->text;
    if ((rule->is_list || rule->type == TYPE_JSON) && member->kind != JSON_NULL)
        result = check_structure(check, rule, field, member, &shown);
    else if (member->kind != JSON_NESTED && !number_as_text)
        result = rule_check_value(rule, value, member->kind == JSON_BOOLEAN, &check->arena, &check->patterns,
            &check->values[field]);
    if (result != RULE_OK)
        row_check_report_rule(check, line, rule, result, shown);
}

static bool on_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    struct reader_json *json = ctx;
    struct row_check *check = json->check;
    if (!row_check_begin(check, line))
        return false;
    size_t faults_before = check->report->total;
    for (size_t i = 0; i < count; i++) {
        // Rows of one batch mostly have the same members in the same order, so the place's last field is
        // tried first.
        int field = json->field_of_place[i];
        if (field == NO_FIELD || !span_equal(check->fields[field].outside, members[i].name)) {
            field = row_check_field(check, members[i].name);
            json->field_of_place[i] = field;
        }
        if (field == NO_FIELD)
            row_check_report_unknown_field(check, line, members[i].name);
        else if (row_check_mark(check, line, field))
            check_member(check, line, field, &members[i]);
    }
    return row_check_end(check, line, faults_before);
}

static bool on_not_object(void *ctx, int64_t line)
{
    struct reader_json *json = ctx;
    struct row_check *check = json->check;
    if (!row_check_begin(check, line))
        return false;
    row_check_fault(check, line, (struct span){0}, (struct span){0}, "type", "must be an object");
    return check->status == ERR_NONE;
}

static bool keeps_nested(const struct row_check *check)
{
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        if (check->fields[i].type == TYPE_JSON || check->fields[i].is_list)
            return true;
    }
    return false;
}

enum err_code reader_json_new(
    struct row_check *check, bool is_ndjson, struct reader_json **ret_json, struct err *err)
{
    struct reader_json *json = mem_zalloc(1, sizeof(*json));
    if (json == NULL)
        return err_no_memory(err);
    json->check = check;
    for (size_t i = 0; i < LIMIT_FIELDS; i++)
        json->field_of_place[i] = NO_FIELD;
    struct json_rows_handler handler = {
        .ctx = json, .keeps_nested = keeps_nested(check), .on_row = on_row, .on_not_object = on_not_object};
    enum err_code code = json_rows_new(&handler, is_ndjson, &json->parser, err);
    if (code != ERR_NONE) {
        mem_free(json);
        return code;
    }
    *ret_json = json;
    return ERR_NONE;
}

enum err_code reader_json_feed(struct reader_json *json, struct span bytes, struct err *err)
{
    return json_rows_feed(json->parser, bytes, err);
}

enum err_code reader_json_finish(struct reader_json *json, struct err *err)
{
    return json_rows_finish(json->parser, err);
}

void reader_json_free(struct reader_json *json)
{
    if (json == NULL)
        return;
    json_rows_free(json->parser);
    mem_free(json);
}
