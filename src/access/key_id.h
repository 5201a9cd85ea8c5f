// SPDX-License-Identifier: Apache-2.0
// What a key is called in commands, logs and SQL: "k_" and ten random letters and digits. It is no secret,
// and stays when the key's secret is exchanged. Any thread.
#ifndef RECKONER_ACCESS_KEY_ID_H
#define RECKONER_ACCESS_KEY_ID_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

enum { KEY_ID_CHARS = 12 };

// Makes one, with a NUL behind it; 50 bits of it are random. ERR_IO where the system has no random numbers.
MUST_CHECK enum err_code key_id_make(char ret_id[KEY_ID_CHARS + 1], struct err *err);

// Whether a text has the form of one.
bool key_id_is_sound(struct span text);

#endif
