// SPDX-License-Identifier: Apache-2.0
// What connections may take their time over. On the lane's thread.
#ifndef RECKONER_HTTP_DEADLINE_H
#define RECKONER_HTTP_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/connection.h"

// Looks at the connection's deadlines, those of its clients only unless `is_late`, where they had no chance
// to be in time. Of a lane that moves or drains: gives or closes what is idle, answers what runs for too long
// with 503, and gives up on it a little later. May close it.
void connection_tick(struct connection *connection, uint64_t now_ms, bool is_late);

#endif
