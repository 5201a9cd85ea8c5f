// SPDX-License-Identifier: Apache-2.0
// Ids that nobody can guess: random digits of Crockford's base32, small, of which none is taken for another
// one; five bits each. Any thread.
#ifndef RECKONER_BASE_RANDOM_ID_H
#define RECKONER_BASE_RANDOM_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

// Writes so many of them, without a NUL. ERR_IO where the system gives no random numbers.
MUST_CHECK enum err_code random_id_write(char *out, size_t chars, struct err *err);

// Whether the text is made of such digits alone.
bool random_id_is_sound(struct span text);

#endif
