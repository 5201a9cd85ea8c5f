// SPDX-License-Identifier: Apache-2.0
// A lane as its server sees it: it is made and freed, and told to give its connections away or to end. On the
// loop's thread, but for lane_new and lane_free.
#ifndef RECKONER_HTTP_LANE_RUN_H
#define RECKONER_HTTP_LANE_RUN_H

#include "base/attr.h"
#include "base/err.h"
#include "http/lane.h"
#include "net/loop.h"

// Before the loop runs. ERR_NO_MEMORY.
MUST_CHECK enum err_code lane_new(
    struct loop *loop, struct lane_shared *shared, struct lane **ret_lane, struct err *err);

// After loop_free. Connections left over are freed without further calls. NULL is fine.
void lane_free(struct lane *lane);

// Does as is_moving has it. What is under way goes on, here.
void lane_move(struct lane *lane);

// Closes what is idle, and everything else when it is done; then on_lane_drained is called.
void lane_drain(struct lane *lane);

#endif
