// SPDX-License-Identifier: Apache-2.0
// The outbox: what others are to be told of batches that are in. A row of reckoner_outbox for each batch of
// an endpoint that has a hook, in the batch's own savepoint, so that it is there exactly when the rows are.
// hooks/ sends them and has all else of the table. On the thread of the connection.
#ifndef RECKONER_BATCH_OUTBOX_H
#define RECKONER_BATCH_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/err.h"
#include "store/own_sql.h"

enum { OUTBOX_ID_CHARS = 31 }; // "hook_" and 130 random bits

// Whether batches of the endpoint are told of.
static inline bool outbox_is_for(const struct endpoint *endpoint)
{
    return endpoint->hook.len > 0;
}

// Whether some endpoint of the app has a hook.
bool outbox_is_for_app(const struct app *app);

// Makes the table, unless it is there; outside of a transaction. Errors of store_make_table.
MUST_CHECK enum err_code outbox_make_table(struct store_conn *conn, struct err *err);

// Adds a row for a batch of an endpoint that has a hook. It is only sent (store_send): its failure may come
// later. The statement is kept in `own`. ERR_IO; errors of the store.
MUST_CHECK enum err_code outbox_add(struct own_statements *own, const struct endpoint *endpoint,
    int64_t batch_id, uint64_t rows, struct err *err);

#endif
