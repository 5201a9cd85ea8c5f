// SPDX-License-Identifier: Apache-2.0
// The statements that give the pages of an ordered statement. Pure functions, any thread.
#ifndef RECKONER_APP_PAGE_SQL_H
#define RECKONER_APP_PAGE_SQL_H

#include "app/answer.h"
#include "app/order.h"
#include "base/buf.h"

// What the statements are made of. They name the keys of a cursor :K1, :K2 …, which no parameter can be
// called.
struct page_sql {
    const struct answer *answer;   // borrowed; its columns are those of the statement
    const struct order *order;     // borrowed; of its rows
    struct span limit;             // name of the parameter with the rows of a page
    bool may_be_null[CURSOR_KEYS]; // by column of the order
    bool nulls_last[CURSOR_KEYS];  // likewise: they come behind all values, in the order's direction
};

// Appends the statement of the first page: as many rows as it has, and one more.
void page_sql_first(const struct page_sql *sql, struct buf *out);

// Appends that of the page behind a cursor. A key of the cursor may be null where may_be_null says so.
void page_sql_next(const struct page_sql *sql, struct buf *out);

// Appends one that finds a row which page_sql_next would pass over: one with a null, behind all values, where
// may_be_null says that there is none. False when there cannot be one; then nothing is appended.
bool page_sql_hidden(const struct page_sql *sql, struct buf *out);

// Whether the statement may give nulls in columns whose tables have none: by an outer join, say. It goes by
// words, and says yes where it is not sure.
bool page_sql_makes_nulls(const struct statement *statement);

#endif
