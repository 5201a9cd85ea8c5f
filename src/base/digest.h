// SPDX-License-Identifier: Apache-2.0
// Digests that tell bytes apart, of all at once or as they come: 128 bits, the same on every machine. Not for
// secrets: who wants to can find other bytes with the same one.
#ifndef RECKONER_BASE_DIGEST_H
#define RECKONER_BASE_DIGEST_H

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

struct digest {
    uint8_t bytes[16]; // XXH3, in its canonical order (big endian)
};

struct digest digest_of(struct span bytes);

// The same of bytes that come in pieces. One thread at a time.
struct digester;

// Of no bytes yet; NULL without memory.
MUST_CHECK struct digester *digester_new(void);

void digester_add(struct digester *digester, struct span bytes);

// Of all bytes so far.
struct digest digester_digest(const struct digester *digester);

// NULL is fine.
void digester_free(struct digester *digester);

#endif
