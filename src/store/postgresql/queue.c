// SPDX-License-Identifier: Apache-2.0
// The queue of what was sent on a link and has not been answered in full: the server answers in the order in
// which things were sent (PostgreSQL 34.5, pipeline mode), so what comes back belongs to the oldest. It also
// gives the link up, as then nothing in the queue is answered any more. Sending and reading are pipe.c's. The
// connection's thread.
#include "store/postgresql/queue.h"

#include "base/mem.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/errand.h"
#include "store/postgresql/stmt.h"

static enum err_code push(struct pg_conn *conn, struct pg_item item, struct err *err)
{
    if (conn->count == PG_QUEUE)
        return err_set(err, ERR_STORE, "too many statements are under way on one connection");
    conn->queue[(conn->first + conn->count) % PG_QUEUE] = item;
    conn->count++;
    return ERR_NONE;
}

struct pg_item pg_pop(struct pg_conn *conn)
{
    struct pg_item item = conn->queue[conn->first];
    conn->first = (conn->first + 1) % PG_QUEUE;
    conn->count--;
    conn->is_single = false;
    return item;
}

enum err_code pg_queued(struct pg_conn *conn, int sent, struct pg_item item, struct err *err)
{
    if (sent == 0) {
        bool is_gone = PQstatus(conn->link) != CONNECTION_OK;
        pg_lose(conn); // what was queued before may have nobody any more who takes its result
        return is_gone ? err_set(err, ERR_BUSY, "the connection to the store was lost: try again")
                       : err_no_memory(err); // nothing else fails while the link is good
    }
    conn->is_unsent = true;
    enum err_code code = push(conn, item, err);
    if (code != ERR_NONE) // it was sent all the same: what comes back would be taken for another's
        pg_lose(conn);
    return code;
}

void pg_disown(struct pg_conn *conn, const void *whose)
{
    for (unsigned i = 0; i < conn->count; i++) {
        struct pg_item *item = &conn->queue[(conn->first + i) % PG_QUEUE];
        if (item->stmt == whose)
            item->stmt = NULL;
        if (item->prepared == whose)
            item->prepared = NULL;
    }
}

enum err_code pg_park(struct pg_stmt *stmt, PGresult *result, struct err *err)
{
    if (stmt->parked_count == stmt->parked_room) {
        size_t room = stmt->parked_room == 0 ? 16 : 2 * stmt->parked_room;
        PGresult **parked = mem_realloc(stmt->parked, room * sizeof(*parked));
        if (parked == NULL) {
            PQclear(result);
            return err_no_memory(err);
        }
        stmt->parked = parked;
        stmt->parked_room = room;
    }
    stmt->parked[stmt->parked_count++] = result;
    return ERR_NONE;
}

void pg_lose(struct pg_conn *conn)
{
    static const struct err lost = {
        .code = ERR_BUSY, .text = "the connection to the store was lost: try again"};
    if (conn->link == NULL)
        return;
    for (; conn->count > 0; conn->count--) {
        struct pg_item *item = &conn->queue[conn->first];
        if (item->kind == PG_RUN && item->stmt != NULL)
            item->stmt->is_ended = item->stmt->is_cut = true;
        conn->first = (conn->first + 1) % PG_QUEUE;
    }
    pg_errand_leave(conn->cancel);
    conn->cancel = NULL;
    PQfinish(conn->link);
    conn->link = NULL;
    conn->is_unsent = conn->is_single = false;
    conn->batch.copying = conn->batch.known = false;
    buf_clear(&conn->batch.rows);
    conn->recorded[0] = '\0';
    pg_fail_tx(conn, &lost);
}
