// SPDX-License-Identifier: Apache-2.0
// Batches sent to a writer by a test, and the test's way to know when they were told. What can only be the
// test's own mistake fails the test here.
#ifndef RECKONER_TEST_BATCH_SENDING_H
#define RECKONER_TEST_BATCH_SENDING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "batch/writer.h"

// Batches that the test waits for, and a gate that keeps the writer's thread busy while others queue up.
struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int told;        // batches that were told; under lock
    bool is_closed;  // the gate; under lock
    char order[200]; // names of the batches in order of being told; under lock
    long fail_after; // set on the writer's thread by a batch named "!"
};

struct sent {
    struct batch batch; // first
    struct waiting *waiting;
    char name[2];
    bool at_gate; // waits at the gate when it is told
};

struct waiting new_waiting(void);

// Returns when so many batches were told.
void wait_for(struct waiting *waiting, int told);
void set_gate(struct waiting *waiting, bool is_closed);

// Makes a batch for POST /t of `app`, with no rows yet; it is named by one letter, and "g" waits at the gate
// when it is told.
void make_batch(struct sent *sent, struct waiting *waiting, struct app *app, const char *name);

// Adds a row: `id` in the last field, null in the others.
void add_row(struct sent *sent, int64_t id);
void submit(struct writer *writer, struct sent *sent);

// All three, with one row.
void send(struct writer *writer, struct sent *sent, struct waiting *waiting, struct app *app,
    const char *name, int64_t id);

// That it was written, and answered 201 with these bytes.
void assert_answer(const struct sent *sent, const char *expected);

void sent_fini(struct sent *sent, size_t count);

#endif
