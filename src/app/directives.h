// SPDX-License-Identifier: Apache-2.0
// Reads one endpoint file: its directives and where its statements stand. See docs/reference.md for the
// language.
#ifndef RECKONER_APP_DIRECTIVES_H
#define RECKONER_APP_DIRECTIVES_H

#include "app/diag.h"
#include "app/endpoint.h"
#include "base/arena.h"
#include "base/err.h"

// Reads `text`, the content of `file`, for a store of that dialect. Everything that is wrong goes into
// `diags`, with its place; ERR_CONFIG when something is. ERR_NO_MEMORY. The endpoint's parts are in `arena`
// and borrow `file` and `text`, which have to live as long. Any thread.
MUST_CHECK enum err_code directives_parse(const char *file, struct span text, enum sql_dialect dialect,
    struct arena *arena, struct diags *diags, struct endpoint *ret_endpoint, struct err *err);

#endif
