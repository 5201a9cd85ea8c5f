// SPDX-License-Identifier: Apache-2.0
// Counters of the batches of one writer: what became of them, and how long they took. Its lanes' threads
// write it, any thread reads it.
#ifndef RECKONER_BATCH_BATCH_TALLY_H
#define RECKONER_BATCH_BATCH_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"

// What became of a batch: its error; ERR_NONE: it is on disk.
enum {
    BATCH_ROLLED_BACK = ERR_CODES, // a dry run found nothing against it
    BATCH_REPEATED,                // a seal knew its outcome from before
    BATCH_OUTCOMES,                // how many there are
};

struct batch_tally {
    atomic_uint_fast64_t outcomes[BATCH_OUTCOMES]; // batches
    atomic_uint_fast64_t rows;                     // of those that are on disk
    struct histogram seconds;                      // from submission to the end, of all
};

// `outcome` as above.
static inline void batch_tally_count(struct batch_tally *tally, unsigned outcome, uint64_t rows, uint64_t ns)
{
    atomic_fetch_add_explicit(&tally->outcomes[outcome], 1, memory_order_relaxed);
    if (outcome == ERR_NONE)
        atomic_fetch_add_explicit(&tally->rows, rows, memory_order_relaxed);
    histogram_count_shared(&tally->seconds, ns);
}

#endif
