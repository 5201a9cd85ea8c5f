// SPDX-License-Identifier: Apache-2.0
// Tells what dependence.h finds out. An endpoint that reads no table has nothing to gain by being kept, so
// nothing is said of it. The connection's thread.
#include "app/keep_advice.h"

#include "app/dependence.h"

static void advise(
    const struct endpoint *endpoint, const struct dependence *dependence, struct diags *warnings)
{
    if (!dependence->is_kept && dependence->count > 0)
        diags_add(warnings, endpoint->file, endpoint->line, endpoint->column,
            "warning: no answer is kept, as %s; if that is meant, say @cache off", dependence->why);
    for (size_t i = 0; i < endpoint->depends_count; i++) {
        const struct depends *depends = &endpoint->depends[i];
        if ((dependence->wide & (1U << i)) != 0 && dependence->wide_why != NULL)
            diags_add(warnings, endpoint->file, depends->line, depends->column,
                "warning: answers hang on all rows of %.*s: %s", SHOW(depends->table), dependence->wide_why);
    }
}

static enum err_code advise_endpoint(const struct endpoint *endpoint, struct store *store,
    struct store_conn *conn, struct diags *warnings, struct err *err)
{
    struct plan *plan = NULL;
    struct dependence dependence = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = plan_new(endpoint, conn, &diags, &plan, err);
    if (code == ERR_NONE)
        code = dependence_find(plan, store, &dependence, err);
    if (code == ERR_NONE)
        advise(endpoint, &dependence, warnings);
    dependence_fini(&dependence);
    plan_free(plan);
    return code;
}

enum err_code keep_advise(const struct app *app, struct store *store, struct store_conn *conn,
    struct diags *warnings, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        if (endpoint_is_read(endpoint) && endpoint->is_kept)
            code = advise_endpoint(endpoint, store, conn, warnings, err);
    }
    return code;
}
