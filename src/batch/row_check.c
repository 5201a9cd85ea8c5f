// SPDX-License-Identifier: Apache-2.0
// A row of one endpoint, from its begin to its end: which field a name means, the check of each value, the
// reports, and the packing of a row that has no fault. Leaves bytes to the readers of the formats, which use
// it, and the rules to app/rule.c. One thread at a time.
#include "batch/row_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "batch/csv_hint.h"
#include "text/utf8.h"

static const char ONE_CODE[] = "one"; // of a batch that has not exactly one row, where it has to

enum {
    ROW_ARENA_BYTES = LIMIT_VALUE_BYTES + 64 * 1024, // values of one row that had to be rewritten
    DETAIL_BYTES = 768,
};

// --- reports

void row_check_fail(struct row_check *check, enum err_code code)
{
    if (check->status == ERR_NONE)
        check->status = code;
}

void row_check_fault(struct row_check *check, int64_t line, struct span field, struct span value,
    const char *code, const char *format, ...)
{
    char detail[DETAIL_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    struct fault fault = {
        .line = line, .field = field, .value = value, .code = span_of(code), .detail = span_of(detail)};
    if (report_add(check->report, &fault) != ERR_NONE)
        row_check_fail(check, err_no_memory(check->err));
}

void row_check_report_rule(struct row_check *check, int64_t line, const struct rule *rule,
    enum rule_result result, struct span value)
{
    if (result == RULE_MEMORY) {
        row_check_fail(check, check->arena.is_full ? err_set(check->err, ERR_TOO_LARGE,
                                                         "line %lld: the row is larger than %d bytes",
                                                         (long long)line, ROW_ARENA_BYTES)
                                                   : err_no_memory(check->err));
        return;
    }
    if (result == RULE_TOO_HARD && check->patterns.steps == 0) {
        check->is_ended = check->report->is_cut = true;
        row_check_fault(check, line, rule->outside, value, rule_code(result),
            "the patterns of this body take too long to match: what follows was not read");
        return;
    }
    AUTO(buf_fini) struct buf words;
    buf_init(&words, DETAIL_BYTES);
    bool is_explained = rule_explain(rule, result, value, &words);
    if (!is_explained)
        rule_expected(rule, &words);
    if (result == RULE_TYPE && check->csv != NULL && check->report->total < LIMIT_ROW_REPORTS)
        csv_hint_cell(check->csv, rule, value, &words);
    if (result == RULE_REQUIRED)
        value = (struct span){0};
    row_check_fault(check, line, rule->outside, value, rule_code(result), "%s%.*s",
        is_explained ? "" : "must be ", (int)words.len, words.data != NULL ? words.data : "");
}

void row_check_report_unknown(struct row_check *check, int64_t line, struct span name, const char *wrong)
{
    AUTO(buf_fini) struct buf known;
    buf_init(&known, 384);
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        struct span field = check->fields[i].outside;
        buf_printf(&known, "%s%.*s", i > 0 ? ", " : "", (int)field.len, field.at);
    }
    row_check_fault(check, line, name, (struct span){0}, "unknown_field", "%s %.*s", wrong, (int)known.len,
        known.data != NULL ? known.data : "");
}

void row_check_report_unknown_field(struct row_check *check, int64_t line, struct span name)
{
    row_check_report_unknown(check, line, name, "is not a field; the fields are");
}

static void report_double(struct row_check *check, int64_t line, struct span name)
{
    row_check_fault(check, line, name, (struct span){0}, "duplicate_field", "is given twice");
}

// --- fields

static int compare_names(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.at, b.at, len) : 0;
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

// Insertion sort: there are few fields, and it is done once a body.
static void sort_fields(struct row_check *check)
{
    const struct rule *fields = check->fields;
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        size_t place = i;
        while (place > 0 && compare_names(fields[check->by_name[place - 1]].outside, fields[i].outside) > 0) {
            check->by_name[place] = check->by_name[place - 1];
            place--;
        }
        check->by_name[place] = i;
    }
}

int row_check_field(const struct row_check *check, struct span name)
{
    size_t low = 0, high = check->endpoint->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(check->fields[check->by_name[middle]].outside, name);
        if (order == 0)
            return (int)check->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NO_FIELD;
}

