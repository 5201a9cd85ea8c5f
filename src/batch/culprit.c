// SPDX-License-Identifier: Apache-2.0
// Where the store tells the columns of a constraint, violated.c names rows that may be at fault, and a try or
// two show whether they are. Else halves of the batch are tried, and the half that fails is halved again,
// which takes as long as the batch itself, or twice that. Where neither half fails, it takes rows of both:
// mostly two, such as two with one key. Then both halves are halved in turn, which takes some four times as
// long as the batch. Where it takes more rows than two, it is the end of the failing part that is looked for.
//
// A column may have been given a field of another name. So a field is told only if its value is the one that
// the store tells, or if the row does not fail so with another value in that field.
//
// A statement that is cut off at a deadline costs the whole transaction on SQLite: so a try that would take
// too long is not begun, and the deadline is only for one that runs away with the value that it is given. The
// plan's thread.
#include "batch/culprit.h"

#include <stdio.h>
#include <string.h>

#include "app/blame.h"
#include "app/wording.h"
#include "base/clock.h"
#include "base/limits.h"
#include "batch/run.h"
#include "batch/violated.h"

enum { RUNAWAY_MS = 1000 }; // from the end of the time of a search to the end of whatever it runs

// What a try has shown.
enum shown {
    SHOWN_SAME,    // it failed with the same code
    SHOWN_OTHER,   // it did not
    SHOWN_NOTHING, // there was no time for it, or the store has failed
};

// Rows of the batch, by their numbers from 0.
struct part {
    size_t first; // of them
    size_t end;   // behind the last of them
};

// What is tried.
struct trial {
    struct part before, rows;   // rows of the batch; those of `before` come before the others
    const struct value *row;    // stands in for the last of `rows`; NULL: as it was sent
    const struct value *params; // likewise as they were sent, or others
};

// How a try failed.
struct failure {
    struct err err;           //
    struct violated violated; // where it was a constraint
    struct buf told;          // owned; the values of its key; empty: the store does not tell
};

struct search {
    const struct culprit_case *failed; // borrowed
    const struct endpoint *endpoint;   // borrowed
    enum err_code code;                // of the failure
    uint64_t start_ns;                 // monotonic
    uint64_t budget_ns;                // what it may take
    struct failure failure;            // of the latest try that failed with that code; at first of the batch
    enum err_code ended;               // how the very latest try ended
    struct suspects suspects;          // of the failure of the batch itself
    bool has_suspects;                 //
    struct part before, with;          // rows that were found to fail together; the row is the last of `with`
    struct err lost;                   // why the transaction is lost; ERR_NONE: it is not
    struct value values[LIMIT_FIELDS]; // of the row that was found
    int64_t line;                      // of it; 0: none was
    struct rows_cursor cursor;         // at it: `values` borrow what it holds
};

// --- one try

static bool is_in(const struct part *part, size_t row)
{
    return row >= part->first && row < part->end;
}

static size_t rows_of(struct part part)
{
    return part.end - part.first;
}

static enum err_code add_rows(const struct search *search, const struct trial *trial, struct err *err)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    enum err_code code = ERR_NONE;
    rows_start(search->failed->rows, &cursor);
    for (size_t i = 0; code == ERR_NONE && i < trial->rows.end && rows_next(&cursor, &line, values); i++) {
        if (is_in(&trial->before, i) || is_in(&trial->rows, i))
            code = store_batch_add(plan_conn(search->failed->plan),
                trial->row != NULL && i + 1 == trial->rows.end ? trial->row : values, line, err);
    }
    enum err_code walk = rows_stop(&cursor, err);
    return code != ERR_NONE ? code : walk;
}

