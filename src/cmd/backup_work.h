// SPDX-License-Identifier: Apache-2.0
// What `backup`, `restore` and `verify` share: an app of which some files may have errors, faults as lines on
// stderr, and a signal that ends the work without leaving anything. On the main thread, the only one.
#ifndef RECKONER_CMD_BACKUP_WORK_H
#define RECKONER_CMD_BACKUP_WORK_H

#include <stdatomic.h>

#include "app/app.h"
#include "cmd/options.h"
#include "store/backup.h"

// Reads the app in `dir` as far as it can be read: a mistake in an endpoint is no reason to have no backup.
// NULL after messages. The caller owns a reference.
struct app *backup_work_app(const char *dir, const struct options *options);

// A check against the migrations of the app, which may be NULL. Faults go to stderr behind `subject`, which
// is borrowed, as is the app.
struct backup_check backup_work_check(const struct app *app, const char *subject);

// From here on SIGINT, SIGTERM and SIGHUP set the flag that is returned. For the process's life.
const atomic_bool *backup_work_stop(void);

// Tells of an error, which may be about the file or about the store.
void backup_work_fail(const char *file, const char *shown, const struct err *err);

#endif
