// SPDX-License-Identifier: Apache-2.0
// The parameter :batch_id, by which an app's tables keep which batch a row came in. Private to the parser's
// files. The parser's thread.
#ifndef RECKONER_APP_DECLARE_BATCH_H
#define RECKONER_APP_DECLARE_BATCH_H

#include "app/parser.h"

#define BATCH_PARAM "batch_id"

// Behind the last line: adds :batch_id to a write whose SQL names it. A read may declare a parameter of that
// name.
void declare_batch_finish(struct parser *parser);

#endif
