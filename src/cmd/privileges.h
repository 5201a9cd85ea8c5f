// SPDX-License-Identifier: Apache-2.0
// What a server that was started as root gives up, and for good. On the main thread, before there are others.
#ifndef RECKONER_CMD_PRIVILEGES_H
#define RECKONER_CMD_PRIVILEGES_H

#include "base/err.h"

// Goes on as that user, with its groups and without any capability; fine when that is who runs it already.
// ERR_CONFIG for a user that does not exist, root, or when somebody else than root asks; ERR_IO.
MUST_CHECK enum err_code privileges_drop(const char *user, struct err *err);

// Neither this process nor what it executes gains any by executing a file (prctl(2), PR_SET_NO_NEW_PRIVS).
// ERR_IO.
MUST_CHECK enum err_code privileges_gain_none(struct err *err);

#endif
