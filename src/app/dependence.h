// SPDX-License-Identifier: Apache-2.0
// What the answers of a read endpoint hang on, as its database tells: the versions of all tables that its
// statements read, and those of the rows that a @depends leaves them of a table. Found when the endpoint is
// prepared; immutable then.
#ifndef RECKONER_APP_DEPENDENCE_H
#define RECKONER_APP_DEPENDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/plan.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/versions.h"
#include "text/value.h"

// One version that an answer hangs on: that of a table, or, of the rows with some values, the version of
// their bucket.
struct dependence_source {
    const struct version *table;           // of the store; NULL: by buckets
    const struct version_buckets *buckets; // of the store
    size_t column_count;                   // of the buckets
    int params[LIMIT_BUCKET_COLUMNS];      // indexes of the parameters whose values those are
};

struct dependence {
    bool is_kept;                      // its answers hang on nothing but these versions
    char *why;                         // owned; if not, words for the app's author: "it calls random()"
    uint32_t wide;                     // bit i: depends[i] of the endpoint goes by the version of its table
    const char *wide_why;              // static; why the last of them does; NULL: no author could mend it
    uint64_t schema;                   // plan_schema when it was found
    struct dependence_source *sources; // owned
    size_t count;                      // of them, and so of the versions
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

// Whether nothing speaks against it; else the schema has changed, views may be others, and it is to be found
// anew. It is cheap. The thread of the plan's connection.
bool dependence_is_current(const struct dependence *dependence, const struct plan *plan);

// Whether it surely holds for the run of the plan that has just ended, so that the answer may be kept. Cheap
// too, and on the same thread.
bool dependence_holds(const struct dependence *dependence, const struct plan *plan);

// Fills `ret_versions`, dependence->count of them, with what the answer to these parameters, one for each of
// the endpoint's, hangs on. Any thread.
void dependence_versions(
    const struct dependence *dependence, const struct value *params, const struct version **ret_versions);

#endif
