// SPDX-License-Identifier: Apache-2.0
// A file in parts, as long as it may be. On the main thread.
#ifndef RECKONER_CMD_FILE_PARTS_H
#define RECKONER_CMD_FILE_PARTS_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

// Gets a part, borrowed for the call; what it gives other than ERR_NONE ends the reading.
typedef enum err_code file_parts_function(void *ctx, struct span bytes, struct err *err);

// Hands over the file in parts, up to some `max` bytes. ERR_IO for one that cannot be read or is none,
// ERR_NO_MEMORY, and what `on_part` gives.
MUST_CHECK enum err_code file_parts_read(
    const char *path, size_t max, file_parts_function *on_part, void *ctx, struct err *err);

#endif
