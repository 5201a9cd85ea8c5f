// SPDX-License-Identifier: Apache-2.0
// Whom a server trusts at the moment, as that may change while it runs. Loops hold what they have seen last,
// and learn by one atomic load whether it is still that.
#ifndef RECKONER_HTTP_TRUSTED_H
#define RECKONER_HTTP_TRUSTED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/err.h"
#include "http/trust.h"

struct trusted_edition; // one of them; immutable and counted

// The place where it is found.
struct trusted {
    pthread_mutex_t lock;            // guards `current`; held for some instructions
    struct trusted_edition *current; // a reference; NULL: nobody is trusted
    atomic_uint number;              // of `current`; raised by each change
};

// What one loop holds; a zeroed one is as a new struct trusted is.
struct trusted_held {
    struct trusted_edition *edition; // a reference
    unsigned number;                 // of it
};

void trusted_init(struct trusted *trusted);

// When no loop holds anything any more.
void trusted_fini(struct trusted *trusted);

// From here on `trust` counts, which is copied; NULL: nobody is trusted. ERR_NO_MEMORY: it stays as it was.
// Any thread.
MUST_CHECK enum err_code trusted_set(struct trusted *trusted, const struct trust *trust, struct err *err);

// What counts now, valid until the next call for `held`; NULL: nobody is trusted. On the loop of `held`.
const struct trust *trusted_now(struct trusted *trusted, struct trusted_held *held);

// Lets go.
void trusted_let_go(struct trusted_held *held);

#endif
