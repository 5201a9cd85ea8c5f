// SPDX-License-Identifier: Apache-2.0
// How the rows of an answer's statement become JSON: found out once, when the statement is prepared, then
// written without allocation. Belongs to its plan.
#ifndef RECKONER_APP_ANSWER_H
#define RECKONER_APP_ANSWER_H

#include "app/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "store/store.h"

struct answer_column; // private to answer.c

struct answer {
    struct answer_column *columns; // in the arena of answer_init
    size_t count;                  //
};

// Looks at the columns of `stmt`, which is `statement` of the endpoint, and at the @column lines. Two columns
// of one name, and a @column that names none, go into `diags`. ERR_NO_MEMORY only.
MUST_CHECK enum err_code answer_init(struct answer *answer, const struct endpoint *endpoint,
    const struct statement *statement, const struct store_stmt *stmt, struct arena *arena,
    struct diags *diags, struct err *err);

// Steps through `stmt`, which is bound, and appends its rows as plan_answer says. On failure `out` may have a
// part of them.
MUST_CHECK enum err_code answer_write(
    const struct answer *answer, struct store_stmt *stmt, struct buf *out, struct err *err);

#endif
