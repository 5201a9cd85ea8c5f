// SPDX-License-Identifier: Apache-2.0
// Prepares an app's statements by making each endpoint's plan and freeing it again. What can be wrong with a
// statement is prepared.c's and plan.c's to find. The connection's thread.
#include "app/app_check.h"

#include "app/parallel.h"
#include "app/depends.h"
#include "app/plan.h"

enum err_code app_check(const struct app *app, struct store_conn *conn, struct diags *diags, struct err *err)
{
    size_t before = diags_total(diags);
    for (size_t i = 0; i < app->endpoint_count; i++) {
        struct err wrong = {0};
        struct plan *plan = NULL;
        size_t so_far = diags_total(diags);
        enum err_code code = plan_new(&app->endpoints[i], conn, diags, &plan, &wrong);
        if (code == ERR_NONE)
            code = depends_prove(&app->endpoints[i], conn, diags, &wrong);
        if (code == ERR_NONE && app->endpoints[i].is_parallel)
            code = parallel_check(plan, diags, &wrong);
        plan_free(plan);
        bool is_in_diags = diags_total(diags) > so_far;
        if (code != ERR_NONE && !is_in_diags)
            return err_set(err, code, "%s", wrong.text);
    }
    size_t errors = diags_total(diags) - before;
    if (errors == 0)
        return ERR_NONE;
    return err_set(err, ERR_CONFIG, "%s has %zu error%s", app->dir, errors, errors == 1 ? "" : "s");
}
