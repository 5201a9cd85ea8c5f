// SPDX-License-Identifier: Apache-2.0
// A destination that is down is asked once in a while, however many hooks wait for it.
#include "hooks/destination.h"

#include <limits.h>

#include <sodium.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum { JITTER_PERCENT = 20 };

static int64_t pause_ms(int64_t failures, int64_t most_ms)
{
    unsigned count = failures < UINT_MAX ? (unsigned)failures : UINT_MAX;
    return (int64_t)backoff_ms(count, LIMIT_HOOK_PAUSE_MS, (uint64_t)most_ms);
}

static int64_t jittered_ms(int64_t ms)
{
    int64_t part_ms = ms * JITTER_PERCENT / 100;
    return ms - part_ms + (int64_t)randombytes_uniform((uint32_t)(2 * part_ms + 1));
}

int64_t destination_pause_ms(int64_t attempts)
{
    return jittered_ms(pause_ms(attempts, LIMIT_HOOK_PAUSE_MAX_MS));
}

unsigned destination_room(const struct destination *destination, uint64_t now_ns)
{
    unsigned most = destination->failures > 0 ? 1 : LIMIT_HOOK_SENT_EACH;
    if (now_ns < destination->rests_until_ns || destination->under_way >= most)
        return 0;
    return most - destination->under_way;
}

void destination_note(struct destination *destination, bool is_good, int64_t retry_after_s, uint64_t now_ns)
{
    if (is_good) {
        destination->failures = 0;
        destination->rests_until_ns = 0;
        return;
    }
    if (destination->failures == 0 ||
        now_ns >= destination->rests_until_ns) // else others were under way as well
        destination->failures++;
    int64_t rest_ms = jittered_ms(pause_ms(destination->failures, LIMIT_HOOK_REST_MS));
    if (retry_after_s > rest_ms / 1000)
        rest_ms =
            retry_after_s < LIMIT_HOOK_PAUSE_MAX_MS / 1000 ? retry_after_s * 1000 : LIMIT_HOOK_PAUSE_MAX_MS;
    uint64_t until_ns = now_ns + (uint64_t)rest_ms * NS_PER_MS;
    if (until_ns > destination->rests_until_ns)
        destination->rests_until_ns = until_ns;
}

void destination_fini(struct destination *destination)
{
    mem_free(destination->endpoint);
    mem_free(destination->url);
}
