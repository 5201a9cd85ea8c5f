// SPDX-License-Identifier: Apache-2.0
// What a store tells operators of itself: numbers that are in memory anyhow. Any thread may ask, and the
// answer waits neither for the disk nor for the database.
#ifndef RECKONER_STORE_STATS_H
#define RECKONER_STORE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "store/store.h"

struct store_stats {
    bool has_log;                      // of a file of SQLite that is watched; else the next five are 0
    uint64_t database_bytes;           // as the last commit has left it
    uint64_t log_bytes;                // of the log that are in use
    uint64_t log_moved_bytes;          // of them, in the database already
    uint64_t checkpoint_pages;         // that this process has moved from the log into the database
    struct histogram_view checkpoints; // how long that took, each time

    bool has_connections; // of a database by a network; else the next three are 0
    size_t readers;       // connections that were made for reading, and are not closed
    size_t writers;       // likewise for writing
    uint64_t asked_ns;    // monotonic: when the last question about versions was sent that was answered; 0:
                          // the database does not answer
};

// *ret_stats is filled.
void store_stats(struct store *store, struct store_stats *ret_stats);

#endif
