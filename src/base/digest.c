// SPDX-License-Identifier: Apache-2.0
// Digests by xxHash.
#include "base/digest.h"

#include <string.h>
#include <xxhash.h>

static struct digest canonical(XXH128_hash_t hash)
{
    struct digest digest;
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(digest.bytes, canonical.digest, sizeof(digest.bytes));
    return digest;
}

struct digest digest_of(struct span bytes)
{
    return canonical(XXH3_128bits(bytes.at, bytes.len));
}

struct digester *digester_new(void)
{
    XXH3_state_t *state = XXH3_createState(); // which is aligned as it has to be
    if (state != NULL)
        XXH3_128bits_reset(state);
    return (struct digester *)state;
}

void digester_add(struct digester *digester, struct span bytes)
{
    XXH3_128bits_update((XXH3_state_t *)digester, bytes.at, bytes.len);
}

struct digest digester_digest(const struct digester *digester)
{
    return canonical(XXH3_128bits_digest((const XXH3_state_t *)digester));
}

void digester_free(struct digester *digester)
{
    XXH3_freeState((XXH3_state_t *)digester);
}
