// SPDX-License-Identifier: Apache-2.0
// Windows follow each other without a gap: the next one begins when somebody looks and the last one is over.
// Knows neither clock nor socket; on the thread of whoever is measured.
#include "http/pace.h"

void pace_start(struct pace *pace, uint64_t count, uint64_t now_ms)
{
    pace->since_ms = now_ms;
    pace->since = count;
}

void pace_resume(struct pace *pace, uint64_t now_ms)
{
    pace->since_ms = now_ms;
}

bool pace_is_slow(struct pace *pace, const struct pace_limit *limit, uint64_t count, uint64_t now_ms)
{
    if (now_ms - pace->since_ms < limit->window_ms)
        return false;
    if ((count - pace->since) * 1000 < limit->rate * limit->window_ms)
        return true;
    pace_start(pace, count, now_ms);
    return false;
}
