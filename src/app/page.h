// SPDX-License-Identifier: Apache-2.0
// The answer of an endpoint with @page: its statement, wrapped so that it gives the rows behind a cursor, as
// many as a page has. Belongs to its plan.
#ifndef RECKONER_APP_PAGE_H
#define RECKONER_APP_PAGE_H

#include "app/answer.h"
#include "app/diag.h"
#include "app/endpoint.h"
#include "store/store.h"

struct page;

// Prepares the pages of `statement`, whose columns are those of `answer`. Why a statement cannot be paged
// goes into `diags`, and *ret_page stays NULL then; errors are ERR_NO_MEMORY and the store's own. `arena`,
// `endpoint` and `answer` have to live as long as the page.
MUST_CHECK enum err_code page_new(const struct endpoint *endpoint, const struct statement *statement,
    const struct answer *answer, struct store_conn *conn, struct arena *arena, struct diags *diags,
    struct page **ret_page, struct err *err);

// The statements that a page may run; NULL: it does without.
enum { PAGE_STATEMENTS = 3 };
const struct store_stmt *page_statement(const struct page *page, size_t number);

// Finalises; before the connection is closed. NULL is fine.
void page_free(struct page *page);

// Binds the statement that gives the page which `params` (one for each of the endpoint's) ask for, and
// returns it; it is the caller's to reset. ERR_INVALID for a cursor that is not of this statement.
MUST_CHECK enum err_code page_bind(
    struct page *page, const struct value *params, struct store_stmt **ret_stmt, struct err *err);

// Writes the page that was bound. *ret_cursor is that of the next one, valid until the next page_bind; empty
// when there is none. ERR_STORE when the order does not tell where the next page would begin; ERR_INVALID for
// a cursor whose keys cannot be those of a row; otherwise the errors of answer.h and of the store.
MUST_CHECK enum err_code page_write(struct page *page, struct store_stmt *stmt, struct answer_run *run,
    struct span *ret_cursor, struct err *err);

#endif
