// SPDX-License-Identifier: Apache-2.0
// One document from a URL, by libcurl, on a thread that may wait.
#ifndef RECKONER_ACCESS_FETCH_H
#define RECKONER_ACCESS_FETCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

// Gets the document by https; by http where the URL itself says so, for a server on the same machine.
// Redirects to other schemes are not followed. *ret_max_age_s is what Cache-Control says, 0: nothing.
// ERR_BUSY where it cannot be had now, by LIMIT_JWKS_FETCH_MS; ERR_TOO_LARGE past body->max. When *is_ending
// becomes true, it ends within a second.
MUST_CHECK enum err_code fetch_document(
    const char *url, const atomic_bool *is_ending, struct buf *body, int64_t *ret_max_age_s, struct err *err);

#endif
