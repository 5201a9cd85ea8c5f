// SPDX-License-Identifier: Apache-2.0
// The directives that head a statement. Private to directives.c. The parser's thread.
#ifndef RECKONER_APP_STATEMENTS_H
#define RECKONER_APP_STATEMENTS_H

#include "app/parser.h"

// Each reads one line, as those of declare.h do, and leaves the parser waiting for the statement's SQL.
void head_reject(struct parser *parser, struct words *words, const struct directive *directive);
void head_warn(struct parser *parser, struct words *words, const struct directive *directive);
void head_write(struct parser *parser, struct words *words, const struct directive *directive);
void head_answer(struct parser *parser, struct words *words, const struct directive *directive);

// Reports a directive that still waits for its statement; the parser waits no more.
void head_drop(struct parser *parser);

// Adds the statement that the directive in front of it has begun; without SQL where it needs none.
void head_finish(struct parser *parser, struct statement statement);

#endif
