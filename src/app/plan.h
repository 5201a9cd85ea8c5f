// SPDX-License-Identifier: Apache-2.0
// An endpoint's statements, prepared on one connection, and how they are run: rejects first, then the one
// answer of several that is for these parameters. A plan belongs to its connection's thread.
#ifndef RECKONER_APP_PLAN_H
#define RECKONER_APP_PLAN_H

#include "app/diag.h"
#include "app/endpoint.h"
#include "base/spool.h"
#include "store/store.h"

struct plan; // one endpoint on one connection

// Prepares every statement, also when one before it fails. Reports in `diags`, each with its place in the
// file: a statement that does not prepare, a read endpoint that writes, a check without the columns that it
// needs, columns that the shape has no place for, an order that cannot be paged, a @column that no answer
// has. ERR_CONFIG when there is one. ERR_STALE: the tables change all the time. Other errors are the store's
// own. For a write, the connection is a STORE_WRITE one, and its table batch is opened for the endpoint's
// fields, also when it has none; for a read there is no table batch from here on. The endpoint has to live as
// long as the plan.
MUST_CHECK enum err_code plan_new(const struct endpoint *endpoint, struct store_conn *conn,
    struct diags *diags, struct plan **ret_plan, struct err *err);

// Finalises; before the connection is closed. NULL is fine.
void plan_free(struct plan *plan);

const struct endpoint *plan_endpoint(const struct plan *plan);
struct store_conn *plan_conn(const struct plan *plan);

// Whether versions_cover holds for all its statements, so that a replica may answer: asks the store, outside
// of a transaction. Errors of the store.
MUST_CHECK enum err_code plan_is_covered(const struct plan *plan, bool *ret_is_covered, struct err *err);

// Finds the early checks: the @reject statements that read no table but batch, and the @warn statements if
// all of them are so. What they find does not hang on what others write. Asks the store, outside of a
// transaction. Until then a plan has none. Errors of the store.
MUST_CHECK enum err_code plan_find_early(struct plan *plan, struct err *err);

// Calls on_stmt for each statement that the file has, and each condition of an answer, until one fails. What
// else a plan runs is made of these.
MUST_CHECK enum err_code plan_each(const struct plan *plan,
    enum err_code (*on_stmt)(void *ctx, const struct statement *statement, bool is_condition,
        struct store_stmt *stmt, struct err *err),
    void *ctx, struct err *err);

// A number that stays the same while all statements that the plan has run read what store_reads tells of them
// (versions_schema); 0: not known.
uint64_t plan_schema(const struct plan *plan);

// A row that a @reject or @warn statement gave.
struct finding {
    const struct statement *statement; // whose text, code and status it is
    int64_t line;                      // column "line"; 0 when there is none
    struct span field;     // column "field"; at NULL when there is none. Like the rest: borrowed for the call
    struct span parameter; // column "parameter"; likewise
    struct value value;    // column "value"; VALUE_NULL when there is none
    bool value_is_boolean; // its 1 and 0 mean true and false
};

// Which of the checks of one kind.
enum check_part {
    CHECKS_ALL,   //
    CHECKS_EARLY, // of plan_find_early
    CHECKS_LATE,  // all others
};

// Runs all @reject (kind STATEMENT_REJECT) or @warn statements of the part with these parameters, in the
// order of endpoint->params, and calls on_finding for each row, until it returns false, which is no error.
// With stop_at_first the first statement that gives rows is the last one run. ERR_STORE too when a row's line
// is no integer, or its field or parameter no text. Like all that run statements: ERR_VALUE when a statement
// cannot work with a value, of which blame.h tells whose it is. Of a
// read, ERR_AGAIN: a check found something in a transaction that is over; begin another one and ask again.
MUST_CHECK enum err_code plan_find(struct plan *plan, enum statement_kind kind, enum check_part part,
    const struct value *params, bool stop_at_first,
    bool (*on_finding)(void *ctx, const struct finding *finding), void *ctx, struct err *err);

// --- reads that are asked together
//
// In one transaction, several plans may be asked first (plan_ask) and then run, in the same order and with
// the same parameters: by plan_find, and by plan_answer unless something was found or has failed. A store on
// another machine answers them all at once. They share their fate as well: when one of them fails, those
// behind it fail, too.

// Whether a read of this endpoint is worth that: the store is such a one, the checks have let the last ones
// pass, and the last one was quick.
bool plan_goes_together(const struct plan *plan);

// Tells how long the last read took.
void plan_took(struct plan *plan, uint64_t ns);

// Asks for a read of an endpoint that goes together; `is_last`: of the transaction. Errors as those of the
// runs; nothing is asked then.
MUST_CHECK enum err_code plan_ask(
    struct plan *plan, const struct value *params, bool is_last, struct err *err);

// Runs all @write statements in order. It may ask for the answer along with them, which plan_answer has to be
// called for next, with the same parameters.
MUST_CHECK enum err_code plan_write(struct plan *plan, const struct value *params, struct err *err);

// What plan_answer tells beside the bytes.
struct answered {
    int status;         // the answer's own: 200, 201 …
    uint64_t rows;      // that it has
    struct span cursor; // of the next page, ready for a URL; empty: none. Valid until the plan's next answer
};

// Runs the first answer whose condition is true and appends it to `out` in that format, which the endpoint
// gives (endpoint_gives); the caller ends `out` (spool_end). `params` are one for each of the endpoint's,
// those of @page too. A column with @column has the form of its type, and ERR_STORE when a value has none;
// one without has that of its values (integers as integers, reals in the shortest form that reads back). Null
// is null, and so is an infinity; in CSV and text both are nothing. ERR_UNKNOWN when the shape needs a row
// and there is none; ERR_INVALID for a cursor that is not of this endpoint; ERR_STORE when the order of a
// page does not tell where the next begins, and when the answer is too large for `out`; other errors of
// `out`. On a failure `out` may have a part of it: throw it away.
MUST_CHECK enum err_code plan_answer(struct plan *plan, const struct value *params, enum answer_format format,
    struct spool *out, struct answered *ret_answered, struct err *err);

// One run of a statement, for `reckoner explain` and the log of slow ones.
struct statement_run {
    const struct statement *statement; // whose
    bool is_condition;                 // its `when`, not the statement itself
    struct store_stmt *stmt;           // to be asked for its plan (store_explain)
    uint64_t rows;                     // that it gave
    uint64_t ns;                       // bind to last row, encoding included
    bool is_together;                  // it was asked along with others: the time may be theirs
};

// From here on `on_run` is called for each run when it has ended, also when it failed; NULL ends that.
void plan_observe(struct plan *plan, void (*on_run)(void *ctx, const struct statement_run *run), void *ctx);

// The run that has taken longest since plan_forget_runs, by a clock that moves every few milliseconds; its
// `stmt` is NULL when none has taken so long. Valid until the plan runs again.
const struct statement_run *plan_slowest(const struct plan *plan);
void plan_forget_runs(struct plan *plan);

#endif
