// SPDX-License-Identifier: Apache-2.0
#include "serve/query.h"

#include <stdio.h>

#include "base/limits.h"
#include "text/url.h"

enum param_state {
    PARAM_ABSENT, // not met yet: the default, or an error
    PARAM_GIVEN,  // its value is read
    PARAM_FAULTY, // reported already
};

// One reading.
struct query {
    const struct endpoint *endpoint;       // borrowed
    struct arena *arena;                   // borrowed
    struct value *values;                  // borrowed; the result
    struct report *report;                 // borrowed
    enum param_state states[LIMIT_PARAMS]; // of each parameter
};

static enum err_code report_param(
    struct query *query, struct span name, struct span value, const char *code, const char *detail)
{
    struct fault fault = {
        .parameter = name, .value = value, .code = span_of(code), .detail = span_of(detail)};
    return report_add(query->report, &fault);
}

static enum err_code check(struct query *query, size_t i, struct span text)
{
    const struct rule *rule = &query->endpoint->params[i];
    enum rule_result result = rule_check_text(rule, text, query->arena, &query->values[i]);
    if (result == RULE_OK)
        return ERR_NONE;
    query->states[i] = PARAM_FAULTY;
    if (result == RULE_MEMORY)
        return ERR_TOO_LARGE;
    if (result == RULE_REQUIRED)
        return report_param(query, rule->name, (struct span){0}, rule_code(result), "is required");
    char detail[512];
    AUTO(buf_fini) struct buf expected;
    buf_init(&expected, sizeof(detail) - sizeof("must be "));
    rule_expected(rule, &expected);
    snprintf(detail, sizeof(detail), "must be %.*s", (int)expected.len,
        expected.data != NULL ? expected.data : "");
    return report_param(query, rule->name, text, rule_code(result), detail);
}

static enum err_code read_unknown(struct query *query, struct span name)
{
    if (!query->endpoint->strict)
        return ERR_NONE;
    return report_param(
        query, name, (struct span){0}, "unknown_parameter", "is not a parameter of this endpoint");
}

static enum err_code read_pair(struct query *query, struct span raw_name, struct span raw_value)
{
    struct span name, value;
    if (!url_decode(raw_name, true, query->arena, &name))
        return report_param(query, raw_name, (struct span){0}, "encoding", "is badly percent-encoded");
    size_t i = 0;
    while (i < query->endpoint->param_count && !span_equal(query->endpoint->params[i].name, name))
        i++;
    if (i == query->endpoint->param_count)
        return read_unknown(query, name);
    if (query->states[i] == PARAM_FAULTY)
        return ERR_NONE;
    if (query->states[i] == PARAM_GIVEN) {
        query->states[i] = PARAM_FAULTY;
        return report_param(query, name, (struct span){0}, "repeated", "is given more than once");
    }
    if (!url_decode(raw_value, true, query->arena, &value)) {
        query->states[i] = PARAM_FAULTY;
        return report_param(query, name, raw_value, "encoding", "is badly percent-encoded");
    }
    query->states[i] = PARAM_GIVEN;
    return check(query, i, value);
}

enum err_code query_read(const struct endpoint *endpoint, struct span query_text, struct arena *arena,
    struct value *values, struct report *report, struct err *err)
{
    struct query query = {.endpoint = endpoint, .arena = arena, .values = values, .report = report};
    struct span name, value;
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && url_next_pair(&query_text, &name, &value))
        code = read_pair(&query, name, value);
    for (size_t i = 0; code == ERR_NONE && i < endpoint->param_count; i++) {
        if (query.states[i] == PARAM_ABSENT)
            code = check(&query, i, (struct span){0});
    }
    if (code == ERR_TOO_LARGE)
        return err_set(err, code, "the parameters are larger than %zu bytes", arena->max);
    if (code != ERR_NONE)
        return err_no_memory(err);
    report_finish(report);
    if (report->total > 0)
        return err_set(err, ERR_INVALID, "parameters that do not pass: %zu", report->total);
    return ERR_NONE;
}
