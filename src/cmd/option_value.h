// SPDX-License-Identifier: Apache-2.0
// One value of an option, from its text to its field. Any thread.
#ifndef RECKONER_CMD_OPTION_VALUE_H
#define RECKONER_CMD_OPTION_VALUE_H

#include "base/err.h"
#include "cmd/option.h"
#include "cmd/options.h"

// Puts a text, which is borrowed, into the row's field. `name` is what its source calls the option, for
// messages. ERR_CONFIG where it is no value of the option; the text of a secret is not shown.
MUST_CHECK enum err_code option_set(struct options *options, const struct option_row *row,
    enum value_source source, const char *name, const char *text, struct err *err);

#endif
