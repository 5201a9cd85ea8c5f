// SPDX-License-Identifier: Apache-2.0
// Makes a fault of each row that a check gives: its field and parameter under the names that clients know,
// its value as text. Running the checks is plan.h's, keeping and cutting the faults report.h's. On the thread
// of the plan's connection.
#include "app/findings.h"

#include "text/decimal.h"

struct collector {
    const struct endpoint *endpoint;                      // whose findings they are
    struct report *report;                                // borrowed; findings become its faults
    bool decimals_are_scaled;                             // store_decimals_are_scaled
    bool out_of_memory;                                   // a fault could not be added
    void (*on_line)(void *ctx, int64_t line, int status); // is told of each finding's line; NULL: nobody is
    void *ctx;                                            // handed to it
};

// Gives a decimal its decimal places.
static void as_decimal(const struct rule *rule, bool decimals_are_scaled, struct value *value)
{
    char number[NUMBER_CHARS];
    struct value scaled = {.kind = VALUE_SCALED, .scale = rule->scale};
    if (decimals_are_scaled && value->kind == VALUE_INTEGER) {
        scaled.integer = value->integer;
        *value = scaled;
    } else if (!decimals_are_scaled && decimal_parse(value_show(*value, number), DECIMAL_MAX_DIGITS,
                                           rule->scale, &scaled.integer) == DECIMAL_OK) {
        *value = scaled;
    }
}

// The value as the client sent it, where SQL has a boolean as 1 or 0, or a decimal without its point.
static struct span show_value(const struct finding *finding, const struct rule *field,
    const struct rule *param, bool decimals_are_scaled, char number[NUMBER_CHARS])
{
    const struct rule *rule = field != NULL ? field : param;
    bool is_boolean = finding->value_is_boolean || (rule != NULL && rule->type == TYPE_BOOLEAN);
    bool is_bit = finding->value.kind == VALUE_INTEGER && (finding->value.integer | 1) == 1;
    if (is_boolean && is_bit)
        return span_of(finding->value.integer == 1 ? "true" : "false");
    struct value value = finding->value;
    if (rule != NULL && rule->type == TYPE_DECIMAL)
        as_decimal(rule, decimals_are_scaled, &value);
    return value_show(value, number);
}

static bool on_finding(void *ctx, const struct finding *finding)
{
    struct collector *collector = ctx;
    const struct endpoint *endpoint = collector->endpoint;
    const struct rule *field = rule_find(endpoint->fields, endpoint->field_count, finding->field);
    const struct rule *param = rule_find(endpoint->params, endpoint->param_count, finding->parameter);
    char number[NUMBER_CHARS];
    struct fault fault = {
        .line = finding->line,
        .field = field != NULL ? field->outside : finding->field,
        .parameter = param != NULL ? param->outside : finding->parameter,
        .value = show_value(finding, field, param, collector->decimals_are_scaled, number),
        .code = finding->statement->code,
        .detail = finding->statement->text,
    };
    if (report_add(collector->report, &fault) != ERR_NONE) {
        collector->out_of_memory = true;
        return false;
    }
    if (collector->on_line != NULL)
        collector->on_line(collector->ctx, finding->line, finding->statement->status);
    if (collector->report->status == 0)
        collector->report->status = finding->statement->status;
    return true;
}

enum err_code findings_collect(struct plan *plan, enum statement_kind kind, const struct value *params,
    bool stop_at_first, struct report *report, struct err *err)
{
    return findings_collect_part(plan, kind, CHECKS_ALL, params, stop_at_first, report, err);
}

static struct collector collector_of(const struct plan *plan, struct report *report)
{
    return (struct collector){.endpoint = plan_endpoint(plan),
        .report = report,
        .decimals_are_scaled = store_decimals_are_scaled(plan_conn(plan))};
}

static enum err_code collect(struct collector *collector, struct plan *plan, enum statement_kind kind,
    enum check_part part, const struct value *params, bool stop_at_first, struct err *err)
{
    enum err_code code = plan_find(plan, kind, part, params, stop_at_first, on_finding, collector, err);
    if (code == ERR_NONE && collector->out_of_memory)
        code = err_no_memory(err);
    report_finish(collector->report);
    return code;
}

enum err_code findings_collect_part(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, bool stop_at_first, struct report *report, struct err *err)
{
    struct collector collector = collector_of(plan, report);
    return collect(&collector, plan, kind, part, params, stop_at_first, err);
}

enum err_code findings_collect_lines(struct plan *plan, const struct value *params, struct report *report,
    void (*on_line)(void *ctx, int64_t line, int status), void *ctx, struct err *err)
{
    struct collector collector = collector_of(plan, report);
    collector.on_line = on_line;
    collector.ctx = ctx;
    return collect(&collector, plan, STATEMENT_REJECT, CHECKS_ALL, params, false, err);
}
