// SPDX-License-Identifier: Apache-2.0
// One loop's share of a server: its connections, and what they use in common. Everything here is of the
// loop's thread, but for what says otherwise.
#ifndef RECKONER_HTTP_LANE_H
#define RECKONER_HTTP_LANE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "http/backlog.h"
#include "http/body.h"
#include "http/parse.h"
#include "http/server.h"
#include "http/trusted.h"
#include "net/loop.h"
#include "text/date.h"

struct connection;
struct lane;

// What the lanes of a server share. Outlives them.
struct lane_shared {
    const struct http_handler *handler;         // borrowed; fixed
    struct http_limits limits;                  // fixed
    struct budget budget;                       // of bodies; any thread
    struct backlog_budget backlog_budget;       // of answers that wait
    size_t max_files;                           // past it no claim that may fail is granted; fixed
    atomic_size_t files;                        // answers from files that are under way; any thread
    atomic_size_t open;                         // connections from accept to close; any thread
    struct trusted trusted;                     // proxies
    void (*on_lane_drained)(struct lane *lane); // on the lane's thread, once
    atomic_size_t unsafe; // requests that are not safe, until they are answered; any thread
    // While it is true, connections go to another process, one by one as they get idle. Any thread.
    atomic_bool is_moving;
    // Gives one away, whose socket is closed here afterwards; false: it stays. On the lane's thread.
    bool (*give)(struct lane_shared *shared, struct connection *connection);
};

enum { LANE_NO_SLOT = UINT32_MAX };

// A place in the table of connections. A ref names it with its generation.
struct slot {
    struct connection *connection; // NULL when free
    uint32_t generation;           // raised when a connection leaves
    uint32_t next_free;            // the next free place, when free; LANE_NO_SLOT at the end
};

struct lane {
    struct lane_shared *shared; // borrowed
    struct loop *loop;          // borrowed
    uv_timer_t tick;            // runs while connections are open; looks at their deadlines

    struct slot *slots;      // owned
    uint32_t slot_count;     // slots that exist
    uint32_t free_slot;      // first of the free ones, or LANE_NO_SLOT
    size_t open;             // connections not yet closed by libuv
    bool draining;           // each connection ends with its next answer
    bool moving;             // or, rather, goes to another process behind it
    bool drained;            // nothing is open any more, and the tick is closed
    bool ended;              // the loop has
    uint64_t grace_until_ms; // uv_now until which idle connections stay open then
    uint64_t drain_until_ms; // likewise what runs is let run
    uint64_t close_at_ms;    // likewise everything is closed
    uint64_t tick_ms;        // uv_now of the last tick
    bool was_late;           // it came late, and no deadlines were looked at

    struct trusted_held trusted;  // what of the server's proxies this lane has seen last
    struct backlog backlog;       // answers that wait for their clients
    struct connection *touched;   // those that need a turn before the loop waits again
    size_t touched_count;         // how many
    struct http_exchange *spare;  // free exchanges, for the next requests
    size_t spare_count;           // how many
    struct http_parser parser;    // for heads that come whole; fresh between reads
    uint64_t date_until_ms;       // lane_now_ms until which `date` is of this second; 0: it is not made
    char date[DATE_HTTP_CHARS];   // for Date fields
    _Atomic(uint64_t) writes;     // attempts to write to a socket; read by any thread
    struct mail drain_mail;       // the server's way to this lane
    struct mail drained_mail;     // the way back
    struct mail move_mail;        // tells that is_moving has changed
    atomic_bool is_move_posted;   // it is on its way; any thread
    char bytes[LIMIT_READ_BYTES]; // what was just read, of any connection
};

// Gives a connection its place; false without memory.
MUST_CHECK bool lane_enter(struct lane *lane, struct connection *connection);

// Takes its place away: refs to its exchanges lead nowhere from here on.
void lane_leave(struct lane *lane, struct connection *connection);

// A connection that entered is closed for good; it is freed next.
void lane_forget(struct lane *lane);

// The connection at a place, or NULL when it has left.
struct connection *lane_find(struct lane *lane, uint32_t slot, uint32_t generation);

// Have connection_turn called before the loop waits again. lane_untouch takes that back.
void lane_touch(struct lane *lane, struct connection *connection);
void lane_untouch(struct lane *lane, struct connection *connection);

// Counts one more answer from a file; false, and it is not counted, when max_files are under way and it may
// fail. lane_drop_file frees the file of such an answer, which counts no longer.
MUST_CHECK bool lane_claim_file(struct lane *lane, bool may_fail);
void lane_drop_file(struct lane *lane, struct http_file *file);

// The Date of the loop's turn, formatted once a second.
const char *lane_date(struct lane *lane);

// Milliseconds of the loop's clock, read once a turn.
uint64_t lane_now_ms(const struct lane *lane);

// One more attempt to write.
void lane_count_write(struct lane *lane);

#endif
