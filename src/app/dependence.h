// SPDX-License-Identifier: Apache-2.0
// What the answers of a read endpoint hang on, as its database tells: the versions of all tables that its
// statements read. Found when the endpoint is prepared; immutable then.
#ifndef RECKONER_APP_DEPENDENCE_H
#define RECKONER_APP_DEPENDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/plan.h"
#include "base/err.h"
#include "store/versions.h"
#include "text/value.h"

struct dependence {
    bool is_kept;                    // its answers hang on nothing but these versions
    const char *why;                 // if not: static words for the app's author
    const struct version **versions; // owned; of the store
    size_t count;                    // of them
};

// Asks the plan's database, outside of a transaction; `store` is the plan's. `*ret_dependence` is to be freed
// also after an error. Errors of the store. The thread of the plan's connection.
MUST_CHECK enum err_code dependence_find(
    const struct plan *plan, struct store *store, struct dependence *ret_dependence, struct err *err);

// Whether dependence_find has filled it; a zeroed one is not.
static inline bool dependence_is_found(const struct dependence *dependence)
{
    return dependence->is_kept || dependence->why != NULL;
}

// Frees. A zeroed struct is fine.
void dependence_fini(struct dependence *dependence);

// Fills `ret_versions`, dependence->count of them, with what the answer to these parameters, one for each of
// the endpoint's, hangs on. Any thread.
void dependence_versions(
    const struct dependence *dependence, const struct value *params, const struct version **ret_versions);

#endif
