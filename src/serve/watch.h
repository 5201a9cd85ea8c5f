// SPDX-License-Identifier: Apache-2.0
// Which apps have had a file changed, as inotify(7) tells: of endpoint and schema files and app.ini when they
// are closed after writing, of public/ when files come and go. Hidden files are passed over.
#ifndef RECKONER_SERVE_WATCH_H
#define RECKONER_SERVE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct watch;

// Watches nothing yet. `dirs` are the apps' folders, borrowed with their texts. ERR_IO, ERR_NO_MEMORY.
MUST_CHECK enum err_code watch_new(
    const char *const *dirs, size_t count, struct watch **ret_watch, struct err *err);

// NULL is fine.
void watch_free(struct watch *watch);

// A descriptor to poll(2): readable when something may have changed.
int watch_fd(const struct watch *watch);

// Watches the folders that the app has now, those that are watched already too. To be called before the app's
// files are read, so that whatever changes from then on is told. An app's own folder that is not there is
// looked for by each watch_read. ERR_IO when the system does not allow so many; ERR_NO_MEMORY. Any thread.
MUST_CHECK enum err_code watch_app(struct watch *watch, size_t number, struct err *err);

// Takes all that has changed so far: sets changed[i] for each app with a change, and leaves the others alone;
// returns whether there is any. Never blocks. Any thread.
bool watch_read(struct watch *watch, bool *changed);

#endif
