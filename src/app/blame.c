// SPDX-License-Identifier: Apache-2.0
// A database does not tell which value a statement choked on, so it is asked: the statement is run once more
// without parameters, then with each of them exchanged for a harmless one. What the runs give is thrown away.
// That batches are tried with fewer rows is batch/culprit.c's. The plan's thread.
#include "app/blame.h"

#include <string.h>

#include "app/plan_parts.h"
#include "app/wording.h"
#include "base/clock.h"
#include "base/limits.h"

const char BLAME_CODE[] = "value";

// What a try has shown.
enum shown {
    SHOWN_SAME,    // it failed in the same way
    SHOWN_OTHER,   // it did not
    SHOWN_NOTHING, // there was no time for it, or the store has failed
};

// One search.
struct blame {
    struct plan *plan;                // borrowed
    const struct value *params;       // borrowed; as they were sent
    struct spool *scratch;            // borrowed; takes what the tries give
    const struct err *failure;        // borrowed; of the request
    uint64_t end_ns;                  // monotonic; of the last try
    struct value tried[LIMIT_PARAMS]; // those of a try
};

static enum err_code run_page(const struct blame *blame, struct err *err)
{
    const struct prepared *prepared = blame->plan->failed;
    struct answer_run run = {.answer = &prepared->answer, .format = FORMAT_JSON, .out = blame->scratch};
    struct store_stmt *stmt = NULL;
    struct span cursor;
    enum err_code code = page_bind(prepared->page, blame->tried, &stmt, err);
    if (code != ERR_NONE)
        return code;
    code = page_write(prepared->page, stmt, &run, &cursor, err);
    store_reset(stmt);
    return code;
}

static enum err_code run_statement(const struct blame *blame, struct err *err)
{
    struct store_stmt *stmt = blame->plan->failed_stmt;
    bool has_row = true;
    enum err_code code = store_bind(stmt, blame->tried, err);
    while (code == ERR_NONE && has_row)
        code = store_step(stmt, &has_row, err);
    store_reset(stmt);
    return code;
}

static bool is_of_page(const struct plan *plan)
{
    return plan->failed != NULL && plan->failed->page != NULL && plan->failed_stmt != plan->failed->when;
}

// Tries the statement with `tried`.
static enum shown try(const struct blame *blame)
{
    struct err err = {0};
    if (clock_monotonic_ns() >= blame->end_ns)
        return SHOWN_NOTHING;
    store_deadline(blame->plan->conn, blame->end_ns);
    enum err_code code = store_begin(blame->plan->conn, &err);
    if (code == ERR_NONE)
        code = is_of_page(blame->plan) ? run_page(blame, &err) : run_statement(blame, &err);
    store_rollback(blame->plan->conn);
    spool_reset(blame->scratch);
    if (code == ERR_NONE || code == ERR_INVALID)
        return SHOWN_OTHER;
    if (code != ERR_VALUE && code != ERR_CONSTRAINT)
        return SHOWN_NOTHING;
    return strcmp(err.text, blame->failure->text) == 0 ? SHOWN_SAME : SHOWN_OTHER;
}

// --- values

// A page has to have its limit, which the rules of @page have checked.
static bool may_change(const struct plan *plan, size_t i)
{
    return (int)i != plan->endpoint->limit_param;
}

static void reset_tried(struct blame *blame)
{
    size_t count = blame->plan->endpoint->param_count;
    if (count > 0)
        memcpy(blame->tried, blame->params, count * sizeof(*blame->tried));
}

struct value blame_harmless(const struct rule *rule)
{
    static const char *const texts[] = {[TYPE_TEXT] = "a",
        [TYPE_DATE] = "2000-01-01",
        [TYPE_TIMESTAMP] = "2000-01-01T00:00:00.000Z",
        [TYPE_TIME] = "00:00:00",
        [TYPE_UUID] = "00000000-0000-0000-0000-000000000000",
        [TYPE_JSON] = "{}"};
    switch (rule->type) {
    case TYPE_NUMBER:
        if (!rule->is_list)
            return (struct value){.kind = VALUE_REAL, .real = 1};
        break;
    case TYPE_DECIMAL:
        if (!rule->is_list)
            return (struct value){.kind = VALUE_SCALED, .scale = rule->scale, .integer = 1};
        break;
    case TYPE_INTEGER:
    case TYPE_BOOLEAN:
        if (!rule->is_list)
            return (struct value){.kind = VALUE_INTEGER, .integer = 1};
        break;
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_UUID:
    case TYPE_JSON:
        return (struct value){.kind = VALUE_TEXT, .text = span_of(texts[rule->type])};
    }
    return (struct value){.kind = VALUE_TEXT, .text = span_of("1")};
}

