// SPDX-License-Identifier: Apache-2.0
#include "base/crash_point.h"

#ifndef RECKONER_NO_CRASH_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// How often the named step is still passed before the process dies; read from the environment at first use.
static atomic_long left = -1;

void crash_point(const char *step)
{
    const char *wanted = getenv("RECKONER_CRASH");
    size_t len = strlen(step);
    if (wanted == NULL || strncmp(wanted, step, len) != 0 || wanted[len] != ':')
        return;
    long unread = -1;
    (void)atomic_compare_exchange_strong(&left, &unread, strtol(wanted + len + 1, NULL, 10));
    if (atomic_fetch_sub(&left, 1) == 1)
        raise(SIGKILL);
}

#endif
