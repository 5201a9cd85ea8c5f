// SPDX-License-Identifier: Apache-2.0
// Answers in memory that wait for their clients, and the bound of what they take together: past it the
// connections that hold most are closed, so that a client with a small answer is not the one who pays for
// those who ask for much and take nothing. On the lane's thread.
//
// The bound. At the end of each of its loop's turns a lane adds what its bytes have changed by to the sum of
// the process. Then, while the sum is over `max_bytes` and the lane's part of it over `share_bytes`, which is
// max_bytes by the number of lanes, it closes connections (lane_run.c). When the sum is over, some lane is
// over its share, and it has a turn at its next tick at the latest; a lane that is not adds its share at
// most. So the sum is max_bytes again after a tick, and under 2 * max_bytes always. Not in it are the answers
// that come within one turn: those of requests that were under way, which whoever runs them has a bound for.
// Answers from files are not either (lane_claim_file).
#ifndef RECKONER_HTTP_BACKLOG_H
#define RECKONER_HTTP_BACKLOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct connection;
struct http_exchange;
struct lane;

// Of all lanes.
struct backlog_budget {
    atomic_size_t bytes; // heads and bodies that waited at the end of each lane's last turn; any thread
    size_t max_bytes;    // fixed
    size_t share_bytes;  // of a lane; fixed
};

// Of a lane.
struct backlog {
    size_t bytes;      // heads and bodies that wait now
    size_t told_bytes; // of those, what the budget knows of
};

// The exchange is answered from memory: its head and body wait.
void backlog_add(struct http_exchange *exchange);

// They do no longer, as they were taken or given up. Fine when none were added.
void backlog_remove(struct http_exchange *exchange);

// Tells the budget what has changed since the last time.
void backlog_tell(struct lane *lane);

// Whether the lane has to close connections: there is too much by what all lanes have told, and more than its
// share is its own.
bool backlog_is_over(const struct lane *lane);

// The connection that holds most, of a lane that holds anything. Closing it gives its answers up.
struct connection *backlog_largest(const struct lane *lane);

#endif
