// SPDX-License-Identifier: Apache-2.0
// An event loop (libuv) on a thread of its own, with a mailbox through which other threads reach it.
#ifndef RECKONER_NET_LOOP_H
#define RECKONER_NET_LOOP_H

#include <uv.h>

#include "base/err.h"

struct loop;

// A message to a loop, embedded in what it is about. The sender owns it until loop_post, the loop until
// deliver is called.
struct mail {
    struct mail *next;              // the mailbox's own
    void (*deliver)(struct mail *); // called on the loop's thread
};

// A loop that does not run yet. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code loop_new(struct loop **ret_loop, struct err *err);

// Starts the loop's thread, on which all signals are blocked. ERR_IO.
MUST_CHECK enum err_code loop_start(struct loop *loop, struct err *err);

// Ends the loop and waits for its thread. Mail posted before is delivered; handles that are still open then
// are closed without a callback, so their owners close them first where that matters. Does nothing to a loop
// that has ended; one that never ran is ended likewise, on the calling thread. Not on a loop's own thread.
void loop_stop(struct loop *loop);

// Stops and frees a loop; mail posted since it ended is delivered first, on the calling thread. NULL is fine.
void loop_free(struct loop *loop);

// Hands a message over; it is delivered in order of posting. Any thread, until loop_free; never blocks, never
// fails.
void loop_post(struct loop *loop, struct mail *mail);

// The libuv loop, for handles of this loop's thread (or before loop_start).
uv_loop_t *loop_uv(struct loop *loop);

// A pointer of the owner's, for what each loop has to itself; NULL at first. Set before loop_start, then for
// any thread to read.
void loop_set_user(struct loop *loop, void *user);
void *loop_user(const struct loop *loop);

// The number of the turn that the loop is in, from one wait to the next. On its thread.
uint64_t loop_turn(const struct loop *loop);

// Runs `fn(ctx)` on this loop's thread at the end of each of its turns, before it waits again: when all mail,
// reads and timers that came together have been seen to, so that answers which became ready in one go are
// written in one go. One hook a loop; set before loop_start, NULL takes it away.
void loop_after_turn(struct loop *loop, void (*fn)(void *ctx), void *ctx);

#endif
