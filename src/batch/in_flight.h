// SPDX-License-Identifier: Apache-2.0
// The keys of batches that are under way in this process, so that a repeat of one of them is not sent to the
// writer beside it. Any thread.
#ifndef RECKONER_BATCH_IN_FLIGHT_H
#define RECKONER_BATCH_IN_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

// Zeroed but for its lock, it is empty.
struct in_flight {
    pthread_mutex_t lock;          // guards the list
    struct in_flight_entry *first; // of those that are in
};

// Part of its owner's, which leaves before that goes. Zeroed it is not in.
struct in_flight_entry {
    size_t service;                // the app's number
    const char *identity;          // borrowed; of the key (repeat.h)
    bool is_in;                    //
    struct in_flight_entry *next;  // the rest is the list's
    struct in_flight_entry **link; //
};

void in_flight_init(struct in_flight *flights);
void in_flight_fini(struct in_flight *flights);

// Lets it in; false when there is one of the same identity.
MUST_CHECK bool in_flight_enter(struct in_flight *flights, struct in_flight_entry *entry);

// Harmless when it is not in.
void in_flight_leave(struct in_flight *flights, struct in_flight_entry *entry);

#endif
