// SPDX-License-Identifier: Apache-2.0
// Leaders stand in lists by the hashes of their keys, and those that wait in a list of their leader. A lock
// guards some of the lists, with all flights in them; it is held for a walk along one list. Any thread.
#include "cache/flight.h"

#include <assert.h>

#include "base/mem.h"

enum { LISTS = 256 };

struct flight_list {
    pthread_mutex_t lock;
    struct flight *leaders;
};

struct flights {
    struct flight_list lists[LISTS];
};

enum err_code flights_new(struct flights **ret_flights, struct err *err)
{
    struct flights *flights = mem_zalloc(1, sizeof(*flights));
    if (flights == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < LISTS; i++)
        pthread_mutex_init(&flights->lists[i].lock, NULL);
    *ret_flights = flights;
    return ERR_NONE;
}

void flights_free(struct flights *flights)
{
    if (flights == NULL)
        return;
    for (size_t i = 0; i < LISTS; i++)
        pthread_mutex_destroy(&flights->lists[i].lock);
    mem_free(flights);
}

static struct flight_list *list_of(struct flights *flights, const struct flight *flight)
{
    return &flights->lists[flight->key.hash % LISTS];
}

static void link_in(struct flight **first, struct flight *flight)
{
    flight->before = NULL;
    flight->next = *first;
    if (*first != NULL)
        (*first)->before = flight;
    *first = flight;
}

static void take_out(struct flight **first, struct flight *flight)
{
    if (flight->before != NULL)
        flight->before->next = flight->next;
    else
        *first = flight->next;
    if (flight->next != NULL)
        flight->next->before = flight->before;
}

bool flights_board(struct flights *flights, struct flight *flight)
{
    struct flight_list *list = list_of(flights, flight);
    assert(flight->role == FLIGHT_NONE);
    pthread_mutex_lock(&list->lock);
    struct flight *leader = list->leaders;
    while (leader != NULL && !key_equal(&leader->key, &flight->key))
        leader = leader->next;
    bool leads = leader == NULL;
    flight->leader = leader;
    flight->first = NULL;
    flight->begun_ns = 0;
    flight->role = leads ? FLIGHT_LEADS : FLIGHT_WAITS;
    link_in(leads ? &list->leaders : &leader->first, flight);
    pthread_mutex_unlock(&list->lock);
    return leads;
}

struct flight *flights_land(struct flights *flights, struct flight *leader)
{
    struct flight_list *list = list_of(flights, leader);
    assert(leader->role == FLIGHT_LEADS);
    pthread_mutex_lock(&list->lock);
    take_out(&list->leaders, leader);
    struct flight *waited = leader->first;
    for (struct flight *flight = waited; flight != NULL; flight = flight->next)
        flight->role = FLIGHT_NONE;
    leader->first = NULL;
    leader->role = FLIGHT_NONE;
    pthread_mutex_unlock(&list->lock);
    return waited;
}

bool flights_leave(struct flights *flights, struct flight *flight)
{
    struct flight_list *list = list_of(flights, flight);
    pthread_mutex_lock(&list->lock);
    bool waits = flight->role == FLIGHT_WAITS;
    if (waits) {
        take_out(&flight->leader->first, flight);
        flight->role = FLIGHT_NONE;
    }
    pthread_mutex_unlock(&list->lock);
    return waits;
}
