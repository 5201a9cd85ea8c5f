// SPDX-License-Identifier: Apache-2.0
// What a row has left out: the columns has_NAME of the table batch, each of which tells whether the field
// NAME was sent, also as null. There is one for each field whose has_NAME a statement names, so that others
// cost nothing. The parser's thread.
#ifndef RECKONER_APP_PRESENCE_H
#define RECKONER_APP_PRESENCE_H

#include "app/parser.h"

// Finds the fields whose has_NAME the statements name, unless that is a field itself. Sets parser->status
// without memory.
void presence_find(struct parser *parser);

// Makes the names of those columns, behind those of the fields, for which there is room. Sets parser->status
// without memory.
void presence_name(struct parser *parser);

#endif
