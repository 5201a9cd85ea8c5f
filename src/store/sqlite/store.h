// SPDX-License-Identifier: Apache-2.0
// A store on SQLite: one file, or one connection's memory. Its functions are those of the driver (store.c).
#ifndef RECKONER_STORE_SQLITE_STORE_H
#define RECKONER_STORE_SQLITE_STORE_H

#include <stdatomic.h>

#include "store/driver.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/place.h"
#include "store/sqlite/resident.h"
#include "store/sqlite/versions.h"

struct sqlite_store {
    struct store base;       // first: &store->base is the store of store/store.h
    char *path;              // owned; as given
    char *still_uri;         // owned; of still.h: how SQLite is told that nobody writes; else NULL
    bool in_memory;          // ":memory:"
    atomic_bool connected;   // in_memory only: its one connection is there
    struct store_conn *last; // owned; held until store_close, so that the file is checkpointed and its -wal
                             // removed then, whichever reader or writer goes first. NULL in memory.
    struct sqlite_versions versions;       // of all tables
    struct sqlite_place place;             // of the files, once `last` has them open; empty in memory
    struct sqlite_resident resident;       // of the same; opened when the store is watched
    struct sqlite_checkpoints checkpoints; // of all connections
    struct store_recovery recovery;        // what `last` has found; zeroed: nothing; set once
    atomic_bool is_in_doubt;               // a failed commit may be in the file after all: see vfs.h
};

static inline struct sqlite_store *sqlite_store(struct store *store)
{
    return CONTAINER_OF(store, struct sqlite_store, base);
}

#endif
