// SPDX-License-Identifier: Apache-2.0
// What a database says to the @depends of an endpoint. On the connection's thread, outside of a transaction;
// other errors than those of the file are the store's own.
#ifndef RECKONER_APP_DEPENDS_H
#define RECKONER_APP_DEPENDS_H

#include "app/diag.h"
#include "app/endpoint.h"
#include "store/store.h"

// The table and columns of a @depends as the store calls them.
struct depends_table {
    const struct depends *depends;             // borrowed
    bool is_table;                             // it is a table of the app
    char *name;                                // owned; of the table
    struct span columns[LIMIT_BUCKET_COLUMNS]; // in the order of the @depends; borrowed from the statement
    struct store_stmt *stmt;                   // owned; a query of all columns
};

// Finds the table of a @depends. What is wrong with it goes into `diags`, with its place in the file.
// `ret_table` is to be freed also after an error.
MUST_CHECK enum err_code depends_find(const struct endpoint *endpoint, size_t number, struct store_conn *conn,
    struct diags *diags, struct depends_table *ret_table, struct err *err);

// Frees, before the connection is closed. A zeroed struct is fine.
void depends_table_fini(struct depends_table *table);

// Finds all of an endpoint, for what is wrong with them.
MUST_CHECK enum err_code depends_check(
    const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags, struct err *err);

// Calls on_table for each table that the statement, or the condition of an answer, reads beside the rows that
// @depends leaves it: a table of a @depends too, when there is another way to it. *ret_is_told is false, and
// nothing is called, when the database cannot tell.
MUST_CHECK enum err_code depends_reads_beside(const struct endpoint *endpoint,
    const struct statement *statement, bool is_condition, struct store_conn *conn,
    void (*on_table)(void *ctx, const char *table), void *ctx, bool *ret_is_told, struct err *err);

// Reports each statement that has another way to a table of a @depends: a view, or the schema in front of the
// name.
MUST_CHECK enum err_code depends_prove(
    const struct endpoint *endpoint, struct store_conn *conn, struct diags *diags, struct err *err);

#endif
