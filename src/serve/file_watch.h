// SPDX-License-Identifier: Apache-2.0
// Which apps have had a file changed, as inotify(7) tells: of endpoint and schema files and app.ini when they
// are closed after writing, of public/ when files come and go. Hidden files are passed over.
#ifndef RECKONER_SERVE_FILE_WATCH_H
#define RECKONER_SERVE_FILE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct file_watch;

// Watches nothing yet. `dirs` are the apps' folders, borrowed with their texts. ERR_IO, ERR_NO_MEMORY.
MUST_CHECK enum err_code file_watch_new(
    const char *const *dirs, size_t count, struct file_watch **ret_watch, struct err *err);

// NULL is fine.
void file_watch_free(struct file_watch *watch);

// A descriptor to poll(2): readable when something may have changed.
int file_watch_fd(const struct file_watch *watch);

// Watches the folders that the app has now, those that are watched already too. To be called before the app's
// files are read, so that whatever changes from then on is told. An app's own folder that is not there is
// looked for by each file_watch_read. ERR_IO when the system does not allow so many; ERR_NO_MEMORY. Any
// thread.
MUST_CHECK enum err_code file_watch_app(struct file_watch *watch, size_t number, struct err *err);

// Takes all that has changed so far: sets changed[i] for each app with a change, and leaves the others alone;
// returns whether there is any. Never blocks. Any thread.
bool file_watch_read(struct file_watch *watch, bool *changed);

#endif
