// SPDX-License-Identifier: Apache-2.0
// Names for SQL out of people's own: "Prix unitaire (€)" becomes prix_unitaire. Pure; any thread.
#ifndef RECKONER_TEXT_SQL_NAME_H
#define RECKONER_TEXT_SQL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum { SQL_NAME_CHARS = 41 }; // a name and its NUL: short enough to be written often

// Writes a name of small ASCII letters, digits and _ that starts with a letter, is no word of SQLite's or
// PostgreSQL's that would need quotes, and none that an endpoint has a use for (line, limit, batch). Letters
// of the Latin script lose their accents, ä becomes ae; all else becomes _. False, with nothing written, when
// no letter and no digit is left, as of names in another script.
bool sql_name_make(struct span name, char ret_name[SQL_NAME_CHARS]);

// Makes the name another one: with _2, _3 … at its end, in place of what would not fit.
void sql_name_number(char name[SQL_NAME_CHARS], size_t number);

#endif
