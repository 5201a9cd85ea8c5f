// SPDX-License-Identifier: Apache-2.0
// The checks of an endpoint whose file was read to its end. Private to directives.c. The parser's thread.
#ifndef RECKONER_APP_ENDPOINT_CHECK_H
#define RECKONER_APP_ENDPOINT_CHECK_H

#include "app/parser.h"

// Reports what does not go together, and adds what the directives stand for: the parameters of @page, the
// rejects of `unique`.
void endpoint_check(struct parser *parser);

#endif
