// SPDX-License-Identifier: Apache-2.0
// The state of a connection's transaction, which all files of the driver go by. What is said to the server
// about it is tx.c's. The connection's thread.
#include "store/postgresql/conn.h"

#include <assert.h>

#define TO(state) (1U << (state))

static const unsigned allowed[] = {
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
    assert((allowed[conn->tx] & TO(to)) != 0);
    conn->tx = to;
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
