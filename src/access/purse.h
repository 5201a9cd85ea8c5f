// SPDX-License-Identifier: Apache-2.0
// What one account has of one allowance: counted here, or, where nodes share a store, by the database, which
// gives rations of it.
//
//     counted here    tat_ns
//     shared          units until until_ns ─ spent, or over ─► ASK ─► the database ─┬─ purse_fill ─► units
//                                                                                   └─ none left ─►
//                                                                                   refused_ns
//
// Any thread, by atomic operations; only what is said so is of the one thread that fills it (rations.c).
#ifndef RECKONER_ACCESS_PURSE_H
#define RECKONER_ACCESS_PURSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "access/gcra.h"

enum admission {
    ADMITTED, // what was wanted is taken, or there is enough of it
    REFUSED,  // nothing was taken
    ASK,      // likewise: this node has to ask the database for more (rations.h), and then to try again
};

struct purse {
    atomic_uint_fast64_t kind;      // purse_kind of its allowance; 0: of none yet
    atomic_int_fast64_t tat_ns;     // monotonic; shared: as the database told last, its ration taken
    atomic_int_fast64_t units;      // shared: of the ration that are left; less than 0: used beyond it
    atomic_int_fast64_t until_ns;   // shared: monotonic; the end of the ration
    atomic_int_fast64_t refused_ns; // shared: until then the database is not asked again, as it had none
    int64_t granted;                // the filler's: units of the ration when it was new
    uint64_t filled_kind;           // likewise: `kind` at that time, as a purse can be given another one
    struct gcra_rate rate;          // likewise: of its allowance, when it was filled last
    bool is_asked;                  // likewise: it is in the question that is being made
};

// Of an allowance: what it is of, and its window. Not 0.
uint64_t purse_kind(unsigned of, uint32_t window_s);
uint32_t purse_kind_window_s(uint64_t kind);

// Takes a unit; `is_look`: only finds out whether there is one. REFUSED: *ret_wait_ns is how long.
enum admission purse_take(struct purse *purse, const struct gcra_rate *rate, bool is_shared, bool is_look,
    int64_t now_ns, int64_t *ret_wait_ns);

// Gives the unit of purse_take back.
void purse_give_back(struct purse *purse, const struct gcra_rate *rate, bool is_shared);

// What was used without asking.
void purse_charge(
    struct purse *purse, const struct gcra_rate *rate, bool is_shared, uint64_t units, int64_t now_ns);

// The units that are left, and how long until there is one more; 0: all are there. A shared one tells what
// the database had at the last question, which is a ration's life old at most, and this node's ration.
uint64_t purse_left(const struct purse *purse, const struct gcra_rate *rate, bool is_shared, int64_t now_ns,
    int64_t *ret_more_ns);

// --- of a shared one, on the thread that fills it

// Whether the ration is over, or has nothing left.
bool purse_is_out(const struct purse *purse, int64_t now_ns);

// Takes out what is there, to be settled with the database: units to be given back, or, less than 0, to be
// charged. *ret_spent: of the last ration, what was used of it and beyond.
int64_t purse_empty(struct purse *purse, int64_t *ret_spent);

// What the database has answered: a ration of `granted` units for life_ns, with which its tat is `ahead_ns`
// before us. None, though some were wanted: it is not asked again for rest_ns at most.
void purse_fill(struct purse *purse, const struct gcra_rate *rate, int64_t granted, int64_t ahead_ns,
    int64_t life_ns, int64_t rest_ns, int64_t now_ns);

// It has not answered: what purse_empty took out is charged next time; what was to be given back is lost.
void purse_restore(struct purse *purse, int64_t units);

#endif
