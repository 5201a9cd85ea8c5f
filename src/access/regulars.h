// SPDX-License-Identifier: Apache-2.0
// The clients that a loop has let in lately, by what they showed: so a client that asks again and again is
// found without the check sum, the digest and the look-up of its key. What a client showed is not kept, only
// its SipHash by a key of the process. Of one loop.
#ifndef RECKONER_ACCESS_REGULARS_H
#define RECKONER_ACCESS_REGULARS_H

#include <stddef.h>
#include <stdint.h>

#include "access/client.h"
#include "access/key_ring.h"
#include "base/err.h"

struct regulars;

// What stands for a text.
struct regular_mark {
    uint64_t words[2];
};

// ERR_NO_MEMORY; ERR_IO where the system has no random numbers.
MUST_CHECK enum err_code regulars_new(struct regulars **ret_regulars, struct err *err);

// NULL is fine.
void regulars_free(struct regulars *regulars);

// The mark of a text, for the other two.
struct regular_mark regulars_mark(const struct regulars *regulars, struct span text);

// The client of that service who showed it and was found in this ring; NULL: none is known. Its time may be
// over.
struct client *regulars_find(const struct regulars *regulars, const struct regular_mark *mark,
    const struct key_ring *ring, size_t service);

// Notes a client of the ring, which need not outlive the call.
void regulars_note(struct regulars *regulars, const struct regular_mark *mark, const struct key_ring *ring,
    size_t service, struct client *client);

#endif
