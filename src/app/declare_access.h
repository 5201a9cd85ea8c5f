// SPDX-License-Identifier: Apache-2.0
// The directives that say who may ask an endpoint, and what its SQL sees of the client. Private to the
// parser's files. The parser's thread.
#ifndef RECKONER_APP_DECLARE_ACCESS_H
#define RECKONER_APP_DECLARE_ACCESS_H

#include "app/parser.h"

// Each reads one line, as those of declare.h do.
void declare_access(struct parser *parser, struct words *words, const struct directive *directive);
void declare_claim(struct parser *parser, struct words *words, const struct directive *directive);

// Behind the last line: adds the parameter :client where the SQL names it, and checks what hangs on who may
// ask. Whether the app's standard fits is app_access.c's.
void declare_access_finish(struct parser *parser);

#endif
