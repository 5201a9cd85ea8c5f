// SPDX-License-Identifier: Apache-2.0
// Making an app's store anew: for `reckoner reset` and `serve --reset`. On the main thread; messages go to
// stderr.
#ifndef RECKONER_CMD_RESET_H
#define RECKONER_CMD_RESET_H

#include <stdbool.h>

#include "app/app.h"
#include "cmd/options.h"

// Takes away all that is in the app's store, if it is there, after a question that options->yes answers.
// False after a message, or a "no": then all is as it was.
bool reset_store(const struct app *app, const struct options *options);

#endif
