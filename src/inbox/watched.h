// SPDX-License-Identifier: Apache-2.0
// One file of a watched folder. The receiver's thread.
#ifndef RECKONER_INBOX_WATCHED_H
#define RECKONER_INBOX_WATCHED_H

#include "app/app.h"
#include "inbox/look.h"
#include "inbox/receiving.h"

// Takes a file that was met in a round, of a folder that a line of the app names, if its time has come.
void watched_visit(struct receiver *receiver, struct app *app, const struct listed_file *listed);

#endif
