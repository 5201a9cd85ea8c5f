// SPDX-License-Identifier: Apache-2.0
// The states of a connection's link, of its transaction and of its table batch, which all files of the driver
// go by. It says nothing to the server: links are session.c's, transactions tx.c's, the table batch.c's. The
// connection's thread.
#include "store/postgresql/conn.h"

#include <assert.h>

#define TO(state) (1U << (state))

static const unsigned link_moves[] = {
    [PG_LINK_LOST] = TO(PG_LINK_OPENED),
    [PG_LINK_OPENED] = TO(PG_LINK_PIPELINED) | TO(PG_LINK_LOST),
    [PG_LINK_PIPELINED] = TO(PG_LINK_COPYING) | TO(PG_LINK_LOST),
    [PG_LINK_COPYING] = TO(PG_LINK_PIPELINED) | TO(PG_LINK_LOST),
};

void pg_link_move(struct pg_conn *conn, enum pg_link to)
{
    assert((link_moves[conn->link_state] & TO(to)) != 0);
    conn->link_state = to;
}

static const unsigned tx_moves[] = {
    [PG_TX_NONE] = TO(PG_TX_OPEN),
    [PG_TX_OPEN] = TO(PG_TX_SENT) | TO(PG_TX_DEAD) | TO(PG_TX_NONE),
    [PG_TX_SENT] = TO(PG_TX_ENDED) | TO(PG_TX_FAILED) | TO(PG_TX_NONE),
    [PG_TX_ENDED] = TO(PG_TX_SENT) | TO(PG_TX_DEAD) | TO(PG_TX_NONE),
    [PG_TX_FAILED] = TO(PG_TX_SENT) | TO(PG_TX_DEAD) | TO(PG_TX_ASKED) | TO(PG_TX_NONE),
    [PG_TX_DEAD] = TO(PG_TX_FAILED) | TO(PG_TX_NONE),
    [PG_TX_ASKED] = TO(PG_TX_FAILED) | TO(PG_TX_NONE),
};

void pg_tx_move(struct pg_conn *conn, enum pg_tx to)
{
    assert((tx_moves[conn->tx] & TO(to)) != 0);
    conn->tx = to;
}

void pg_batch_note(struct pg_batch *batch, enum pg_batch_event event)
{
    static const enum pg_batch_state next[][PG_BATCH_FILLED + 1] = {
        [PG_BATCH_MADE] = {PG_BATCH_EMPTY, PG_BATCH_EMPTY, PG_BATCH_EMPTY},
        [PG_BATCH_WAS_FILLED] = {PG_BATCH_UNKNOWN, PG_BATCH_FILLED, PG_BATCH_FILLED},
        [PG_BATCH_KEPT] = {PG_BATCH_UNKNOWN, PG_BATCH_EMPTY, PG_BATCH_EMPTY},
        [PG_BATCH_GONE] = {PG_BATCH_UNKNOWN, PG_BATCH_UNKNOWN, PG_BATCH_UNKNOWN},
    };
    batch->state = next[event][batch->state];
}

void pg_batch_clear(struct pg_batch *batch)
{
    buf_clear(&batch->rows);
    batch->row_count = 0;
}

void pg_tx_sent(struct pg_conn *conn)
{
    if (conn->tx == PG_TX_OPEN || conn->tx == PG_TX_ENDED)
        pg_tx_move(conn, PG_TX_SENT);
    else if (conn->tx == PG_TX_DEAD)
        pg_tx_move(conn, PG_TX_FAILED);
}

void pg_tx_ended(struct pg_conn *conn)
{
    if (conn->tx == PG_TX_SENT)
        pg_tx_move(conn, PG_TX_ENDED);
    else if (conn->tx == PG_TX_FAILED)
        pg_tx_move(conn, PG_TX_DEAD);
}

void pg_fail_tx(struct pg_conn *conn, const struct err *err)
{
    if (!pg_tx_is_open(conn))
        return;
    pg_tx_move(conn, conn->tx == PG_TX_SENT ? PG_TX_FAILED : PG_TX_DEAD);
    conn->failure = *err;
}

void pg_deadline(struct store_conn *base, uint64_t monotonic_ns)
{
    pg_conn(base)->deadline_ns = monotonic_ns;
}

void pg_interrupt_when(struct store_conn *base, const atomic_bool *flag)
{
    pg_conn(base)->interrupt = flag;
}
