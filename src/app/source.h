// SPDX-License-Identifier: Apache-2.0
// The files that an app's author wrote: read whole, and refused unless they are text. Any thread.
#ifndef RECKONER_APP_SOURCE_H
#define RECKONER_APP_SOURCE_H

#include <stdbool.h>

#include "app/diag.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

// Reads a file of at most LIMIT_APP_FILE_BYTES into `arena`, with a NUL behind it, and checks it as
// source_check does. Where the file is fine, *ret_text is set and *ret_usable is true; otherwise *ret_usable
// is false and its errors are in `diags`. ERR_NO_MEMORY only.
MUST_CHECK enum err_code source_read(const char *path, struct arena *arena, struct diags *diags,
    struct span *ret_text, bool *ret_usable, struct err *err);

// Whether the text of a file is UTF-8, without NUL and not over the limit; the first error goes into `diags`.
bool source_check(const char *path, struct span text, struct diags *diags);

#endif
