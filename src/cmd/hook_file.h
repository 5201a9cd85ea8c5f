// SPDX-License-Identifier: Apache-2.0
// The file of --hook-secrets. On the main thread.
#ifndef RECKONER_CMD_HOOK_FILE_H
#define RECKONER_CMD_HOOK_FILE_H

#include "base/err.h"
#include "cmd/options.h"
#include "hooks/hook_secrets.h"

// Reads it; the caller owns a reference. *ret_secrets NULL: no file was named. ERR_CONFIG, ERR_NO_MEMORY.
MUST_CHECK enum err_code hook_file_read(
    const struct options *options, struct hook_secrets **ret_secrets, struct err *err);

#endif
