// SPDX-License-Identifier: Apache-2.0
// The table by code and place. Reading and the counting of tries are reading.c's; the move to another place
// is read_alone.c's and read_together.c's. No state.
#include "serve/read_policy.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

// What is wrong with a request is wrong everywhere, and its time is up everywhere. Any other error on a
// replica may be the replica's own trouble. Together, a read that goes wrong takes those behind it along, so
// all of them are read alone.
static const enum read_next table[][READ_PLACES] = {
    // READ_PRIMARY, READ_REPLICA, READ_TOGETHER
    [ERR_NONE] = {READ_ENDS, READ_ENDS, READ_ENDS},
    [ERR_MALFORMED] = {READ_ENDS, READ_ENDS, READ_ALONE},
    [ERR_INVALID] = {READ_ENDS, READ_ENDS, READ_ALONE},
    [ERR_UNKNOWN] = {READ_ENDS, READ_ENDS, READ_ALONE},
    [ERR_TIMEOUT] = {READ_ENDS, READ_ENDS, READ_REQUEUE},
    [ERR_AGAIN] = {READ_AGAIN, READ_AGAIN, READ_ALONE},
    [ERR_ABORTED] = {READ_AGAIN, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_STALE] = {READ_ANEW, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_BEHIND] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_BUSY] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_NO_MEMORY] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_DISK_FULL] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_TOO_LARGE] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_MEDIA_TYPE] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_CONFLICT] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_CONSTRAINT] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_VALUE] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_CONFIG] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_IO] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
    [ERR_STORE] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE},
};

// What follows when all tries at a place were in vain.
static const enum read_next in_vain[READ_PLACES] = {READ_ENDS, READ_FROM_PRIMARY, READ_ALONE};

enum read_next read_next(enum read_place place, enum err_code code, unsigned tries)
{
    assert((size_t)code < ARRAY_LEN(table));
    enum read_next next = table[code][place];
    bool repeats = next == READ_AGAIN || next == READ_ANEW;
    return repeats && tries >= LIMIT_READ_TRIES ? in_vain[place] : next;
}
