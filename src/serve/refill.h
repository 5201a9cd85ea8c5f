// SPDX-License-Identifier: Apache-2.0
// What `serve --watch` does to the rows of a store when an app's files have changed: what a start would do.
// On the reload thread.
#ifndef RECKONER_SERVE_REFILL_H
#define RECKONER_SERVE_REFILL_H

#include <stdbool.h>

#include "app/app.h"
#include "base/log.h"
#include "serve/service.h"

// Takes away all that is in the service's store if it is a draft (store/notes.h); it stays one. Errors of the
// store.
MUST_CHECK enum err_code refill_empty_draft(
    const struct service *service, bool *ret_emptied, struct err *err);

// Loads what the [load] lines of `app` name and the store does not have. Logs each file, and the rows that do
// not pass. Errors of first_load_run, after which nothing is loaded.
MUST_CHECK enum err_code refill_first_load(
    struct app *app, const struct service *service, struct log *log, struct err *err);

#endif
