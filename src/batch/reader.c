// SPDX-License-Identifier: Apache-2.0
// Each format's parser (text/) hands over one row at a time: CSV and forms as texts, JSON as typed members.
// What they share is here: which field a name means, the check of each value, and the reports. Leaves the
// rules to app/rule.c. One thread at a time.
//
// A callback cannot return an error through the parser: it stops the parser and leaves the error in `status`,
// which reader_feed returns.
#include "batch/reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "text/csv_rows.h"
#include "text/json_rows.h"
#include "text/number.h"
#include "text/pattern.h"
#include "text/url.h"
#include "text/utf8.h"

enum {
    NO_FIELD = -1,                                   // a column or member that no field has the name of
    ROW_ARENA_BYTES = LIMIT_VALUE_BYTES + 64 * 1024, // values of one row that had to be rewritten
};

struct reader {
    const struct endpoint *endpoint; // borrowed
    enum body_format format;         //
    struct rows *rows;               // borrowed; good rows go there
    struct report *report;           // borrowed; bad ones there
    size_t max_rows;                 // good and bad ones together
    size_t rows_seen;                // likewise
    size_t held_bytes;               // fed since the piece in which the last row began, that piece included
    struct json_rows *json;          // owned; for BODY_JSON and BODY_NDJSON
    struct csv_rows *csv;            // owned; for BODY_CSV
    struct buf form;                 // owned; the body of BODY_FORM, which is parsed whole
    struct arena arena;              // values of the current row that had to be rewritten
    size_t *by_name;                 // owned; field numbers sorted by outside name
    struct value *values;            // owned; of the current row, one for each field
    int64_t *seen_in;                // owned; for each field the row that gave it last, to find doubles
    int *field_of_column;            // owned; for each CSV column or JSON member place its field, or NO_FIELD
    size_t column_count;             // columns of the CSV header; 0 before it has come
    struct pattern_budget patterns;  // what the matches of the body may cost
    bool is_ended;                   // that was spent, so that no more rows are read
    enum err_code status;            // what a callback met: the parser's caller returns it
    struct err *err;                 // where a callback tells it; set for the time of a feed
};

// --- reports

static void fail(struct reader *reader, enum err_code code)
{
    if (reader->status == ERR_NONE)
        reader->status = code;
}

// Reports a fault of a row. The detail is formatted.
static void PRINTF_LIKE(6, 7) report_fault_of(struct reader *reader, int64_t line, struct span field,
    struct span value, const char *code, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    struct fault fault = {
        .line = line, .field = field, .value = value, .code = span_of(code), .detail = span_of(detail)};
    if (report_add(reader->report, &fault) != ERR_NONE)
        fail(reader, err_no_memory(reader->err));
}

// Reports what a rule found wrong with a value, in the rule's own words.
static void report_rule(
    struct reader *reader, int64_t line, const struct rule *rule, enum rule_result result, struct span value)
{
    if (result == RULE_MEMORY) {
        fail(reader, err_set(reader->err, ERR_TOO_LARGE, "line %lld: the row is larger than %d bytes",
                         (long long)line, ROW_ARENA_BYTES));
        return;
    }
    if (result == RULE_TOO_HARD && reader->patterns.steps == 0) {
        reader->is_ended = true;
        report_fault_of(reader, line, rule->outside, value, rule_code(result),
            "the patterns of this body take too long to match: what follows was not read");
        return;
    }
    if (rule_problem(result) != NULL) {
        if (result == RULE_REQUIRED)
            value = (struct span){0};
        report_fault_of(reader, line, rule->outside, value, rule_code(result), "%s", rule_problem(result));
        return;
    }
    AUTO(buf_fini) struct buf expected;
    buf_init(&expected, 384);
    rule_expected(rule, &expected);
    report_fault_of(reader, line, rule->outside, value, rule_code(result), "must be %.*s", (int)expected.len,
        expected.data != NULL ? expected.data : "");
}

// Reports a name that is no field's; what is wrong with it stands in front of the names that are.
static void report_unknown(struct reader *reader, int64_t line, struct span name, const char *wrong)
{
    AUTO(buf_fini) struct buf known;
    buf_init(&known, 384);
    for (size_t i = 0; i < reader->endpoint->field_count; i++) {
        struct span field = reader->endpoint->fields[i].outside;
        buf_printf(&known, "%s%.*s", i > 0 ? ", " : "", (int)field.len, field.at);
    }
    report_fault_of(reader, line, name, (struct span){0}, "unknown_field", "%s %.*s", wrong, (int)known.len,
        known.data != NULL ? known.data : "");
}

