// SPDX-License-Identifier: Apache-2.0
// SQL that hides rows of tables from a statement, as @depends says. The statement gets a line in front,
//     WITH route_days AS NOT MATERIALIZED (SELECT * FROM main.route_days WHERE origin = :origin)
// so that its own route_days is this one. Pure; any thread.
#ifndef RECKONER_APP_DEPENDS_SQL_H
#define RECKONER_APP_DEPENDS_SQL_H

#include <stdbool.h>

#include "app/endpoint.h"
#include "base/arena.h"
#include "base/buf.h"

// Whether SQL has the name of the table as one of its words.
bool depends_is_named(const struct depends *depends, struct span sql, enum sql_dialect dialect);

// Whether that line can be put in front of the SQL: in PostgreSQL not of a WITH RECURSIVE.
bool depends_can_hide(struct span sql, enum sql_dialect dialect);

// Appends SQL in which the tables of the endpoint's depends have these names, one for each. A table with its
// schema in front stays.
void depends_append_renamed(const struct endpoint *endpoint, const struct span *names, struct span sql,
    enum sql_dialect dialect, struct buf *out);

// Appends what a name stands for: a query.
typedef void depends_body(void *ctx, const struct depends *depends, struct buf *out);

// A depends_body: the table's rows with the values. `ctx` is the enum sql_dialect.
void depends_append_rows(void *ctx, const struct depends *depends, struct buf *out);

// Appends SQL behind a line that lets names of the depends in `hidden`, bits, stand for these bodies. `names`
// has one for each of the endpoint's depends; NULL: they are the tables' own.
void depends_append_hidden(const struct endpoint *endpoint, const struct span *names,
    enum sql_dialect dialect, uint32_t hidden, struct span sql, depends_body *body, void *ctx,
    struct buf *out);

#endif
