// SPDX-License-Identifier: Apache-2.0
// A transaction of a lane under way, and the batches that share it. On the lane's thread. Private to the
// lane's files.
#ifndef RECKONER_BATCH_GROUP_H
#define RECKONER_BATCH_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/report.h"
#include "base/err.h"
#include "batch/lane.h"
#include "batch/slowest.h"
#include "batch/writer.h"

// How a transaction gets to where batches write.
enum entry {
    ENTRY_IN_TURN,  // it has its turn from the beginning
    ENTRY_STAGED,   // its first batch is staged, then it takes its turn
    ENTRY_PARALLEL, // without a turn
};

// Whether a group is under way, and how it ended:
//
//     OPEN ─┬─ COMMIT ────────────────────────────────────► COMMITTED
//           ├─ COMMIT fails ──────────────────────────────► LOST_AT_COMMIT
//           ├─ its first batch fails before it has a turn ► REFUSED
//           ├─ it cannot begin: somebody has the lock ────► LOCKED
//           └─ anything else ─────────────────────────────► LOST
//
// Of all but COMMITTED nothing is on disk; of that what has not failed by itself is.
enum group_state {
    GROUP_OPEN,
    GROUP_COMMITTED,
    GROUP_LOST_AT_COMMIT,
    GROUP_REFUSED, // it has no other batch, and that one has its own error
    GROUP_LOCKED,
    GROUP_LOST,
};

// A transaction, and the batches that share it.
struct group {
    struct lane *lane;      // that writes it
    enum group_state state; //
    struct batch *first;    // its batches, in order
    struct batch *last;     // of them
    size_t count;           // of them
    size_t rows;            // of all of them
    bool has_writes;        // one of them goes in with the commit
    bool has_rolled_back;   // one of them ended well and does not
    enum entry entry;       //
    bool has_turn;          // the one of the lanes
    bool is_staged;         // the first one is in the table batch, and its early checks have passed
    uint64_t staging_ns;    // how long the staging took
    uint64_t took_ns;       // how long its latest batch has run
    struct report warnings; // of the first one's early checks; owned
    struct slowest slowest; // of its statements
    struct batch *culprit;  // the one that has ended the transaction with its own failure; NULL: none has
    bool ends_draft;        // the store is a draft, and this is more
    struct err err;         // why it is lost or locked; none where a batch has that as its own error
};

// Puts a batch behind those of the group.
void group_add(struct group *group, struct batch *batch);

// Runs one transaction, from BEGIN to its end, with all prepared that its first batch needs; group->err tells
// how it went. `takes_more`: it takes in what waits behind the first one.
void group_write(struct group *group, bool takes_more);

#endif
