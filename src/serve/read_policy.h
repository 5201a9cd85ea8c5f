// SPDX-License-Identifier: Apache-2.0
// What is done next about a read that has come to an end: the one table of it. docs/ARCHITECTURE.md, "Who
// tries again", shows it to people. Any thread.
#ifndef RECKONER_SERVE_READ_POLICY_H
#define RECKONER_SERVE_READ_POLICY_H

#include "base/err.h"

enum read_place {
    READ_PRIMARY,  // alone on the store itself
    READ_REPLICA,  // alone on a replica of it
    READ_TOGETHER, // in one transaction with other reads, on either of them
    READ_PLACES,
};

enum read_next {
    READ_ENDS,         // the client gets the answer or the error
    READ_AGAIN,        // the same once more on the same handle
    READ_ANEW,         // the same, when the handle has prepared the endpoint anew
    READ_FROM_PRIMARY, // from the beginning on the primary
    READ_ALONE,        // out of the group: from the beginning, by itself, on this worker
    READ_REQUEUE, // the group is given up: its first unanswered read as READ_ALONE, the others by any worker
};

// What follows on `code` at `place`, where the read was tried `tries` times: READ_AGAIN and READ_ANEW are for
// fewer than LIMIT_READ_TRIES.
enum read_next read_next(enum read_place place, enum err_code code, unsigned tries);

#endif
