// SPDX-License-Identifier: Apache-2.0
#include "batch/lane_plans.h"

#include "base/mem.h"

static void free_each(struct plan **each, size_t count)
{
    for (size_t i = 0; each != NULL && i < count; i++)
        plan_free(each[i]);
    mem_free(each);
}

// An endpoint's plan, with its early checks where they may run early.
static enum err_code make_plan(struct lane_plans *plans, const struct endpoint *endpoint, struct diags *diags,
    struct plan **ret_plan, struct err *err)
{
    struct plan *plan = NULL;
    enum err_code code = plan_new(endpoint, plans->conn, diags, &plan, err);
    if (code == ERR_NONE && plans->is_early)
        code = plan_find_early(plan, err);
    if (code != ERR_NONE) {
        plan_free(plan);
        return code;
    }
    *ret_plan = plan;
    return ERR_NONE;
}

static void take(struct lane_plans *plans, struct app *app, struct plan **each)
{
    lane_plans_fini(plans);
    plans->app = app_ref(app);
    plans->each = each;
}

enum err_code lane_plans_prepare(
    struct lane_plans *plans, struct app *app, struct diags *diags, struct err *err)
{
    struct plan **each = mem_zalloc(app->endpoint_count, sizeof(struct plan *));
    if (each == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (!endpoint_is_read(&app->endpoints[i]))
            code = make_plan(plans, &app->endpoints[i], diags, &each[i], err);
    }
    if (code != ERR_NONE) {
        free_each(each, app->endpoint_count);
        return code;
    }
    take(plans, app, each);
    return ERR_NONE;
}

enum err_code lane_plans_prepare_later(struct lane_plans *plans, struct app *app, struct err *err)
{
    struct plan **each = mem_zalloc(app->endpoint_count, sizeof(struct plan *));
    if (each == NULL)
        return err_no_memory(err);
    take(plans, app, each);
    return ERR_NONE;
}

enum err_code lane_plans_need(struct lane_plans *plans, const struct batch *batch, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = ERR_NONE;
    if (batch->app != plans->app)
        code = lane_plans_prepare(plans, batch->app, &diags, err);
    else if (*lane_plans_of(plans, batch) == NULL)
        code = make_plan(plans, batch->endpoint, &diags, lane_plans_of(plans, batch), err);
    return code == ERR_NONE ? ERR_NONE : diags_explain(&diags, err);
}

void lane_plans_drop(struct lane_plans *plans, const struct batch *batch)
{
    struct plan **plan = lane_plans_of(plans, batch);
    plan_free(*plan);
    *plan = NULL;
}

void lane_plans_fini(struct lane_plans *plans)
{
    if (plans->app != NULL)
        free_each(plans->each, plans->app->endpoint_count);
    app_unref(plans->app);
    plans->app = NULL;
    plans->each = NULL;
}
