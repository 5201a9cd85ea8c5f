// SPDX-License-Identifier: Apache-2.0
// The directives that say how long an endpoint's answers may be kept, and by what. Private to directives.c.
// The parser's thread.
#ifndef RECKONER_APP_DECLARE_KEPT_H
#define RECKONER_APP_DECLARE_KEPT_H

#include "app/parser.h"

// Each reads one line, as those of declare.h do.
void declare_cache(struct parser *parser, struct words *words, const struct directive *directive);
void declare_depends(struct parser *parser, struct words *words, const struct directive *directive);
void declare_stale(struct parser *parser, struct words *words, const struct directive *directive);

#endif
