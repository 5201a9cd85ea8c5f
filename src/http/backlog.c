// SPDX-License-Identifier: Apache-2.0
// What is answered and taken within a turn never gets to the budget, which lanes share: without slow clients
// nobody writes to it. On the lane's thread.
//
// A connection's backlog_bytes is the sum of its exchanges', and a lane's that of its connections.
#include "http/backlog.h"

#include <assert.h>

#include "http/connection.h"
#include "http/exchange.h"

void backlog_add(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    assert(exchange->backlog_bytes == 0 && connection->phase != CONNECTION_CLOSED);
    exchange->backlog_bytes = exchange->head_len + (exchange->body != NULL ? exchange->body->len : 0);
    connection->backlog_bytes += exchange->backlog_bytes;
    connection->lane->backlog.bytes += exchange->backlog_bytes;
}

void backlog_remove(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    connection->lane->backlog.bytes -= exchange->backlog_bytes;
    connection->backlog_bytes -= exchange->backlog_bytes;
    exchange->backlog_bytes = 0;
}

// Adds what has changed, which may be less than nothing: unsigned numbers wrap.
void backlog_tell(struct lane *lane)
{
    struct backlog *backlog = &lane->backlog;
    struct backlog_budget *budget = &lane->shared->backlog_budget;
    if (backlog->bytes == backlog->told_bytes)
        return;
    atomic_fetch_add_explicit(&budget->bytes, backlog->bytes - backlog->told_bytes, memory_order_relaxed);
    backlog->told_bytes = backlog->bytes;
}

bool backlog_is_over(const struct lane *lane)
{
    const struct backlog_budget *budget = &lane->shared->backlog_budget;
    return lane->backlog.bytes > budget->share_bytes &&
           atomic_load_explicit(&budget->bytes, memory_order_relaxed) > budget->max_bytes;
}

// Looking at all of them is cheap beside making the answers of one.
struct connection *backlog_largest(const struct lane *lane)
{
    struct connection *found = NULL;
    for (uint32_t i = 0; i < lane->slot_count; i++) {
        struct connection *connection = lane->slots[i].connection;
        if (connection != NULL && (found == NULL || connection->backlog_bytes > found->backlog_bytes))
            found = connection;
    }
    assert(found != NULL && found->backlog_bytes > 0); // or the lane would hold nothing
    return found;
}