static enum err_code run(const struct search *search, const struct trial *trial, struct err *err)
{
    const struct endpoint *endpoint = search->endpoint;
    AUTO(report_fini) struct report report = {0}, warnings = {0};
    AUTO(spool_fini) struct spool scratch;
    struct answered answered;
    const struct batch_run statements = {.plan = search->failed->plan,
        .params = trial->params,
        .format = search->failed->format,
        .report = &report,
        .warnings = &warnings,
        .answer = &scratch,
        .answered = &answered};
    spool_init(&scratch, NULL, LIMIT_SPOOL_FILE_BYTES);
    enum err_code code = store_batch_open(
        plan_conn(search->failed->plan), endpoint->field_names, endpoint_batch_columns(endpoint), err);
    if (code == ERR_NONE)
        code = add_rows(search, trial, err);
    if (code == ERR_NONE)
        code = batch_run(&statements, err);
    if (code == ERR_NONE && search->failed->is_deferred)
        code = store_check_deferred(plan_conn(search->failed->plan), err);
    return code;
}

// Notes the failure that the store has just told.
static void note_violation(struct search *search)
{
    struct store_conn *conn = plan_conn(search->failed->plan);
    struct span told = store_violation(conn).values;
    search->failure.violated = violated_read(conn, search->endpoint);
    buf_clear(&search->failure.told);
    buf_append(&search->failure.told, told.at, told.len);
}

// Sets the failure aside for tries that are about it, and puts it back.
static struct failure set_aside(struct search *search)
{
    struct failure kept = search->failure;
    buf_init(&search->failure.told, LIMIT_REQUEST_BYTES);
    return kept;
}

static void put_back(struct search *search, const struct failure *kept)
{
    buf_fini(&search->failure.told);
    search->failure = *kept;
}

static bool has_time_for(const struct search *search, size_t rows)
{
    size_t all = search->failed->rows->count;
    uint64_t spent_ns = clock_monotonic_ns() - search->start_ns;
    uint64_t needed_ns = all > 0 ? search->failed->took_ns / all * rows : 0;
    return spent_ns + needed_ns <= search->budget_ns;
}

static enum shown try(struct search *search, struct trial trial)
{
    struct store_conn *conn = plan_conn(search->failed->plan);
    struct err err = {0};
    if (search->lost.code != ERR_NONE || !has_time_for(search, rows_of(trial.before) + rows_of(trial.rows)) ||
        store_savepoint(conn, &search->lost) != ERR_NONE)
        return SHOWN_NOTHING;
    enum err_code code = run(search, &trial, &err);
    search->ended = code;
    if (code == search->code) {
        search->failure.err = err;
        note_violation(search);
    }
    if (store_rollback_to(conn, &search->lost) != ERR_NONE)
        return SHOWN_NOTHING;
    bool is_telling = code == ERR_NONE || code == ERR_VALUE || code == ERR_CONFLICT ||
                      code == ERR_CONSTRAINT || code == ERR_INVALID || code == ERR_UNKNOWN;
    return code == search->code ? SHOWN_SAME : is_telling ? SHOWN_OTHER : SHOWN_NOTHING;
}

static enum shown try_rows(struct search *search, struct part before, struct part rows)
{
    return try(search, (struct trial){.before = before, .rows = rows, .params = search->failed->params});
}

// --- the row

// Notes that these rows fail together by the last of `rows`.
static void note_row(struct search *search, struct part before, struct part rows)
{
    search->before = before;
    search->with = rows;
}

// The rows `before` and `rows` fail together: which is the last one that it takes?
static bool find_end(struct search *search, struct part before, struct part rows)
{
    size_t passes = rows.first;
    while (rows.end - passes > 1) {
        size_t middle = passes + (rows.end - passes) / 2;
        enum shown shown = try_rows(search, before, (struct part){.first = rows.first, .end = middle});
        if (shown == SHOWN_NOTHING)
            return false;
        if (shown == SHOWN_SAME)
            rows.end = middle;
        else
            passes = middle;
    }
    note_row(search, before, rows);
    return true;
}

// Makes `half`, one of two parts that fail together, the half of it with which they still do. SHOWN_OTHER: it
// takes rows of both halves.
static enum shown halve(
    struct search *search, const struct part *before, const struct part *rows, struct part *half)
{
    struct part whole = *half, parts[2] = {whole, whole};
    parts[0].end = parts[1].first = whole.first + rows_of(whole) / 2;
    for (size_t i = 0; i < 2; i++) {
        *half = parts[i];
        enum shown shown = try_rows(search, *before, *rows);
        if (shown != SHOWN_OTHER)
            return shown;
    }
    *half = whole;
    return SHOWN_OTHER;
}

