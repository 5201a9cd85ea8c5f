// SPDX-License-Identifier: Apache-2.0
// The directive that says how CSV comes to an endpoint. Private to directives.c. The parser's thread.
#ifndef RECKONER_APP_DECLARE_CSV_H
#define RECKONER_APP_DECLARE_CSV_H

#include "app/parser.h"

// Reads one line, as those of declare.h do.
void declare_csv(struct parser *parser, struct words *words, const struct directive *directive);

// When the file was read to its end: makes the lines the endpoint's dialect.
void declare_csv_finish(struct parser *parser);

#endif
