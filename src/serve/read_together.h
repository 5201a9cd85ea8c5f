// SPDX-License-Identifier: Apache-2.0
// Reads of one app, one edition and one handle that a worker does in one transaction: it asks for all of them
// before the first is answered, so that a store on another machine costs them one round trip together. A
// read that does not succeed there is left for read_alone.
#ifndef RECKONER_SERVE_READ_TOGETHER_H
#define RECKONER_SERVE_READ_TOGETHER_H

#include "serve/handles.h"
#include "serve/reading.h"

struct replica;

struct seat {
    struct reading reading; //
    struct plan *usual; // the handle's for the endpoint, of seat 0, which counts how quick the endpoint is
    const struct dependence *dependence; // of the answer; NULL: it is not kept
    struct plan *plan;                   // the seat's own, which is asked; NULL: it could not be asked
};

struct read_group {
    const struct handles *handles;   // borrowed
    struct replica *replica;         // that is asked; NULL: the primary is
    struct handle *handle;           // on either of them
    struct seat seats[HANDLE_SEATS]; // in the order in which their requests came
    size_t count;                    // of the seats that are taken
    size_t counted;                  // the seat for which the worker's time counts: the first, or who is slow
};

// A group with one read, for which it chooses the handle.
void read_group_init(struct read_group *group, const struct handles *handles, struct request *request);
void read_group_fini(struct read_group *group);

// Takes along the requests that wait for a worker and may be read together with the first, and reads them if
// there are any. It sends back those that succeed and those whose clients have gone, and puts those back into
// the queue that another worker should read; of them `request` is NULL then. On the worker's thread.
void read_together(struct read_group *group);

#endif
