// SPDX-License-Identifier: Apache-2.0
// A small file of text, read whole. Any thread.
#ifndef RECKONER_CMD_TEXT_FILE_H
#define RECKONER_CMD_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

// Reads a file of at most `max` bytes into the arena, with a NUL behind it. *ret_is_open tells whether users
// that are neither its owner nor of its group may read it. ERR_CONFIG, with the path in front, where there
// is no such file, or it is none of text; ERR_NO_MEMORY.
MUST_CHECK enum err_code text_file_read(const char *path, size_t max, struct arena *arena,
    struct span *ret_text, bool *ret_is_open, struct err *err);

#endif
