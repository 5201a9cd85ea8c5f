// SPDX-License-Identifier: Apache-2.0
// Statements: their text, their parameters, and the run of one.
#ifndef RECKONER_STORE_POSTGRESQL_STMT_H
#define RECKONER_STORE_POSTGRESQL_STMT_H

#include <libpq-fe.h>

#include "store/driver.h"
#include "store/postgresql/decode.h"
#include "store/postgresql/params.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/run.h"

struct pg_conn;

// A column of the result.
struct pg_column {
    Oid type;            // of its values
    Oid table;           // whose column it is, as it stands there; InvalidOid: it is worked out
    int number;          // of the column in that table
    struct pg_room room; // for a value that becomes text
};

struct pg_stmt {
    struct store_stmt base;       // first
    struct pg_conn *conn;         // borrowed
    struct pg_prepared *prepared; // owned along with others; NULL until there is a text
    struct pg_params params;      //
    // --- results
    struct pg_column *columns; // owned; as many as base.column_count
    struct pg_run run;         //
    PGresult *rows;            // owned; that the current row is in; NULL: none
    int row;                   // the current one
};

static inline struct pg_stmt *pg_stmt(struct store_stmt *stmt)
{
    return CONTAINER_OF(stmt, struct pg_stmt, base);
}

MUST_CHECK enum err_code pg_prepare(struct store_conn *base, struct span sql, const struct store_name *params,
    size_t param_count, struct store_stmt **ret_stmt, struct err *err);
void pg_finalize(struct store_stmt *base);
MUST_CHECK enum err_code pg_bind(struct store_stmt *base, const struct value *values, struct err *err);
MUST_CHECK enum err_code pg_send(struct store_stmt *base, const struct value *values, struct err *err);
void pg_reset(struct store_stmt *base);

#endif
