// SPDX-License-Identifier: Apache-2.0
// Applies @depends to the statements of a file that has been read. Private to the parser's files.
#ifndef RECKONER_APP_DEPENDS_HIDE_H
#define RECKONER_APP_DEPENDS_HIDE_H

#include "app/parser.h"

// Finds the parameters of each @depends, and puts a line in front of each statement and condition that names
// its table (depends_sql.h). Reports those that cannot be.
void depends_hide(struct parser *parser);

#endif