// The rows `before` and `rows` fail together, and neither do so alone: which is the row of `rows` that fails
// with one of the others?
static bool find_pair(struct search *search, struct part before, struct part rows)
{
    while (rows_of(before) > 1 || rows_of(rows) > 1) {
        struct part *larger = rows_of(before) > rows_of(rows) ? &before : &rows;
        enum shown shown = halve(search, &before, &rows, larger);
        if (shown == SHOWN_NOTHING)
            return false;
        if (shown == SHOWN_OTHER)
            return find_end(search, before, rows);
    }
    note_row(search, before, rows);
    return true;
}

static bool find_among_all(struct search *search)
{
    static const struct part none = {0};
    struct part rows = {.end = search->failed->rows->count};
    while (rows_of(rows) > 1) {
        struct part first = rows, second = rows;
        first.end = second.first = rows.first + rows_of(rows) / 2;
        enum shown shown = try_rows(search, none, first);
        if (shown == SHOWN_SAME) {
            rows = first;
            continue;
        }
        if (shown == SHOWN_OTHER)
            shown = try_rows(search, none, second);
        if (shown == SHOWN_NOTHING)
            return false;
        if (shown == SHOWN_OTHER)
            return find_pair(search, first, second);
        rows = second;
    }
    note_row(search, none, rows);
    return true;
}

// Whether the rows that are suspected fail as the batch did. Of two the first one may do so alone.
static bool find_suspect(struct search *search)
{
    static const struct part none = {0};
    const struct suspects *suspects = &search->suspects;
    struct part row = {.first = suspects->row, .end = suspects->row + 1}, before = {0};
    if (suspects->count > 1) {
        before = (struct part){.first = suspects->before, .end = suspects->before + 1};
        enum shown shown = try_rows(search, none, before);
        if (shown == SHOWN_SAME)
            note_row(search, none, before);
        if (shown != SHOWN_OTHER)
            return shown == SHOWN_SAME;
    }
    note_row(search, before, row);
    return try_rows(search, before, row) == SHOWN_SAME;
}

static bool find_row(struct search *search)
{
    size_t count = search->failed->rows->count;
    return count > 0 &&
           ((count > 1 && search->has_suspects && find_suspect(search)) || find_among_all(search));
}

// False where the row cannot be read from its file.
static bool take_row(struct search *search)
{
    bool is_there = true;
    int64_t line = 0;
    for (size_t i = 0; i < search->with.end && is_there; i++)
        is_there = rows_next(&search->cursor, &line, search->values);
    search->line = is_there ? line : 0;
    return is_there;
}

// --- the field, and the parameter: as blame.c finds them

