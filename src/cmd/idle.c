// SPDX-License-Identifier: Apache-2.0
// Looks now and then, so a server may go on for a part of the time longer than was asked for, and never for
// less. A connection that came and went between two looks is seen by its number.
#include "cmd/idle.h"

#include "base/clock.h"

enum { LOOKS = 16 };

void idle_init(struct idle *idle, uint64_t after_ms, uint64_t now_ns)
{
    *idle = (struct idle){.after_ns = after_ms * NS_PER_MS, .since_ns = now_ns, .look_ns = now_ns};
}

uint64_t idle_next_ns(const struct idle *idle)
{
    return idle->after_ns > 0 ? idle->look_ns : UINT64_MAX;
}

bool idle_is_over(struct idle *idle, const struct server_activity *activity, uint64_t now_ns)
{
    if (now_ns < idle_next_ns(idle))
        return false;
    idle->look_ns = now_ns + idle->after_ns / LOOKS;
    if (activity->open > 0 || activity->has_work || activity->accepted != idle->accepted)
        idle->since_ns = now_ns;
    idle->accepted = activity->accepted;
    return now_ns - idle->since_ns >= idle->after_ns;
}
