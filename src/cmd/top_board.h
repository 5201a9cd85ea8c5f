// SPDX-License-Identifier: Apache-2.0
// What `reckoner top` shows, out of the text of /-/metrics: counters as they are, or what they have grown by
// since an earlier text. One thread at a time.
#ifndef RECKONER_CMD_TOP_BOARD_H
#define RECKONER_CMD_TOP_BOARD_H

#include <stddef.h>

#include "base/err.h"
#include "base/histogram.h"
#include "base/span.h"

// An endpoint, or another series of requests.
struct board_route {
    struct span app, method, route;    // as labels have them; borrowed, as all texts
    double buckets[HISTOGRAM_BUCKETS]; // requests that took no longer than each bound
    double requests;                   //
    double failed;                     // of them those with a status of 500 and more
    double sent_bytes;                 //
    double reads;                      // of them those that could be kept
    double kept;                       // … and needed no read of their own
};

struct board_app {
    struct span app;                   //
    double buckets[HISTOGRAM_BUCKETS]; // batches, by their time
    double batches;                    //
    double refused;                    // of them those that were not written
    double rows;                       //
    double queued;                     // batches that wait now
    double oldest_s;                   // age of the oldest of them
    double is_up;                      // 1: its store is there
    double database_bytes, log_bytes;  // of SQLite; 0: there are none
    double connections;                // of PostgreSQL
};

struct board_pool {
    struct span pool;                     //
    double places, busy, long_ones;       // now
    double queued, queued_long, oldest_s; // likewise
    double refused;                       //
};

// The largest numbers of each.
enum { BOARD_POOLS = 8, BOARD_APPS = 64 };

struct board {
    struct board_route *routes; // owned
    size_t route_count;         //
    struct board_app apps[BOARD_APPS];
    size_t app_count;
    struct board_pool pools[BOARD_POOLS];
    size_t pool_count;
    struct span version;
    double is_ready;                     // 1 or 0
    double start_s;                      // since 1970
    double cpu_s;                        //
    double memory_bytes;                 //
    double connections, connections_max; //
    double cache_bytes, cache_max_bytes; //
    double dropped_lines;                // of logs
};

// Reads the text, which is borrowed. ERR_NO_MEMORY; ERR_MALFORMED where it is not of Reckoner.
MUST_CHECK enum err_code board_read(struct span text, struct board *ret_board, struct err *err);

// Frees. A zeroed one is fine.
void board_fini(struct board *board);

// Takes off all counters what they were before. A server that was started meanwhile stays as it is.
void board_subtract(struct board *board, const struct board *before);

// All routes together.
struct board_route board_total(const struct board *board);

// The time in seconds that a share of what a histogram has took at most, as between bounds it is thought to
// be spread evenly; 0: there is none.
double board_quantile(const double buckets[HISTOGRAM_BUCKETS], double share);

#endif