static void report_unknown_field(struct reader *reader, int64_t line, struct span name)
{
    report_unknown(reader, line, name, "is not a field; the fields are");
}

static void report_double(struct reader *reader, int64_t line, struct span name)
{
    report_fault_of(reader, line, name, (struct span){0}, "duplicate_field", "is given twice");
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
static void sort_fields(struct reader *reader)
{
    const struct rule *fields = reader->endpoint->fields;
    for (size_t i = 0; i < reader->endpoint->field_count; i++) {
        size_t place = i;
        while (
            place > 0 && compare_names(fields[reader->by_name[place - 1]].outside, fields[i].outside) > 0) {
            reader->by_name[place] = reader->by_name[place - 1];
            place--;
        }
        reader->by_name[place] = i;
    }
}

static int field_of_name(const struct reader *reader, struct span name)
{
    size_t low = 0, high = reader->endpoint->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(reader->endpoint->fields[reader->by_name[middle]].outside, name);
        if (order == 0)
            return (int)reader->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NO_FIELD;
}

// A row begins; false when it is one too many.
static bool begin_row(struct reader *reader)
{
    if (reader->rows_seen == reader->max_rows) {
        fail(reader, err_set(reader->err, ERR_TOO_LARGE,
                         "the batch has more than %zu rows: send it in several requests", reader->max_rows));
        return false;
    }
    reader->rows_seen++;
    arena_fini(&reader->arena);
    arena_init(&reader->arena, ROW_ARENA_BYTES);
    return true;
}

// Marks a field as given in this row; false, after a report, when it was already.
static bool mark_seen(struct reader *reader, int64_t line, int field)
{
    if (reader->seen_in[field] == (int64_t)reader->rows_seen) {
        report_double(reader, line, reader->endpoint->fields[field].outside);
        return false;
    }
    reader->seen_in[field] = (int64_t)reader->rows_seen;
    return true;
}

// Reports a text that is of no type, as it is in another encoding than UTF-8.
static void report_encoding(struct reader *reader, int64_t line, struct span field, struct span value)
{
    report_fault_of(reader, line, field, value, "encoding", "is not UTF-8: save the data as UTF-8");
}

static void check_text(struct reader *reader, int64_t line, int field, struct span text)
{
    const struct rule *rule = &reader->endpoint->fields[field];
    enum rule_result result =
        rule_check_text(rule, text, &reader->arena, &reader->patterns, &reader->values[field]);
    if (result != RULE_OK && !utf8_valid(text))
        report_encoding(reader, line, rule->outside, text);
    else if (result != RULE_OK)
        report_rule(reader, line, rule, result, text);
}

// Gives the fields that the row did not name their default or null, and packs the row if it had no fault.
static bool end_row(struct reader *reader, int64_t line, size_t faults_before)
{
    for (size_t i = 0; i < reader->endpoint->field_count; i++) {
        if (reader->seen_in[i] != (int64_t)reader->rows_seen)
            check_text(reader, line, (int)i, (struct span){0});
    }
    if (reader->status == ERR_NONE && reader->report->total == faults_before) {
        enum err_code code = rows_add(reader->rows, line, reader->values);
        if (code == ERR_TOO_LARGE)
            fail(reader, err_set(reader->err, code,
                             "the batch needs more than %d bytes of memory: send it in several requests",
                             LIMIT_ROWS_BYTES));
        else if (code == ERR_BUSY)
            fail(reader,
                err_set(reader->err, code, "too many batches are waiting: send this one again later"));
        else if (code != ERR_NONE)
            fail(reader, err_no_memory(reader->err));
    }
    return reader->status == ERR_NONE && !reader->is_ended;
}

// --- CSV

// Reports a name in the header that no field has, and what is probably wrong with it.
static void report_unknown_column(struct reader *reader, int64_t line, struct span name, size_t number)
{
    struct span trimmed = span_trim(name);
    if (name.len > 0 && memchr(name.at, '\0', name.len) != NULL)
        report_fault_of(reader, line, (struct span){0}, (struct span){0}, "encoding",
            "the header has NUL bytes, as UTF-16 has: save the data as UTF-8");
    else if (!utf8_valid(name))
        report_encoding(reader, line, (struct span){0}, name);
    else if (name.len == 0)
        report_fault_of(reader, line, name, (struct span){0}, "unknown_field",
            "column %zu has no name: take it out; an app can declare it as a field with name \"\"", number);
    else if (memchr(name.at, ';', name.len) != NULL || memchr(name.at, '\t', name.len) != NULL)
        report_fault_of(reader, line, name, (struct span){0}, "unknown_field",
            "the columns are separated by %s: separate them by commas",
            memchr(name.at, ';', name.len) != NULL ? "semicolons" : "tabs");
    else if (trimmed.len < name.len && field_of_name(reader, trimmed) != NO_FIELD)
        report_fault_of(reader, line, name, (struct span){0}, "unknown_field",
            "has blanks around it: write %.*s; an app can declare it with name \"%.*s\"", (int)trimmed.len,
            trimmed.at, (int)name.len, name.at);
    else
        report_unknown_field(reader, line, name);
}

static bool has_a_field(const struct reader *reader, const struct csv_cell *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (field_of_name(reader, names[i].text) != NO_FIELD)
            return true;
    }
    return false;
}

