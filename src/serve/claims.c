// SPDX-License-Identifier: Apache-2.0
// A claim is checked by its rule as a parameter of a query is, so SQL can rely on its form. One that does not
// pass is no fault of the request: whoever made the key has left it out, so the client may not ask here.
#include "serve/claims.h"

#include <stdio.h>

#include "base/limits.h"
#include "text/pattern.h"

static enum err_code report_claim(
    struct report *report, const struct rule *rule, enum rule_result result, const struct span *text)
{
    char detail[512] = "is not among the claims of the key or token, and is needed here";
    if (text != NULL) {
        AUTO(buf_fini) struct buf words;
        buf_init(&words, sizeof(detail) - 64);
        rule_expected(rule, &words);
        snprintf(detail, sizeof(detail), "as the key or token claims it, is not %.*s", (int)words.len,
            words.data != NULL ? words.data : "");
    }
    struct fault fault = {
        .parameter = rule->outside, .code = span_of(rule_code(result)), .detail = span_of(detail)};
    return report_add(report, &fault);
}

static enum err_code read_claim(const struct rule *rule, const struct client *client, struct arena *arena,
    struct pattern_budget *patterns, struct value *ret_value, struct report *report)
{
    const struct span *text = client != NULL ? client_claim(client, rule->outside) : NULL;
    enum rule_result result =
        rule_check_text(rule, text != NULL ? *text : (struct span){0}, arena, patterns, ret_value);
    if (result == RULE_OK)
        return ERR_NONE;
    return result == RULE_MEMORY ? ERR_TOO_LARGE : report_claim(report, rule, result, text);
}

enum err_code claims_read(const struct endpoint *endpoint, const struct client *client, struct arena *arena,
    struct value *values, struct report *report, struct err *err)
{
    struct pattern_budget patterns = {.steps = LIMIT_QUERY_STEPS};
    enum err_code code = ERR_NONE;
    size_t before = report->total;
    for (size_t i = 0; endpoint->is_personal && code == ERR_NONE && i < endpoint->param_count; i++) {
        const struct rule *rule = &endpoint->params[i];
        if (rule->source == PARAM_CLIENT && client != NULL)
            values[i] = (struct value){.kind = VALUE_TEXT, .text = client->id};
        else if (rule->source == PARAM_CLIENT)
            values[i] = (struct value){.kind = VALUE_NULL};
        else if (rule->source == PARAM_CLAIM)
            code = read_claim(rule, client, arena, &patterns, &values[i], report);
    }
    if (code == ERR_TOO_LARGE)
        return err_set(err, code, "the claims of the key or token are larger than %zu bytes", arena->max);
    if (code != ERR_NONE)
        return err_no_memory(err);
    if (report->total == before)
        return ERR_NONE;
    report->status = 403;
    report_finish(report);
    return err_set(err, ERR_INVALID, "the key or token does not say of its client what is needed here");
}
