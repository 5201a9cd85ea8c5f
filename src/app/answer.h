// SPDX-License-Identifier: Apache-2.0
// How the rows of an answer's statement become JSON, NDJSON, CSV or text. It is worked out once, when the
// statement is prepared; writing a row then allocates nothing. An answer belongs to its plan, whose thread it
// is.
#ifndef RECKONER_APP_ANSWER_H
#define RECKONER_APP_ANSWER_H

#include "app/diag.h"
#include "app/endpoint.h"
#include "base/arena.h"
#include "base/spool.h"
#include "store/store.h"

struct answer_column {
    struct span name;      // as the statement has it; borrowed from the statement
    struct span prefix;    // what stands in front of its value in an object: {"day": or },"shop":{"lat":
    bool is_declared;      // there is a @column, and type is in force
    bool is_boolean;       // there is none, but the store says that 1 and 0 are true and false
    struct rule_type type; // of the @column
    bool micros;           // of a timestamp: with six decimal places, not three
    char *moment;          // of a timestamp: TIMESTAMP_CHARS for a value that comes with others; the arena's
};

struct answer {
    struct answer_column *columns; // in the arena of answer_init
    size_t count;                  //
    struct span suffix;            // what ends a row's object: } or }}
    struct span under;             // what opens the object of @under: {"products": or nothing
    enum answer_shape shape;       //
    bool decimals_are_scaled;      // store_decimals_are_scaled
};

// Looks at the columns of `stmt`, which is `statement` of the endpoint, prepared on `conn`, and at the
// @column lines. Reports in `diags`: two columns of one name, a column that has the name of an object,
// columns of one object that stand apart, more columns than the shape has room for, and types that have no
// form in JSON. ERR_NO_MEMORY only.
MUST_CHECK enum err_code answer_init(struct answer *answer, const struct endpoint *endpoint,
    const struct statement *statement, const struct store_conn *conn, const struct store_stmt *stmt,
    struct arena *arena, struct diags *diags, struct err *err);

// Whether the answer has a column of that name.
bool answer_has(const struct answer *answer, struct span name);

// One answer on its way out.
struct answer_run {
    const struct answer *answer; // borrowed
    enum answer_format format;   //
    struct spool *out;           // borrowed
    uint64_t rows;               // written so far
};

// Writes what stands before the rows.
void answer_start(struct answer_run *run);

// Writes the current row of `stmt` as plan_answer says; a real that is not finite as null. ERR_STORE for a
// value that the column's type does not have, and the errors of spool_flow.
MUST_CHECK enum err_code answer_row(struct answer_run *run, struct store_stmt *stmt, struct err *err);

// Whether the shape has its row, so that the caller need not read further ones.
bool answer_is_full(const struct answer_run *run);

// Writes what stands behind the rows. ERR_UNKNOWN when the shape needs a row and there was none; the errors
// of spool_flow.
MUST_CHECK enum err_code answer_end(struct answer_run *run, struct err *err);

#endif
