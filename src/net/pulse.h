// SPDX-License-Identifier: Apache-2.0
// Whether loops turn: each is sent mail, and answers it when its turn comes.
#ifndef RECKONER_NET_PULSE_H
#define RECKONER_NET_PULSE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/loop.h"

struct pulse;

// Borrows the table of the loops. ERR_NO_MEMORY.
MUST_CHECK enum err_code pulse_new(
    struct loop **loops, size_t count, struct pulse **ret_pulse, struct err *err);

// True when every loop has answered what the call before this one asked, or there was none: then all are
// asked again. On one thread, while the loops run.
bool pulse_beat(struct pulse *pulse);

// After loop_free of all of them, as mail may be on its way until then. NULL is fine.
void pulse_free(struct pulse *pulse);

#endif