bool row_check_begin(struct row_check *check, int64_t line)
{
    if (check->endpoint->is_one && check->rows_seen == 1) {
        check->is_ended = true;
        row_check_fault(check, line, (struct span){0}, (struct span){0}, ONE_CODE,
            "is a second row, and this endpoint takes exactly one: send them one by one");
        return false;
    }
    if (check->rows_seen == check->max_rows) {
        row_check_fail(
            check, err_set(check->err, ERR_TOO_LARGE,
                       "the batch has more than %zu rows: send it in several requests", check->max_rows));
        return false;
    }
    check->rows_seen++;
    arena_fini(&check->arena);
    arena_init(&check->arena, ROW_ARENA_BYTES);
    return true;
}

bool row_check_mark(struct row_check *check, int64_t line, int field)
{
    if (check->seen_in[field] == (int64_t)check->rows_seen) {
        report_double(check, line, check->fields[field].outside);
        return false;
    }
    check->seen_in[field] = (int64_t)check->rows_seen;
    return true;
}

void row_check_report_encoding(struct row_check *check, int64_t line, struct span field, struct span value)
{
    row_check_fault(check, line, field, value, "encoding",
        check->csv != NULL && check->csv->encoding.len == 0
            ? "is not UTF-8, but perhaps windows-1252: declare @csv encoding windows-1252 or send Content-Type: "
              "text/csv; charset=windows-1252"
            : "is not UTF-8: save the data as UTF-8");
}

void row_check_text(struct row_check *check, int64_t line, int field, struct span text)
{
    row_check_spelt(check, line, field, text, text);
}

void row_check_spelt(struct row_check *check, int64_t line, int field, struct span text, struct span shown)
{
    const struct rule *rule = &check->fields[field];
    const struct rule_piece whole = {.text = text};
    struct value *value = &check->values[field];
    enum rule_result result;
    if (!rule->is_list)
        result = rule_check_text(rule, text, &check->arena, &check->patterns, value);
    else if (text.len > 0 && text.at[0] == '[')
        result = rule_check_array(rule, text, &check->arena, &check->patterns, value, &shown);
    else
        result = rule_check_pieces(rule, &whole, 1, &check->arena, &check->patterns, value, &shown);
    if (result != RULE_OK && !utf8_valid(text))
        row_check_report_encoding(check, line, rule->outside, shown);
    else if (result != RULE_OK)
        row_check_report_rule(check, line, rule, result, shown);
}

bool row_check_end(struct row_check *check, int64_t line, size_t faults_before)
{
    for (size_t i = 0; i < check->endpoint->field_count; i++) {
        if (check->seen_in[i] != (int64_t)check->rows_seen)
            row_check_text(check, line, (int)i, (struct span){0});
    }
    for (size_t i = 0; i < check->endpoint->has_count; i++) {
        bool is_there = check->seen_in[check->endpoint->has_fields[i]] == (int64_t)check->rows_seen;
        check->values[check->endpoint->field_count + i] =
            (struct value){.kind = VALUE_INTEGER, .integer = is_there};
    }
    if (check->status == ERR_NONE && check->report->total == faults_before) {
        enum err_code code = rows_add(check->rows, line, check->values, check->err);
        if (code != ERR_NONE)
            row_check_fail(check, code);
    }
    return check->status == ERR_NONE && !check->is_ended;
}

void row_check_end_input(struct row_check *check)
{
    if (check->endpoint->is_one && check->rows_seen == 0 && check->report->total == 0)
        row_check_fault(check, 0, (struct span){0}, (struct span){0}, ONE_CODE,
            "the body has no row, and this endpoint takes exactly one");
}

// --- the whole

enum err_code row_check_init(struct row_check *check, const struct endpoint *endpoint, size_t max_rows,
    uint64_t pattern_steps, struct rows *rows, struct report *report, struct err *err)
{
    *check = (struct row_check){.endpoint = endpoint,
        .fields = endpoint->fields,
        .rows = rows,
        .report = report,
        .max_rows = max_rows,
        .patterns = {.steps = pattern_steps}};
    size_t fields = endpoint->field_count;
    check->by_name = mem_zalloc(fields, sizeof(*check->by_name));
    check->values = mem_zalloc(endpoint_batch_columns(endpoint), sizeof(*check->values));
    check->seen_in = mem_zalloc(fields, sizeof(*check->seen_in));
    if (check->by_name == NULL || check->values == NULL || check->seen_in == NULL) {
        row_check_fini(check);
        return err_no_memory(err);
    }
    sort_fields(check);
    return ERR_NONE;
}

void row_check_rest(struct row_check *check)
{
    arena_fini(&check->arena);
}

void row_check_fini(struct row_check *check)
{
    arena_fini(&check->arena);
    mem_free(check->by_name);
    mem_free(check->values);
    mem_free(check->seen_in);
    *check = (struct row_check){0};
}
