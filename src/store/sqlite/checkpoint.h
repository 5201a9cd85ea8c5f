// SPDX-License-Identifier: Apache-2.0
// Moving the log into the database, and what of that is counted.
#ifndef RECKONER_STORE_SQLITE_CHECKPOINT_H
#define RECKONER_STORE_SQLITE_CHECKPOINT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/histogram.h"

struct sqlite_conn;

// What a store's connections have moved; any of their threads writes it.
struct sqlite_checkpoints {
    struct histogram seconds;   // of each time
    atomic_uint_fast64_t pages; // of all of them
};

// Has each commit of the connection move the log when that has grown long, without waiting for anybody.
void sqlite_checkpoint_install(struct sqlite_conn *conn);

// Moves what can be moved; `mode` is one of SQLite's. An SQLite result code. On the connection's thread.
int sqlite_checkpoint(struct sqlite_conn *conn, int mode);

#endif
