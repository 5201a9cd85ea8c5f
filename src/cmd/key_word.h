// SPDX-License-Identifier: Apache-2.0
// The id of a key as a person types it. On the main thread.
#ifndef RECKONER_CMD_KEY_WORD_H
#define RECKONER_CMD_KEY_WORD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "cmd/key_sites.h"

// Whether the word can be an id. False after a message, which says what `command` wants and
// never repeats a secret.
bool key_word_is_id(const char *command, const char *word);

// Puts into err, which says that there is no such key, the id that was most likely meant, or how to find out.
void key_word_hint(struct key_site *site, struct span id, struct err *err);

#endif
