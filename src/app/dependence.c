// SPDX-License-Identifier: Apache-2.0
// Collects the versions that an endpoint's answers hang on. Which tables a statement reads, and whether
// versions tell of all of them, is the store's to say. The thread of the plan's connection.
#include "app/dependence.h"

#include <string.h>

#include "base/mem.h"

// Collects versions, each once.
struct collector {
    struct store *store;
    struct dependence *dependence;
    size_t room;        // for so many versions
    bool out_of_memory; //
};

static void add_table(void *ctx, const char *table)
{
    struct collector *collector = ctx;
    struct dependence *dependence = collector->dependence;
    const struct version *version = versions_of(collector->store, table);
    for (size_t i = 0; i < dependence->count; i++) {
        if (dependence->versions[i] == version)
            return;
    }
    const struct version **versions =
        mem_grow(dependence->versions, dependence->count, &collector->room, sizeof(const struct version *));
    if (versions == NULL) {
        collector->out_of_memory = true;
        return;
    }
    dependence->versions = versions;
    dependence->versions[dependence->count++] = version;
}

enum err_code dependence_find(
    const struct plan *plan, struct store *store, struct dependence *ret_dependence, struct err *err)
{
    struct collector collector = {.store = store, .dependence = ret_dependence};
    *ret_dependence = (struct dependence){0};
    bool is_covered = false;
    enum err_code code = plan_is_covered(plan, &is_covered, err);
    if (code == ERR_NONE && is_covered)
        code = plan_reads(plan, add_table, &collector, err);
    if (code == ERR_NONE && collector.out_of_memory)
        code = err_no_memory(err);
    if (code != ERR_NONE)
        return code;
    ret_dependence->is_kept = is_covered && ret_dependence->count > 0;
    if (!is_covered)
        ret_dependence->why = "it reads more than the app's own tables";
    else if (ret_dependence->count == 0)
        ret_dependence->why = "it reads no table";
    return ERR_NONE;
}

void dependence_fini(struct dependence *dependence)
{
    mem_free(dependence->versions);
    *dependence = (struct dependence){0};
}

void dependence_versions(
    const struct dependence *dependence, const struct value *params, const struct version **ret_versions)
{
    (void)params;
    if (dependence->count > 0)
        memcpy(ret_versions, dependence->versions, dependence->count * sizeof(const struct version *));
}
