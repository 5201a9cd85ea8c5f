// SPDX-License-Identifier: Apache-2.0
// A list is enough: a key is in from the end of its body to that of its batch, and few batches wait at a
// time. Any thread.
#include "batch/in_flight.h"

#include <string.h>

void in_flight_init(struct in_flight *flights)
{
    flights->first = NULL;
    pthread_mutex_init(&flights->lock, NULL);
}

void in_flight_fini(struct in_flight *flights)
{
    pthread_mutex_destroy(&flights->lock);
}

static bool has(const struct in_flight *flights, const struct in_flight_entry *entry)
{
    for (const struct in_flight_entry *at = flights->first; at != NULL; at = at->next) {
        if (at->service == entry->service && strcmp(at->identity, entry->identity) == 0)
            return true;
    }
    return false;
}

bool in_flight_enter(struct in_flight *flights, struct in_flight_entry *entry)
{
    pthread_mutex_lock(&flights->lock);
    entry->is_in = !has(flights, entry);
    if (entry->is_in) {
        entry->next = flights->first;
        entry->link = &flights->first;
        if (entry->next != NULL)
            entry->next->link = &entry->next;
        flights->first = entry;
    }
    bool is_in = entry->is_in;
    pthread_mutex_unlock(&flights->lock);
    return is_in;
}

void in_flight_leave(struct in_flight *flights, struct in_flight_entry *entry)
{
    if (!entry->is_in)
        return;
    pthread_mutex_lock(&flights->lock);
    *entry->link = entry->next;
    if (entry->next != NULL)
        entry->next->link = entry->link;
    entry->is_in = false;
    pthread_mutex_unlock(&flights->lock);
}
