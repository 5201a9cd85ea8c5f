// SPDX-License-Identifier: Apache-2.0
// Integers as they stand on the wire: big-endian, in two's complement. Pure; any thread.
#ifndef RECKONER_STORE_POSTGRESQL_WIRE_H
#define RECKONER_STORE_POSTGRESQL_WIRE_H

#include <stdint.h>

#include "base/span.h"

// The last `bytes` of the bits, written to `room`, which the result borrows.
static inline struct span pg_put_bits(char *room, uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        room[i] = (char)(unsigned char)(bits >> (8 * (bytes - 1 - i)));
    return (struct span){.at = room, .len = bytes};
}

static inline uint64_t pg_get_bits(struct span bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.len; i++)
        bits = bits << 8 | (unsigned char)bytes.at[i];
    return bits;
}

// The integer of up to 8 bytes.
static inline int64_t pg_get_integer(struct span bytes)
{
    uint64_t bits = pg_get_bits(bytes);
    if (bytes.len > 0 && bytes.len < 8 && bits >> (8 * bytes.len - 1) != 0)
        bits |= UINT64_MAX << (8 * bytes.len);
    return (int64_t)bits;
}

#endif
