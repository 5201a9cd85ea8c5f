// SPDX-License-Identifier: Apache-2.0
// The queue of what was sent on a link and has not been answered in full: the server answers in the order in
// which things were sent (PostgreSQL 34.5, pipeline mode), so what comes back belongs to the oldest. It also
// gives the link up, as then nothing in the queue is answered any more. Sending and reading are pipe.c's. The
// connection's thread.
#include "store/postgresql/queue.h"

#include "store/postgresql/conn.h"
#include "store/postgresql/errand.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/run.h"

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
        pg_lose(conn); // the owners of what was queued before may be gone when its results come
        return is_gone ? err_set(err, ERR_BUSY, "the connection to the store was lost: try again")
                       : err_no_memory(err); // nothing else fails while the link is good
    }
    conn->is_unsent = true;
    enum err_code code = push(conn, item, err);
    if (code != ERR_NONE) // it was sent all the same: what comes back would be taken for another's
        pg_lose(conn);
    return code;
}

void pg_disown_run(struct pg_conn *conn, const struct pg_run *run)
{
    for (unsigned i = 0; i < conn->count; i++) {
        struct pg_item *item = &conn->queue[(conn->first + i) % PG_QUEUE];
        if (item->run == run)
            item->run = NULL;
    }
}

bool pg_is_being_read(const struct pg_conn *conn)
{
    for (unsigned i = 0; i < conn->count; i++) {
        const struct pg_item *item = &conn->queue[(conn->first + i) % PG_QUEUE];
        if (item->kind == PG_RUN && item->run != NULL)
            return true;
    }
    return false;
}

void pg_disown_prepared(struct pg_conn *conn, const struct pg_prepared *prepared)
{
    for (unsigned i = 0; i < conn->count; i++) {
        struct pg_item *item = &conn->queue[(conn->first + i) % PG_QUEUE];
        if (item->prepared == prepared)
            item->prepared = NULL;
        if (item->once == &prepared->files)
            item->once = NULL;
    }
}

void pg_lose(struct pg_conn *conn)
{
    static const struct err lost = {
        .code = ERR_BUSY, .text = "the connection to the store was lost: try again"};
    if (conn->link == NULL)
        return;
    for (; conn->count > 0; conn->count--) {
        struct pg_item *item = &conn->queue[conn->first];
        if (item->kind == PG_RUN && item->run != NULL)
            pg_run_move(item->run, PG_RUN_CUT);
        conn->first = (conn->first + 1) % PG_QUEUE;
    }
    pg_errand_leave(conn->cancel);
    conn->cancel = NULL;
    PQfinish(conn->link);
    conn->link = NULL;
    pg_link_move(conn, PG_LINK_LOST);
    conn->is_unsent = conn->is_single = false;
    pg_batch_note(&conn->batch, PG_BATCH_GONE);
    pg_batch_clear(&conn->batch);
    conn->recorded[0] = '\0';
    pg_fail_tx(conn, &lost);
}
