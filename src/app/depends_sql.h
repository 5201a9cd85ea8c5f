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

// Appends SQL in which the tables of `from`'s depends are called as those of `to`, which has the same number
// of them. A name with its schema in front stays.
void depends_append_renamed(const struct endpoint *from, const struct endpoint *to, struct span sql,
    enum sql_dialect dialect, struct buf *out);

// Appends what the name stands for: a query.
typedef void depends_body(void *ctx, const struct endpoint *endpoint, size_t depends, struct buf *out);

// A depends_body: the table's rows with the values.
void depends_append_rows(void *ctx, const struct endpoint *endpoint, size_t depends, struct buf *out);

// Appends SQL, as the file has it, behind a line that lets the names of `hidden`, bits of the endpoint's
// depends, stand for these bodies.
void depends_append_hidden(const struct endpoint *endpoint, enum sql_dialect dialect, uint32_t hidden,
    struct span sql, depends_body *body, void *ctx, struct buf *out);

#endif
