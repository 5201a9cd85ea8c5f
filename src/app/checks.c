// SPDX-License-Identifier: Apache-2.0
// Runs checks one by one and makes findings of their rows. Whether to run them at all, or to ask the merged
// check, is for plan.c and ahead.c to say. The plan's thread.
#include "app/checks.h"

static bool is_meant(const struct prepared *prepared, enum statement_kind kind, enum check_part part)
{
    return prepared->statement->kind == kind &&
           (part == CHECKS_ALL || prepared->is_early == (part == CHECKS_EARLY));
}

enum err_code checks_bind(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < plan->count; i++) {
        if (is_meant(&plan->prepared[i], kind, part))
            code = store_bind(plan->prepared[i].stmt, params, err);
    }
    return code;
}

void checks_reset(struct plan *plan, enum statement_kind kind)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->prepared[i].statement->kind == kind)
            store_reset(plan->prepared[i].stmt);
    }
}

// --- findings

// Reads a column of the current row; null, and a column that is not there, leave *ret_value alone.
static enum err_code read_column(const struct prepared *prepared, int column, enum value_kind kind,
    struct value *ret_value, struct err *err)
{
    struct value value;
    if (column == NO_COLUMN)
        return ERR_NONE;
    enum err_code code = store_column(prepared->stmt, (size_t)column, &value, err);
    if (code != ERR_NONE || value.kind == VALUE_NULL)
        return code;
    if (value.kind != kind)
        return err_set(err, ERR_STORE, "column %s of \"%.*s\" has to be %s",
            store_column_name(prepared->stmt, (size_t)column), SHOW(prepared->statement->text),
            kind == VALUE_INTEGER ? "an integer" : "text");
    *ret_value = value;
    return ERR_NONE;
}

static bool has_micros(const struct rule *rules, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].micros && span_equal(rules[i].name, name))
            return true;
    }
    return false;
}

// The value, with the microseconds that its field or parameter has.
static enum err_code read_value(const struct endpoint *endpoint, const struct prepared *prepared,
    struct span field, struct span parameter, struct value *ret_value, struct err *err)
{
    *ret_value = (struct value){.kind = VALUE_NULL};
    if (prepared->value == NO_COLUMN)
        return ERR_NONE;
    bool micros = has_micros(endpoint->fields, endpoint->field_count, field) ||
                  has_micros(endpoint->params, endpoint->param_count, parameter);
    return micros ? store_column_micros(prepared->stmt, (size_t)prepared->value, ret_value, err)
                  : store_column(prepared->stmt, (size_t)prepared->value, ret_value, err);
}

static enum err_code read_finding(const struct endpoint *endpoint, const struct prepared *prepared,
    struct finding *ret_finding, struct err *err)
{
    struct value line = {.kind = VALUE_INTEGER, .integer = 0};
    struct value field = {.kind = VALUE_TEXT}, parameter = {.kind = VALUE_TEXT}, value = {.kind = VALUE_NULL};
    enum err_code code = read_column(prepared, prepared->line, VALUE_INTEGER, &line, err);
    if (code == ERR_NONE)
        code = read_column(prepared, prepared->field, VALUE_TEXT, &field, err);
    if (code == ERR_NONE)
        code = read_column(prepared, prepared->parameter, VALUE_TEXT, &parameter, err);
    if (code == ERR_NONE)
        code = read_value(endpoint, prepared, field.text, parameter.text, &value, err);
    if (code == ERR_NONE)
        *ret_finding = (struct finding){.statement = prepared->statement,
            .line = line.integer,
            .field = field.text,
            .parameter = parameter.text,
            .value = value,
            .value_is_boolean = prepared->value != NO_COLUMN &&
                                store_column_is_boolean(prepared->stmt, (size_t)prepared->value)};
    return code;
}

// --- running

// Runs a check; *ret_goes_on is false when the finder wants no more. *ret_rows counts what was found.
static enum err_code run_check(struct plan *plan, const struct prepared *prepared, const struct value *params,
    const struct finder *finder, uint64_t *ret_rows, bool *ret_goes_on, struct err *err)
{
    uint64_t started_ns = plan_start_run(plan), rows = 0;
    bool goes_on = true, has_row = false;
    enum err_code code = plan->bound == BOUND_NOTHING ? store_bind(prepared->stmt, params, err) : ERR_NONE;
    while (code == ERR_NONE && goes_on && (code = store_step(prepared->stmt, &has_row, err)) == ERR_NONE &&
           has_row) {
        struct finding finding;
        rows++;
        code = read_finding(plan->endpoint, prepared, &finding, err);
        if (code == ERR_NONE)
            goes_on = finder->on_finding(finder->ctx, &finding);
    }
    plan_note_end(plan, prepared, prepared->stmt, code);
    plan_end_run(plan, prepared, prepared->stmt, rows, started_ns);
    plan_place_failure(plan, err);
    *ret_rows = rows;
    *ret_goes_on = goes_on && !(finder->stop_at_first && rows > 0);
    return code;
}

enum err_code checks_run(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, const struct finder *finder, bool *ret_has_found, struct err *err)
{
    bool goes_on = true, has_found = false;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && goes_on && i < plan->count; i++) {
        uint64_t rows = 0;
        if (!is_meant(&plan->prepared[i], kind, part))
            continue;
        code = run_check(plan, &plan->prepared[i], params, finder, &rows, &goes_on, err);
        store_reset(plan->prepared[i].stmt);
        has_found = has_found || rows > 0;
    }
    *ret_has_found = has_found;
    return code;
}
