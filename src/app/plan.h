// SPDX-License-Identifier: Apache-2.0
// An endpoint's statements, prepared on one connection, and how they are run: rejects first, then the answer
// as JSON. A plan belongs to its connection's thread.
#ifndef RECKONER_APP_PLAN_H
#define RECKONER_APP_PLAN_H

#include "app/app.h"
#include "base/buf.h"
#include "store/store.h"

struct plan; // one endpoint on one connection

// Prepares every statement, also when one before it fails. What does not prepare, a read endpoint that
// writes, a check without the columns that it needs, a @column that the answer does not have: each goes into
// `diags` with its place in the file; ERR_CONFIG when there is one. Other errors are the store's own. For a
// write, the connection is a STORE_WRITE one, and its table batch is opened for the endpoint's fields. The
// endpoint has to live as long as the plan.
MUST_CHECK enum err_code plan_new(const struct endpoint *endpoint, struct store_conn *conn,
    struct diags *diags, struct plan **ret_plan, struct err *err);

// Finalises; before the connection is closed. NULL is fine.
void plan_free(struct plan *plan);

const struct endpoint *plan_endpoint(const struct plan *plan);

// A row that a @reject or @warn statement gave.
struct finding {
    const struct statement *statement; // whose text, code and status it is
    int64_t line;                      // column "line"; 0 when there is none
    struct span field;     // column "field"; at NULL when there is none. Like the rest: borrowed for the call
    struct span parameter; // column "parameter"; likewise
    struct value value;    // column "value"; VALUE_NULL when there is none
};

// Runs all @reject (kind STATEMENT_REJECT) or @warn statements with these parameters, in the order of
// endpoint->params, and calls on_finding for each row, until it returns false, which is no error. With
// stop_at_first the first statement that gives rows is the last one run. ERR_STORE too when a row's line is
// no integer, or its field or parameter no text.
MUST_CHECK enum err_code plan_find(struct plan *plan, enum statement_kind kind, const struct value *params,
    bool stop_at_first, bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx,
    struct err *err);

// Runs all @write statements in order.
MUST_CHECK enum err_code plan_write(struct plan *plan, const struct value *params, struct err *err);

// Runs the answer and appends its JSON, an array of objects in column order without blanks. A column with
// @column has the form of its type, and ERR_STORE when a value has none; one without has that of its values
// (integers as integers, reals in the shortest form that reads back). Null is null, and so is an infinity.
// *ret_status is the answer's own (200, 201 …). ERR_TOO_LARGE when `out` is full; on any failure nothing was
// appended.
MUST_CHECK enum err_code plan_answer(
    struct plan *plan, const struct value *params, struct buf *out, int *ret_status, struct err *err);

#endif
