// SPDX-License-Identifier: Apache-2.0
// The directives that declare what an endpoint answers and what it takes. For directives.c, and for those who
// read directives that are such ones and more. The parser's thread.
#ifndef RECKONER_APP_DECLARE_H
#define RECKONER_APP_DECLARE_H

#include "app/parser.h"

// Each reads one line; `words` stand behind the directive's name. Errors go into the parser's diags.
void declare_endpoint(struct parser *parser, struct words *words, const struct directive *directive);
void declare_param(struct parser *parser, struct words *words, const struct directive *directive);
void declare_field(struct parser *parser, struct words *words, const struct directive *directive);
void declare_column(struct parser *parser, struct words *words, const struct directive *directive);
void declare_strict(struct parser *parser, struct words *words, const struct directive *directive);
void declare_private(struct parser *parser, struct words *words, const struct directive *directive);
void declare_one(struct parser *parser, struct words *words, const struct directive *directive);
void declare_lenient(struct parser *parser, struct words *words, const struct directive *directive);
void declare_parallel(struct parser *parser, struct words *words, const struct directive *directive);

#endif
