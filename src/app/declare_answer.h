// SPDX-License-Identifier: Apache-2.0
// The directives that declare how an endpoint's answer looks. Private to directives.c. The parser's thread.
#ifndef RECKONER_APP_DECLARE_ANSWER_H
#define RECKONER_APP_DECLARE_ANSWER_H

#include "app/parser.h"

// Each reads one line, as those of declare.h do.
void declare_shape(struct parser *parser, struct words *words, const struct directive *directive);
void declare_under(struct parser *parser, struct words *words, const struct directive *directive);
void declare_page(struct parser *parser, struct words *words, const struct directive *directive);
void declare_example(struct parser *parser, struct words *words, const struct directive *directive);

#endif
