// SPDX-License-Identifier: Apache-2.0
// The time zones of the machine, by name. Each file is read once in the life of the process, when it is asked
// for first, so all answers of a process go by one version of a zone's rules. Any thread.
#ifndef RECKONER_TEXT_ZONES_H
#define RECKONER_TEXT_ZONES_H

#include "base/err.h"
#include "base/span.h"
#include "text/zone.h"

// Finds a zone, which is there until the process ends. UTC is always there. ERR_UNKNOWN: there is no file of
// that name; ERR_CONFIG with what is wrong with the file; ERR_NO_MEMORY. It opens one file at most, when it
// is asked for a name that it does not know yet.
MUST_CHECK enum err_code zones_find(struct span name, const struct zone **ret_zone, struct err *err);

// Sets ERR_CONFIG with why there is no zone of that name and what to do: what may have been meant, or that no
// zones are installed. It reads the list of all names, so it is for people, and not for a loop.
void zones_explain(struct span name, struct err *err);

#endif
