// SPDX-License-Identifier: Apache-2.0
// What the lines of [access] and [plan NAME] mean; those of a plan are quota.c's. Plans may stand below the
// lines that name them, so names are looked up at the end. One thread.
#include "app/app_access.h"

#include "app/quota.h"
#include "app/rule_read.h"
#include "base/limits.h"
#include "text/nearest.h"

static const char ACCESS[] = "access";

// --- [access]

static void read_default(struct access_lines *lines, const struct ini_entry *entry)
{
    if (!diags_is_first(lines->ini->diags, lines->ini->file, entry, &lines->default_line))
        return;
    if (span_is(entry->value, "key"))
        lines->ini->app->access.standard = ACCESS_KEY;
    else if (!span_is(entry->value, "open"))
        INI_FAIL(lines->ini, entry->line,
            "default can be open or key, and not \"%.*s\"; endpoints say more by @access",
            SHOW(entry->value));
}

static void read_query(struct access_lines *lines, const struct ini_entry *entry)
{
    if (!diags_is_first(lines->ini->diags, lines->ini->file, entry, &lines->query_line))
        return;
    if (!rule_is_name(entry->value) || span_is(entry->value, "format"))
        INI_FAIL(lines->ini, entry->line,
            "\"%.*s\" cannot be the name of a parameter that holds a key; write query = key",
            SHOW(entry->value));
    lines->ini->app->access.query = entry->value;
}

static void read_usage(struct access_lines *lines, const struct ini_entry *entry)
{
    bool is_on = !lines->usage_is_off;
    diags_read_switch(lines->ini->diags, lines->ini->file, entry, &lines->usage_line, &is_on);
    lines->usage_is_off = !is_on;
}

static void read_plan_name(
    struct access_lines *lines, const struct ini_entry *entry, struct span *name, uint32_t *line)
{
    if (diags_is_first(lines->ini->diags, lines->ini->file, entry, line))
        *name = entry->value;
}

static void read_access(struct access_lines *lines, const struct ini_entry *entry)
{
    static const char *const known[] = {"default", "plan", "open_plan", "query", "usage", "certificate"};
    const char *nearest = nearest_of(entry->key, known, ARRAY_LEN(known));
    lines->has_access = true;
    if (span_is(entry->key, "default"))
        read_default(lines, entry);
    else if (span_is(entry->key, "plan"))
        read_plan_name(lines, entry, &lines->plan, &lines->plan_line);
    else if (span_is(entry->key, "open_plan"))
        read_plan_name(lines, entry, &lines->open_plan, &lines->open_line);
    else if (span_is(entry->key, "query"))
        read_query(lines, entry);
    else if (span_is(entry->key, "usage"))
        read_usage(lines, entry);
    else if (span_is(entry->key, "certificate"))
        diags_read_switch(lines->ini->diags, lines->ini->file, entry, &lines->certificate_line,
            &lines->ini->app->access.takes_certificates);
    else if (nearest != NULL)
        INI_FAIL(
            lines->ini, entry->line, "unknown key \"%.*s\"; did you mean %s?", SHOW(entry->key), nearest);
    else
        INI_FAIL(lines->ini, entry->line,
            "unknown key \"%.*s\"; known in [access] are default, plan, open_plan, query, usage and certificate",
            SHOW(entry->key));
}

// --- [plan NAME]

// Begins the plan of a section; false when it cannot be one, which is reported once.
static bool begin_plan(struct access_lines *lines, const struct ini_entry *entry)
{
    struct app *app = lines->ini->app;
    struct span name = entry->section;
    lines->last_plan = entry->section;
    (void)span_split(&name, ' ');
    name = span_trim(name);
    if (!rule_is_name(name))
        INI_FAIL(lines->ini, entry->line,
            "[%.*s] needs the plan's name, of small letters, digits and _: [plan gold]",
            SHOW(entry->section));
    else if (app_find_quota(app, name) != NULL)
        INI_FAIL(
            lines->ini, entry->line, "a second [%.*s]; put all of its lines into one", SHOW(entry->section));
    else if (app->quota_count == LIMIT_QUOTAS)
        INI_FAIL(lines->ini, entry->line, "more than %d plans; take some away", LIMIT_QUOTAS);
    else {
        struct quota *quotas =
            arena_grow(&app->arena, app->quotas, app->quota_count, &lines->quota_room, sizeof(*quotas));
        if (quotas == NULL) {
            lines->ini->status = ERR_NO_MEMORY;
            return false;
        }
        app->quotas = quotas;
        app->quotas[app->quota_count++] = (struct quota){.name = name};
        return true;
    }
    return false;
}

