// SPDX-License-Identifier: Apache-2.0
// Counters of requests, by series: app, method and route template. Each loop counts in cells of its own, one
// for each series and status, which it alone writes; any thread may read them and add them up:
//
//     edition   tally_series (app, method, route) ─► number, which routes of later editions get again
//     loop      tally_count (number, status, …) ─► its own cell: plain loads and stores
//     scrape    tally_read ─► the sums of all loops
//
// Series, statuses of them, and so cells, are bounded: what comes beyond counts as TALLY_OTHER.
#ifndef RECKONER_SERVE_TALLY_H
#define RECKONER_SERVE_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"
#include "base/span.h"

// Series that are always there.
enum {
    TALLY_REFUSED,  // http has refused what came by itself: too large, too slow, or no HTTP
    TALLY_NO_ROUTE, // no endpoint, file or page answered
    TALLY_OTHER,    // of series for which there was no room
    TALLY_FIRST,    // the first number of tally_series
};

// Where an answer came from, of a read that might have been answered by a kept one.
enum tally_cache {
    TALLY_CACHE_NONE,    // of all else: nothing is counted
    TALLY_CACHE_NEAR,    // kept, and found by the loop in what it has answered lately
    TALLY_CACHE_KEPT,    // kept
    TALLY_CACHE_JOINED,  // read for another request that came at the same time
    TALLY_CACHE_MISS,    // read: nothing was kept
    TALLY_CACHE_STALE,   // read: what was kept was of an earlier state
    TALLY_CACHE_REQUEST, // read: the client asked for that
    TALLY_CACHE_BYPASS,  // read: answers like this are not kept
    TALLY_CACHES,        // how many there are
};

// What one request counts.
struct tally_count {
    uint32_t series;         //
    int status;              // 0: the client has gone; counted as 499
    uint64_t ns;             // from its head to its end
    uint64_t sent_bytes;     // of the body of the answer
    uint64_t received_bytes; // of its own body
    enum tally_cache cache;  //
};

struct tally;

// Of so many loops. ERR_NO_MEMORY.
MUST_CHECK enum err_code tally_new(size_t loops, struct tally **ret_tally, struct err *err);

// NULL is fine.
void tally_free(struct tally *tally);

// The number of a series; the same one whenever it is asked for. Texts are copied. TALLY_OTHER without room
// or memory. Any thread.
uint32_t tally_series(struct tally *tally, struct span app, const char *method, struct span route);

// Counts a request that is over. On the thread of that loop, or on the one that frees it.
void tally_count(struct tally *tally, size_t loop, const struct tally_count *count);

// --- what was counted; any thread

// A series' names, valid while the tally lives.
struct tally_names {
    const char *app;    // "" for what is no app's
    const char *method; // likewise
    const char *route;  // as the endpoint declares it; a word without a slash for what is none
};

// One series and status, of all loops.
struct tally_sum {
    uint32_t series;               //
    int status;                    //
    struct histogram_view seconds; //
    uint64_t sent_bytes;           //
    uint64_t received_bytes;       //
};

// The sums of all that was ever counted, in the order of series and statuses, for the caller to mem_free.
// False without memory.
MUST_CHECK bool tally_read(struct tally *tally, struct tally_sum **ret_sums, size_t *ret_count);

// How many requests were ever counted, of all series.
uint64_t tally_total(const struct tally *tally);

// How many series there are: their numbers are less.
size_t tally_series_count(const struct tally *tally);

struct tally_names tally_names(const struct tally *tally, uint32_t series);

// How often answers of the series came from there, of all loops.
uint64_t tally_cache_count(const struct tally *tally, uint32_t series, enum tally_cache cache);

// Requests that found no memory for a cell of their own or of TALLY_OTHER, and were not counted.
uint64_t tally_lost(const struct tally *tally);

#endif
