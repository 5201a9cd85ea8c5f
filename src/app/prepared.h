// SPDX-License-Identifier: Apache-2.0
// One statement of an endpoint, prepared on a connection. Private to the files of a plan, whose thread it is.
#ifndef RECKONER_APP_PREPARED_H
#define RECKONER_APP_PREPARED_H

#include "app/answer.h"
#include "app/diag.h"
#include "app/endpoint.h"
#include "app/page.h"
#include "store/store.h"

enum { NO_COLUMN = -1 }; // a check does not give this column

struct prepared {
    const struct statement *statement; // borrowed from the endpoint
    struct store_stmt *stmt;           // owned
    struct store_stmt *when; // owned; of an answer: gives one value, whether it is the one. NULL: it is
    struct answer answer;    // of an answer: how its rows are written
    struct page *page;       // owned; of an answer in pages, which are run instead of stmt. Or NULL
    int line;                // index of a check's column "line", or NO_COLUMN
    int field;               // likewise "field"
    int parameter;           // likewise "parameter"
    int value;               // likewise "value"
    bool is_early;           // a check that plan_find_early has found to be one
};

// What preparing needs everywhere.
struct preparing {
    const struct endpoint *endpoint; // whose statements they are
    struct store_conn *conn;         // on which to prepare
    struct arena *arena;             // that outlives them
    struct diags *diags;             // where errors of the file go
    struct err *err;                 // where others go
};

// Prepares `statement` of the endpoint. Its errors go into the diags; others are ERR_NO_MEMORY and the
// store's own. The caller calls prepared_fini also after an error; `ret_prepared` may not move.
MUST_CHECK enum err_code prepared_init(
    const struct preparing *preparing, const struct statement *statement, struct prepared *ret_prepared);

// Finalises; before the connection is closed.
void prepared_fini(struct prepared *prepared);

#endif
