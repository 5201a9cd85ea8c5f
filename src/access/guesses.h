// SPDX-License-Identifier: Apache-2.0
// How many credentials that nobody has came from each peer lately. After LIMIT_GUESSES of them a peer is told
// to wait, LIMIT_GUESS_MS for each one more. What is right passes at all times, so who shares an address with
// somebody who guesses is not shut out. Any thread; it takes a lock, but only for what was refused.
#ifndef RECKONER_ACCESS_GUESSES_H
#define RECKONER_ACCESS_GUESSES_H

#include <stdint.h>

#include "base/err.h"
#include "http/address.h"

struct guesses;

MUST_CHECK enum err_code guesses_new(struct guesses **ret_guesses, struct err *err);

// NULL is fine.
void guesses_free(struct guesses *guesses);

// Counts a wrong credential of that peer, at a moment of the monotonic clock. 0: it is one of those that a
// peer may have; else the seconds, rounded up, after which it may have the next one, and this one does not
// count.
unsigned guesses_count(struct guesses *guesses, const struct origin *origin, uint64_t now_ns);

// Takes one back that guesses_count has counted: it turned out to be right.
void guesses_take_back(struct guesses *guesses, const struct origin *origin);

#endif
