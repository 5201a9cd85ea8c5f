// SPDX-License-Identifier: Apache-2.0
// The receivers of watched files (inbox/receiver.h) of a server's apps. An app has one from the first edition
// on that watches files.
#ifndef RECKONER_SERVE_APP_FILES_H
#define RECKONER_SERVE_APP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "base/err.h"
#include "inbox/receiver.h"

struct context;
struct app_files;

// None has one yet. The context is borrowed. ERR_NO_MEMORY.
MUST_CHECK enum err_code app_files_new(
    struct context *context, struct app_files **ret_files, struct err *err);

// Starts the receiver of a service whose app, as it is in force now, watches files, unless it has one.
// ERR_IO, ERR_NO_MEMORY. Any thread.
MUST_CHECK enum err_code app_files_follow(
    struct app_files *files, size_t service, const struct app *app, struct err *err);

// What a service's receiver has done; false where it has none. Any thread.
MUST_CHECK bool app_files_stats(struct app_files *files, size_t service, struct receiver_stats *ret_stats);

// Whether some app watches files, or some are left. Any thread.
bool app_files_are_watched(struct app_files *files);

// As receiver_rest and receiver_end, of all; from app_files_end on none is started. Any thread; NULL is fine.
void app_files_rest(struct app_files *files, bool rests);
void app_files_end(struct app_files *files, uint64_t until_ns);

// While the writers are there, when nobody else uses it. NULL is fine.
void app_files_free(struct app_files *files);

#endif
