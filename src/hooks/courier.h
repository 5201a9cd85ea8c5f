// SPDX-License-Identifier: Apache-2.0
// The thread that sends the hooks of one app: what the outbox has, to the URLs of the app in force. Each is
// sent at least once; in which order is not said.
#ifndef RECKONER_HOOKS_COURIER_H
#define RECKONER_HOOKS_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/err.h"
#include "base/teller.h"
#include "batch/writer.h"
#include "hooks/hook_secrets.h"
#include "hooks/hook_store.h"
#include "store/store.h"

struct courier;

struct courier_options {
    struct store *store;           // borrowed, as the next two
    struct writer *writer;         //
    void *ctx;                     // handed to the functions, which are called on the courier's thread
    struct app *(*app)(void *ctx); // a reference to the app as it is in force
    struct hook_secrets *(*secrets)(void *ctx); // likewise
    struct teller log;                          // on the courier's thread
};

// Connects its desk, and starts the thread. ERR_NO_MEMORY, ERR_IO; errors of store_connect.
MUST_CHECK enum err_code courier_new(
    const struct courier_options *options, struct courier **ret_courier, struct err *err);

// There may be something to send. Any thread, as all below but courier_free.
void courier_wake(struct courier *courier);

// While it rests it takes nothing; what it has taken it goes on with.
void courier_rest(struct courier *courier, bool rests);

struct courier_stats {
    struct hook_counts counts; // at the last count, within LIMIT_HOOK_COUNT_MS or so
    int64_t now_ms;            // the database's clock then; 0: there was none yet
    size_t under_way;          // that this process has taken and not settled
    uint64_t delivered;        // by this process
    uint64_t failed;           // tries
    uint64_t given_up;         //
};

struct courier_stats courier_stats(struct courier *courier);

// Whether hooks wait or are under way, as far as it knows.
bool courier_is_waiting(struct courier *courier);

// Has the thread end: what is under way may be answered for LIMIT_HOOK_END_MS. Waits until that is settled,
// or until `until_ns` of the monotonic clock.
void courier_end(struct courier *courier, uint64_t until_ns);

// When the writer does nothing more. NULL is fine.
void courier_free(struct courier *courier);

#endif
