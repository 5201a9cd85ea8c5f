// SPDX-License-Identifier: Apache-2.0
// One line of [reload]: a file that is loaded each time that it has changed. The receiver's thread.
#ifndef RECKONER_INBOX_RELOADED_H
#define RECKONER_INBOX_RELOADED_H

#include "app/app.h"
#include "inbox/receiving.h"

// Looks at the file of a line of the app, in each round, and loads it if it has changed and its time has
// come.
void reloaded_visit(struct receiver *receiver, struct app *app, const struct reload_line *line);

// Whether files may be loaded at a moment of the wall clock, which have changed at another one: whether the
// second of the day, by the machine's clocks, has come in between. Pure but for the machine's zone.
bool reloaded_is_time(int64_t at_s, int64_t changed_s, int64_t now_s);

#endif