struct value blame_rare(const struct rule *rule)
{
    static const char *const texts[] = {[TYPE_TEXT] = "~7919~",
        [TYPE_DATE] = "0079-08-24",
        [TYPE_TIMESTAMP] = "0079-08-24T07:09:19.790Z",
        [TYPE_TIME] = "07:09:19.790001",
        [TYPE_UUID] = "79190000-7919-4919-8919-791979197919",
        [TYPE_JSON] = "{\"~7919~\":7919}"};
    struct value rare = blame_harmless(rule);
    if (rare.kind == VALUE_REAL)
        rare.real = -79190.7919;
    else if (rare.kind == VALUE_SCALED)
        rare.integer = -7919;
    else if (rare.kind == VALUE_INTEGER && rule->type == TYPE_BOOLEAN) // which has no rare one
        rare.kind = VALUE_NULL;
    else if (rare.kind == VALUE_INTEGER)
        rare.integer = -79197919;
    else if (!rule->is_list && rule->type < ARRAY_LEN(texts) && texts[rule->type] != NULL)
        rare.text = span_of(texts[rule->type]);
    return rare;
}

bool blame_is_part(struct span quoted, const struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char number[NUMBER_CHARS];
        struct span shown = value_show(values[i], number);
        if (quoted.len == 0 || (shown.len > 0 && memmem(shown.at, shown.len, quoted.at, quoted.len) != NULL))
            return true;
    }
    return false;
}

static bool is_of_params(void *ctx, struct span quoted)
{
    const struct blame *blame = ctx;
    return blame_is_part(quoted, blame->params, blame->plan->endpoint->param_count);
}

// --- the search

// What a parameter is exchanged for. Both are needed: null makes null of all that is worked out with it, and
// there are values, such as the empty search, that are as bad as none.
static struct value exchange(const struct blame *blame, size_t i, bool by_null)
{
    const struct endpoint *endpoint = blame->plan->endpoint;
    if (by_null || (int)i == endpoint->cursor_param)
        return (struct value){.kind = VALUE_NULL};
    return blame_harmless(&endpoint->params[i]);
}

// Whether any parameter explains the failure: with all of them exchanged it is another one, or none.
static bool is_explained(struct blame *blame)
{
    bool has_any = false;
    for (int by_null = 0; by_null <= 1; by_null++) {
        reset_tried(blame);
        for (size_t i = 0; i < blame->plan->endpoint->param_count; i++) {
            if (!may_change(blame->plan, i))
                continue;
            has_any = has_any || blame->params[i].kind != VALUE_NULL;
            blame->tried[i] = exchange(blame, i, by_null);
        }
        if (!has_any || try(blame) != SHOWN_SAME)
            return has_any;
    }
    return false;
}

// Marks the parameters that explain the failure each by itself: with another value of theirs it does not
// come. Returns their number.
static size_t find(struct blame *blame, bool by_null, bool *ret_is_guilty)
{
    size_t count = 0;
    for (size_t i = 0; i < blame->plan->endpoint->param_count; i++) {
        ret_is_guilty[i] = false;
        if (!may_change(blame->plan, i) || blame->params[i].kind == VALUE_NULL)
            continue;
        reset_tried(blame);
        blame->tried[i] = exchange(blame, i, by_null);
        ret_is_guilty[i] = try(blame) == SHOWN_OTHER;
        count += ret_is_guilty[i];
    }
    return count;
}

static void report_guilty(const struct blame *blame, const bool *is_guilty, struct report *report)
{
    const struct endpoint *endpoint = blame->plan->endpoint;
    for (size_t i = 0; i < endpoint->param_count; i++) {
        char number[NUMBER_CHARS];
        struct fault fault = {.parameter = endpoint->params[i].outside,
            .value = value_show(blame->params[i], number),
            .code = span_of(BLAME_CODE),
            .detail = span_of(blame->failure->text)};
        if (is_guilty[i] && report_add(report, &fault) != ERR_NONE)
            break; // the problem has the words all the same
    }
    report_finish(report);
}

enum err_code blame_params(struct plan *plan, const struct value *params, uint64_t deadline_ns,
    struct spool *scratch, struct report *report, struct err *err)
{
    struct blame blame = {.plan = plan, .params = params, .scratch = scratch, .failure = err};
    bool is_guilty[LIMIT_PARAMS] = {false};
    blame.end_ns = clock_monotonic_ns() + LIMIT_BLAME_MS * NS_PER_MS;
    if (blame.end_ns > deadline_ns)
        blame.end_ns = deadline_ns;
    if (!is_explained(&blame)) {
        err->code = ERR_STORE;
        plan_place_failure(plan, err);
        return err->code;
    }
    bool is_told = find(&blame, false, is_guilty) > 0 || find(&blame, true, is_guilty) == 1;
    if (err->code == ERR_VALUE)
        wording_hide(err->text, is_of_params, &blame);
    if (is_told)
        report_guilty(&blame, is_guilty, report);
    return err->code;
}