static void read_plan(struct access_lines *lines, const struct ini_entry *entry)
{
    bool is_new = entry->section.at != lines->last_plan.at;
    if (is_new)
        lines->plan_is_good = begin_plan(lines, entry);
    if (!lines->plan_is_good)
        return;
    struct err err = {0};
    struct quota *quota = &lines->ini->app->quotas[lines->ini->app->quota_count - 1];
    enum err_code code = quota_read_line(quota, entry->key, entry->value, &lines->ini->app->arena, &err);
    if (code == ERR_NO_MEMORY)
        lines->ini->status = ERR_NO_MEMORY;
    else if (code != ERR_NONE)
        INI_FAIL(lines->ini, entry->line, "%s", err.text);
}

void access_lines_read(struct access_lines *lines, const struct ini_entry *entry)
{
    if (span_is(entry->section, ACCESS))
        read_access(lines, entry);
    else
        read_plan(lines, entry);
}

// --- the end

// The plan that a misspelt name was most likely meant to be, or NULL.
static const struct quota *nearest_quota(const struct app *app, struct span name)
{
    for (size_t i = 0; i < app->quota_count; i++) {
        if (nearest_edits(name, app->quotas[i].name) <= 2)
            return &app->quotas[i];
    }
    return NULL;
}

static const struct quota *settle_plan(struct access_lines *lines, struct span name, uint32_t line)
{
    const struct quota *quota = app_find_quota(lines->ini->app, name);
    if (line == 0 || quota != NULL)
        return quota;
    const struct quota *nearest = nearest_quota(lines->ini->app, name);
    if (nearest != NULL)
        INI_FAIL(
            lines->ini, line, "there is no [plan %.*s]; did you mean %.*s?", SHOW(name), SHOW(nearest->name));
    else
        INI_FAIL(lines->ini, line,
            "there is no [plan %.*s]; write one, with a line such as requests = 100/minute", SHOW(name));
    return NULL;
}

// A required claim is never there for those who are not known.
static void check_claims(struct access_lines *lines, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->param_count; i++) {
        const struct rule *param = &endpoint->params[i];
        if (param->source != PARAM_CLAIM || !param->required || endpoint->access.kind != ACCESS_OPEN)
            continue;
        diags_add(lines->ini->diags, endpoint->file, param->line, param->column,
            "the claim %.*s is required, and the endpoint is open to those without a key; add @access key",
            SHOW(param->name));
    }
}

// The parameter that holds a key is taken out of the query, so no endpoint would see its own of that name.
static void check_query(struct access_lines *lines, const struct endpoint *endpoint)
{
    struct span query = lines->ini->app->access.query;
    for (size_t i = 0; query.len > 0 && i < endpoint->param_count; i++) {
        if (span_equal(endpoint->params[i].outside, query))
            INI_FAIL(lines->ini, lines->query_line,
                "%s %.*s has a parameter %.*s of its own; let keys have another one",
                http_method_name(endpoint->method), SHOW(endpoint->path), SHOW(query));
    }
}

void access_lines_finish(struct access_lines *lines)
{
    struct app_access *access = &lines->ini->app->access;
    access->wants_keys = lines->has_access;
    for (size_t i = 0; i < lines->ini->app->endpoint_count; i++) {
        struct endpoint *endpoint = &lines->ini->app->endpoints[i];
        if (endpoint->access.line == 0)
            endpoint->access.kind = access->standard;
        check_claims(lines, endpoint);
        check_query(lines, endpoint);
        bool asks = endpoint->access.kind != ACCESS_OPEN || endpoint->is_personal;
        access->wants_keys = access->wants_keys || asks;
    }
    access->key_quota = settle_plan(lines, lines->plan, lines->plan_line);
    access->open_quota = settle_plan(lines, lines->open_plan, lines->open_line);
    for (size_t i = 0; i < access->issuer_count; i++) {
        if (access->issuers[i].plan.len > 0)
            (void)settle_plan(lines, access->issuers[i].plan, access->issuers[i].line);
    }
    access->wants_keys = access->wants_keys || lines->ini->app->quota_count > 0 || access->issuer_count > 0;
    access->is_metered = access->wants_keys && !lines->usage_is_off;
}
