// SPDX-License-Identifier: Apache-2.0
// The movers of all apps of a server (batch/history_mover.h), which move old rows to archives.
#ifndef RECKONER_SERVE_APP_HISTORIES_H
#define RECKONER_SERVE_APP_HISTORIES_H

#include <stdbool.h>

#include "base/err.h"
#include "batch/history_mover.h"

struct context;

struct app_histories;

// Starts a mover for each app that has a [history], or, if `is_watched`, may have one after an edit. The
// context is borrowed, and set up. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code app_histories_new(
    struct context *context, bool is_watched, struct app_histories **ret_histories, struct err *err);

// That of a service; NULL: it has none. Any thread; `histories` may be NULL, here and below.
struct history_mover *app_histories_of(const struct app_histories *histories, size_t service);

// As history_mover_end, of all.
void app_histories_end(struct app_histories *histories);

// While the writers are there.
void app_histories_free(struct app_histories *histories);

#endif