// The field of the row that was found whose change by itself helps: -1: none, or several do.
static int find_field(struct search *search, bool by_null)
{
    size_t row = search->with.end - 1;
    struct value changed[LIMIT_FIELDS];
    int found = -1;
    for (size_t i = 0; i < search->endpoint->field_count; i++) {
        if (search->values[i].kind == VALUE_NULL)
            continue;
        memcpy(changed, search->values, endpoint_batch_columns(search->endpoint) * sizeof(*changed));
        changed[i] = (struct value){.kind = VALUE_NULL};
        if (!by_null)
            changed[i] = blame_harmless(&search->endpoint->fields[i]);
        struct failure before = set_aside(search);
        enum shown shown = try(search,
            (struct trial){
                .rows = {.first = row, .end = row + 1}, .row = changed, .params = search->failed->params});
        bool is_same = shown == SHOWN_SAME && strcmp(before.err.text, search->failure.err.text) == 0;
        put_back(search, &before);
        if (shown == SHOWN_NOTHING || is_same)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

// What stands in for the value of a field, so that it shows whether a constraint is about that field: null
// refers to nothing and is of any type.
static struct value exchanged(const struct search *search, const struct rule *rule)
{
    switch (search->failure.violated.kind) {
    case VIOLATION_KEY:
        return blame_rare(rule);
    case VIOLATION_NULL:
        return blame_harmless(rule);
    default:
        return (struct value){.kind = VALUE_NULL};
    }
}

// Whether the constraint that the row has run into is about the value of this field.
static bool is_about(struct search *search, size_t field)
{
    struct value changed[LIMIT_FIELDS];
    memcpy(changed, search->values, endpoint_batch_columns(search->endpoint) * sizeof(*changed));
    changed[field] = exchanged(search, &search->endpoint->fields[field]);
    struct failure before = set_aside(search); // the try may end in one of another constraint
    enum violation_kind kind = before.violated.kind;
    enum shown shown = try(search, (struct trial){.before = search->before,
                                       .rows = search->with,
                                       .row = changed,
                                       .params = search->failed->params});
    bool is_same = shown == SHOWN_SAME && search->failure.violated.kind == kind &&
                   strcmp(before.err.text, search->failure.err.text) == 0;
    bool is_reference = search->ended == ERR_CONSTRAINT &&
                        store_violation(plan_conn(search->failed->plan)).kind == VIOLATION_REFERENCE;
    bool is_proven = search->ended == ERR_NONE || (kind == VIOLATION_KEY && is_reference); // keys come first
    put_back(search, &before);
    if (shown == SHOWN_NOTHING || is_same)
        return false;
    if (is_proven)
        return true;
    return kind == VIOLATION_NULL ? search->values[field].kind == VALUE_NULL : search->failure.told.len == 0;
}

// Takes the names of the fields back, from the words too, if the constraint is not about all of them.
static void check_fields(struct search *search)
{
    struct violated *violated = &search->failure.violated;
    AUTO(buf_fini) struct buf has;
    buf_init(&has, LIMIT_REQUEST_BYTES);
    violated_write(violated, search->endpoint, search->values, &has);
    bool is_told =
        search->failure.told.len > 0 && span_equal(buf_span(&has), buf_span(&search->failure.told));
    for (size_t i = 0; i < violated->count && !is_told; i++) {
        if (is_about(search, violated->fields[i]))
            continue;
        violated->count = 0;
        snprintf(
            search->failure.err.text, sizeof(search->failure.err.text), "%s", violation_text(violated->kind));
    }
}

// Whether no row is needed for the failure, and, with `without_params`, no parameter either.
static bool fails_without_rows(struct search *search, bool without_params)
{
    struct value none[LIMIT_PARAMS] = {0};
    int batch = search->endpoint->batch_param; // which no client has sent, and no column need take as null
    if (batch >= 0)
        none[batch] = search->failed->params[batch];
    struct failure before = set_aside(search);
    enum shown shown = try(search, (struct trial){.params = without_params ? none : search->failed->params});
    bool is_same = shown == SHOWN_SAME && strcmp(before.err.text, search->failure.err.text) == 0;
    put_back(search, &before);
    return is_same;
}

static int find_param(struct search *search, bool by_null)
{
    const struct endpoint *endpoint = search->endpoint;
    struct value changed[LIMIT_PARAMS];
    int found = -1;
    for (size_t i = 0; i < endpoint->param_count; i++) {
        if (search->failed->params[i].kind == VALUE_NULL || (int)i == endpoint->batch_param)
            continue;
        memcpy(changed, search->failed->params, endpoint->param_count * sizeof(*changed));
        changed[i] = (struct value){.kind = VALUE_NULL};
        if (!by_null)
            changed[i] = blame_harmless(&endpoint->params[i]);
        struct failure before = set_aside(search);
        enum shown shown = try(search, (struct trial){.params = changed});
        put_back(search, &before);
        if (shown != SHOWN_OTHER)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

// --- telling

static bool was_sent(void *ctx, struct span quoted)
{
    struct search *search = ctx;
    const struct culprit_case *failed = search->failed;
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    if (quoted.len == 0 || blame_is_part(quoted, failed->params, search->endpoint->param_count))
        return true;
    if (search->line > 0)
        return blame_is_part(quoted, search->values, search->endpoint->field_count);
    rows_start(failed->rows, &cursor);
    bool is_part = false;
    while (!is_part && rows_next(&cursor, &line, values))
        is_part = blame_is_part(quoted, values, search->endpoint->field_count);
    struct err ignored = {0}; // what was not read is not quoted
    return rows_stop(&cursor, &ignored) == ERR_NONE && is_part;
}

// `field`: of the endpoint; -1: none, or several.
static void report_row(const struct search *search, int field, struct report *report)
{
    char number[NUMBER_CHARS];
    AUTO(buf_fini) struct buf key;
    buf_init(&key, LIMIT_REQUEST_BYTES);
    struct fault fault = {.line = search->line,
        .code =
            search->code == ERR_VALUE ? span_of(BLAME_CODE) : violated_code(search->failure.violated.kind),
        .detail = span_of(search->failure.err.text)};
    if (field >= 0) {
        fault.field = search->endpoint->fields[field].outside;
        fault.value = value_show(search->values[field], number);
    } else if (search->code != ERR_VALUE) {
        violated_write(&search->failure.violated, search->endpoint, search->values, &key);
        if (buf_status(&key) == ERR_NONE)
            fault.value = buf_span(&key);
    }
    if (report_add(report, &fault) == ERR_NONE)
        report_finish(report);
}

static void report_param(struct search *search, struct report *report)
{
    char number[NUMBER_CHARS];
    int param = find_param(search, false);
    if (param < 0)
        param = find_param(search, true);
    wording_hide(search->failure.err.text, was_sent, search);
    if (param < 0)
        return;
    struct fault fault = {.parameter = search->endpoint->params[param].outside,
        .value = value_show(search->failed->params[param], number),
        .code = span_of(BLAME_CODE),
        .detail = span_of(search->failure.err.text)};
    if (report_add(report, &fault) == ERR_NONE)
        report_finish(report);
}

// --- the search

static void find_and_report_row(struct search *search, struct report *report)
{
    bool is_found = find_row(search) && take_row(search);
    int field = -1;
    if (is_found && search->code == ERR_VALUE) {
        field = find_field(search, false);
        if (field < 0)
            field = find_field(search, true);
    } else if (is_found) {
        check_fields(search);
        if (search->failure.violated.count == 1)
            field = (int)search->failure.violated.fields[0];
    }
    if (search->code == ERR_VALUE)
        wording_hide(search->failure.err.text, was_sent, search);
    if (is_found)
        report_row(search, field, report);
}

enum err_code culprit_find(
    const struct culprit_case *failed, struct report *report, struct err *err, struct err *ret_lost)
{
    struct store_conn *conn = plan_conn(failed->plan);
    struct search search = {.failed = failed,
        .endpoint = plan_endpoint(failed->plan),
        .code = err->code,
        .start_ns = clock_monotonic_ns(),
        .budget_ns = failed->most_ms * NS_PER_MS,
        .failure = {.err = *err}};
    if (err->code != ERR_VALUE && err->code != ERR_CONFLICT && err->code != ERR_CONSTRAINT)
        return ERR_NONE;
    buf_init(&search.failure.told, LIMIT_REQUEST_BYTES);
    if (err->code != ERR_VALUE) {
        note_violation(&search);
        search.has_suspects = violated_suspects(conn, search.endpoint, failed->rows, &search.suspects);
    }
    rows_start(failed->rows, &search.cursor);
    store_deadline(conn, search.start_ns + search.budget_ns + RUNAWAY_MS * NS_PER_MS);
    if (err->code == ERR_VALUE && fails_without_rows(&search, true))
        search.failure.err.code = ERR_STORE;
    else if (err->code == ERR_VALUE && fails_without_rows(&search, false))
        report_param(&search, report);
    else
        find_and_report_row(&search, report);
    store_deadline(conn, 0);
    rows_cursor_fini(&search.cursor);
    buf_fini(&search.failure.told);
    *err = search.failure.err;
    if (search.lost.code != ERR_NONE)
        *ret_lost = search.lost;
    return search.lost.code;
}
