// SPDX-License-Identifier: Apache-2.0
// The checks of an endpoint's @example lines. Private to endpoint_check.c. The parser's thread.
#ifndef RECKONER_APP_EXAMPLES_H
#define RECKONER_APP_EXAMPLES_H

#include "app/parser.h"

// Reports each @example that is no request to the endpoint.
void examples_check(struct parser *parser);

#endif
