// SPDX-License-Identifier: Apache-2.0
// The time zones of the machine, by name. Each file is read once in the life of the process, when it is asked
// for first, so all answers of a process go by one version of a zone's rules. Any thread.
#ifndef RECKONER_TEXT_ZONES_H
#define RECKONER_TEXT_ZONES_H

#include "base/err.h"
#include "base/span.h"
#include "text/zone.h"

// Finds a zone, which is there until the process ends. UTC is always there. ERR_CONFIG with what is wrong and
// what to do: a name that no zone has, and what may have been meant; or no zones are installed.
MUST_CHECK enum err_code zones_find(struct span name, const struct zone **ret_zone, struct err *err);

#endif
