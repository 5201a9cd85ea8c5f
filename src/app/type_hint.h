// SPDX-License-Identifier: Apache-2.0
// Which type an author meant by a word that is none. Any thread.
#ifndef RECKONER_APP_TYPE_HINT_H
#define RECKONER_APP_TYPE_HINT_H

#include "base/span.h"

// What to do about it, static: "did you mean integer?" for what others call so, or what is nearly written so.
// NULL when nothing is near.
const char *type_hint(struct span word);

#endif