// What is wrong with a first line of which nothing is a field is told once: it is no header, or all of its
// names have the same fault.
static void report_no_header(struct reader *reader, int64_t line, const struct csv_cell *names, size_t count)
{
    struct span first = names[0].text;
    bool is_plain = first.len > 0 && utf8_valid(first) && memchr(first.at, '\0', first.len) == NULL &&
                    span_trim(first).len == first.len;
    if (is_plain && count > 1)
        report_unknown(
            reader, line, first, "is not a field: the first line is a header with the names of them:");
    else
        report_unknown_column(reader, line, first, 1);
}

// The header row. A fault in it ends the reading, as no row could be told right from wrong.
static bool on_csv_header(struct reader *reader, int64_t line, const struct csv_cell *names, size_t count)
{
    size_t faults_before = reader->report->total;
    reader->rows_seen = 1; // what mark_seen compares with
    if (!has_a_field(reader, names, count)) {
        report_no_header(reader, line, names, count);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int field = field_of_name(reader, names[i].text);
        reader->field_of_column[i] = field;
        if (field == NO_FIELD)
            report_unknown_column(reader, line, names[i].text, i + 1);
        else
            (void)mark_seen(reader, line, field);
    }
    for (size_t i = 0; i < reader->endpoint->field_count; i++) {
        const struct rule *rule = &reader->endpoint->fields[i];
        if (rule->required && reader->seen_in[i] == 0)
            report_fault_of(
                reader, line, rule->outside, (struct span){0}, "required", "is missing from the header");
        reader->seen_in[i] = 0;
    }
    reader->rows_seen = 0;
    reader->column_count = count;
    return reader->status == ERR_NONE && reader->report->total == faults_before;
}

// An empty cell in quotes is an empty text, where the field is one; any other empty cell is no value.
static void check_cell(struct reader *reader, int64_t line, int field, const struct csv_cell *cell)
{
    const struct rule *rule = &reader->endpoint->fields[field];
    if (cell->text.len > 0 || !cell->is_quoted || rule->type != TYPE_TEXT || rule->required) {
        check_text(reader, line, field, cell->text);
        return;
    }
    enum rule_result result =
        rule_check_given(rule, cell->text, &reader->arena, &reader->patterns, &reader->values[field]);
    if (result != RULE_OK)
        report_rule(reader, line, rule, result, cell->text);
}

static bool on_broken_csv_row(void *ctx, int64_t line)
{
    struct reader *reader = ctx;
    if (reader->column_count > 0 && !begin_row(reader))
        return false;
    report_fault_of(reader, line, (struct span){0}, (struct span){0}, "quote",
        "a cell goes on behind its closing quote: a quote inside of quotes is written twice");
    return reader->status == ERR_NONE && reader->column_count > 0;
}

