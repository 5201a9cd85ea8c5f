// SPDX-License-Identifier: Apache-2.0
// A thread that follows something in a store: while that is wanted, it asks the store at a pace, on a read
// connection of the thread's own. Each store has a keeper of its own, so that one that is silent holds up no
// other.
//
//     keeper_new ─ keeper_start ─ keeper_want … ─ keeper_end ─ keeper_free
//
// It connects when it is wanted first, and disconnects when it is not wanted any more. Then it sleeps.
#ifndef RECKONER_ACCESS_KEEPER_H
#define RECKONER_ACCESS_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct keeper;

// A question for what is known by now; embedded in whom it is of, and lent until on_round.
struct keeper_question {
    // Called once, on any thread, when a round that began after the question has ended, well or not, or the
    // keeper ends; it must not wait.
    void (*on_round)(struct keeper_question *question);
    uint64_t call;                // the keeper's own, as next: the round that it waits for
    struct keeper_question *next; //
};

struct keeper_options {
    struct store *store;  // borrowed
    uint64_t pace_ms;     // between the beginnings of two rounds
    uint64_t patience_ms; // the statements of one round; later ones end with ERR_TIMEOUT
    void *ctx;            // handed to the functions; borrowed

    // A round: asks the store. After an error it is called again with the next one. On the keeper's thread.
    enum err_code (*ask)(void *ctx, struct store_conn *conn, struct err *err);

    // Called when asking fails that did not before, and with `err` NULL when it works again. On the keeper's
    // thread.
    void (*tell)(void *ctx, const struct err *err);
};

// Makes one that is not wanted, without its thread. ERR_NO_MEMORY.
MUST_CHECK enum err_code keeper_new(
    const struct keeper_options *options, struct keeper **ret_keeper, struct err *err);

// Starts its thread. ERR_IO.
MUST_CHECK enum err_code keeper_start(struct keeper *keeper, struct err *err);

// Whether it is wanted; the next round then begins at once. Any thread.
void keeper_want(struct keeper *keeper, bool is_wanted);

// Has a round done at once; question->on_round is called behind it. Any thread, a loop too.
void keeper_ask(struct keeper *keeper, struct keeper_question *question);

// Has a round done at once, and waits until it, which begins after the call, has ended: true. False when it
// takes longer than `wait_ms`, or the keeper ends. On a thread that may wait.
bool keeper_wait(struct keeper *keeper, uint64_t wait_ms);

// Ends the thread, interrupting what it asks. The store is still open. Does nothing to a keeper that has
// not been started or has ended.
void keeper_end(struct keeper *keeper);

// Ends and frees. NULL is fine.
void keeper_free(struct keeper *keeper);

#endif
