// SPDX-License-Identifier: Apache-2.0
// What has become of a connection's transaction, as all files of the driver see it. The connection's thread.
#include "store/postgresql/conn.h"

void pg_deadline(struct store_conn *base, uint64_t monotonic_ns)
{
    pg_conn(base)->deadline_ns = monotonic_ns;
}

void pg_fail_tx(struct pg_conn *conn, const struct err *err)
{
    if (conn->tx != PG_OPEN)
        return;
    conn->tx = PG_FAILED;
    conn->failure = *err;
}