static bool on_csv_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct reader *reader = ctx;
    if (reader->column_count == 0)
        return on_csv_header(reader, line, cells, count);
    if (!begin_row(reader))
        return false;
    size_t faults_before = reader->report->total;
    if (count != reader->column_count) {
        report_fault_of(reader, line, (struct span){0}, (struct span){0}, "ragged_row",
            "has %zu cells, the header has %zu", count, reader->column_count);
        return reader->status == ERR_NONE;
    }
    for (size_t i = 0; i < count; i++) {
        int field = reader->field_of_column[i];
        reader->seen_in[field] = (int64_t)reader->rows_seen;
        check_cell(reader, line, field, &cells[i]);
    }
    return end_row(reader, line, faults_before);
}

// --- JSON

static struct value value_of_member(const struct json_member *member)
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
        if (number_parse_integer(member->text, &value.integer))
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

static void check_member(struct reader *reader, int64_t line, int field, const struct json_member *member)
{
    const struct rule *rule = &reader->endpoint->fields[field];
    enum rule_result result = RULE_TYPE;
    struct value value = value_of_member(member);
    bool number_as_text = member->kind == JSON_NUMBER && value.kind == VALUE_TEXT;
    if (member->kind != JSON_NESTED && !number_as_text)
        result = rule_check_value(rule, value, member->kind == JSON_BOOLEAN, &reader->arena,
            &reader->patterns, &reader->values[field]);
    if (result == RULE_OK)
        return;
    struct span shown = {0};
    if (member->kind != JSON_NULL)
        shown = member->text;
    report_rule(reader, line, rule, result, shown);
}

static bool on_json_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    struct reader *reader = ctx;
    if (!begin_row(reader))
        return false;
    size_t faults_before = reader->report->total;
    for (size_t i = 0; i < count; i++) {
        // Rows of one batch mostly have the same members in the same order, so the place's last field is
        // tried first.
        int field = reader->field_of_column[i];
        if (field == NO_FIELD || !span_equal(reader->endpoint->fields[field].outside, members[i].name)) {
            field = field_of_name(reader, members[i].name);
            reader->field_of_column[i] = field;
        }
        if (field == NO_FIELD)
            report_unknown_field(reader, line, members[i].name);
        else if (mark_seen(reader, line, field))
            check_member(reader, line, field, &members[i]);
    }
    return end_row(reader, line, faults_before);
}

static bool on_json_not_object(void *ctx, int64_t line)
{
    struct reader *reader = ctx;
    if (!begin_row(reader))
        return false;
    report_fault_of(reader, line, (struct span){0}, (struct span){0}, "type", "must be an object");
    return reader->status == ERR_NONE;
}

// --- forms

// Fails a form that is another format, as `curl -d` says of everything that it is a form. Only for one whose
// first name is no field.
static bool is_no_form(struct reader *reader, struct span first_name)
{
    struct span text = span_trim(buf_span(&reader->form));
    if (text.len == 0 || field_of_name(reader, first_name) != NO_FIELD)
        return false;
    bool is_json = text.at[0] == '{' || text.at[0] == '[';
    bool is_csv = memchr(text.at, '=', text.len) == NULL && memchr(text.at, ',', text.len) != NULL;
    if (is_json)
        fail(reader, err_set(reader->err, ERR_MEDIA_TYPE,
                         "the body is JSON, and its Content-Type a form's: send it with Content-Type: "
                         "application/json"));
    else if (is_csv)
        fail(
            reader, err_set(reader->err, ERR_MEDIA_TYPE,
                        "the body is no form, but looks like CSV: send it with Content-Type: text/csv (curl: "
                        "by --data-binary)"));
    return is_json || is_csv;
}

static enum err_code read_form(struct reader *reader)
{
    struct span rest = buf_span(&reader->form), name, value;
    size_t faults_before = reader->report->total;
    if (!begin_row(reader))
        return reader->status;
    while (url_next_pair(&rest, &name, &value)) {
        struct span plain_name, plain_value;
        if (name.at == reader->form.data && is_no_form(reader, name))
            return reader->status;
        if (!url_decode(name, true, &reader->arena, &plain_name) ||
            !url_decode(value, true, &reader->arena, &plain_value))
            return err_set(reader->err, ERR_MALFORMED, "the form is badly percent-encoded at %.*s",
                (int)name.len, name.at);
        int field = field_of_name(reader, plain_name);
        if (field == NO_FIELD)
            report_unknown_field(reader, 1, plain_name);
        else if (mark_seen(reader, 1, field))
            check_text(reader, 1, field, plain_value);
    }
    (void)end_row(reader, 1, faults_before);
    return reader->status;
}

// --- the reader

