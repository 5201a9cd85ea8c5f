// SPDX-License-Identifier: Apache-2.0
// The size of the log (-wal).
#ifndef RECKONER_STORE_SQLITE_LOG_BOUND_H
#define RECKONER_STORE_SQLITE_LOG_BOUND_H

struct sqlite_conn;

// Makes the log begin again at its start when it has become larger than LIMIT_WAL_BYTES. Waits for reads that
// need what is in it, LIMIT_WAL_WAIT_MS at most; when it is in vain, the log grows on for a while. Before a
// transaction that writes.
void sqlite_log_bound(struct sqlite_conn *conn);

#endif