static enum err_code make_parser(struct reader *reader, struct err *err)
{
    struct json_rows_handler on_json = {
        .ctx = reader, .on_row = on_json_row, .on_not_object = on_json_not_object};
    struct csv_rows_handler on_csv = {
        .ctx = reader, .on_row = on_csv_row, .on_broken_row = on_broken_csv_row};
    switch (reader->format) {
    case BODY_JSON:
    case BODY_NDJSON:
        return json_rows_new(&on_json, reader->format == BODY_NDJSON, &reader->json, err);
    case BODY_CSV:
        return csv_rows_new(&on_csv, &reader->csv, err);
    case BODY_FORM:
        buf_init(&reader->form, LIMIT_FORM_BYTES);
        return ERR_NONE;
    }
    assert(false);
    return ERR_STORE;
}

enum err_code reader_new(const struct endpoint *endpoint, enum body_format format, size_t max_rows,
    uint64_t pattern_steps, struct rows *rows, struct report *report, struct reader **ret_reader,
    struct err *err)
{
    struct reader *reader = mem_zalloc(1, sizeof(*reader));
    if (reader == NULL)
        return err_no_memory(err);
    *reader = (struct reader){.endpoint = endpoint,
        .format = format,
        .rows = rows,
        .report = report,
        .max_rows = max_rows,
        .patterns = {.steps = pattern_steps}};
    size_t fields = endpoint->field_count;
    reader->by_name = mem_zalloc(fields, sizeof(*reader->by_name));
    reader->values = mem_zalloc(fields, sizeof(*reader->values));
    reader->seen_in = mem_zalloc(fields, sizeof(*reader->seen_in));
    reader->field_of_column = mem_zalloc(LIMIT_FIELDS, sizeof(*reader->field_of_column));
    enum err_code code = ERR_NONE;
    if (reader->by_name == NULL || reader->values == NULL || reader->seen_in == NULL ||
        reader->field_of_column == NULL)
        code = err_no_memory(err);
    if (code == ERR_NONE)
        code = make_parser(reader, err);
    if (code != ERR_NONE) {
        reader_free(reader);
        return code;
    }
    for (size_t i = 0; i < LIMIT_FIELDS; i++)
        reader->field_of_column[i] = NO_FIELD;
    sort_fields(reader);
    *ret_reader = reader;
    return ERR_NONE;
}

static enum err_code feed(struct reader *reader, struct span bytes, struct err *err)
{
    if (reader->json != NULL)
        return json_rows_feed(reader->json, bytes, err);
    if (reader->csv != NULL)
        return csv_rows_feed(reader->csv, bytes, err);
    enum err_code code = buf_append(&reader->form, bytes.at, bytes.len);
    if (code == ERR_TOO_LARGE)
        return err_set(err, code, "the form is larger than %d bytes", LIMIT_FORM_BYTES);
    return code == ERR_NONE ? code : err_no_memory(err);
}

static enum err_code finish(struct reader *reader, struct err *err)
{
    if (reader->json != NULL)
        return json_rows_finish(reader->json, err);
    if (reader->csv != NULL)
        return csv_rows_finish(reader->csv, err);
    return read_form(reader);
}

enum err_code reader_feed(struct reader *reader, struct span bytes, struct err *err)
{
    size_t seen_before = reader->rows_seen;
    reader->err = err;
    enum err_code code = feed(reader, bytes, err);
    arena_fini(&reader->arena); // nothing of a row that is packed is kept until the next piece comes
    reader->held_bytes = (reader->rows_seen > seen_before ? 0 : reader->held_bytes) + bytes.len;
    return code != ERR_NONE ? code : reader->status;
}

size_t reader_held_bytes(const struct reader *reader)
{
    return reader->held_bytes;
}

enum err_code reader_finish(struct reader *reader, struct err *err)
{
    reader->err = err;
    enum err_code code = finish(reader, err);
    return code == ERR_NONE ? reader->status : code;
}

void reader_free(struct reader *reader)
{
    if (reader == NULL)
        return;
    json_rows_free(reader->json);
    csv_rows_free(reader->csv);
    buf_fini(&reader->form);
    arena_fini(&reader->arena);
    mem_free(reader->by_name);
    mem_free(reader->values);
    mem_free(reader->seen_in);
    mem_free(reader->field_of_column);
    mem_free(reader);
}
