// SPDX-License-Identifier: Apache-2.0
// Content negotiation (RFC 9110 section 12.5.1): whether a client takes a media type.
#ifndef RECKONER_SERVE_ACCEPT_H
#define RECKONER_SERVE_ACCEPT_H

#include <stdbool.h>

#include "http/message.h"

// Whether the Accept fields of the request let `type` ("application/json") be sent: the most specific range
// that covers it decides, and its weight is not 0. Without such a field everything is taken; a range that is
// broken covers nothing.
bool accept_allows(const struct http_request *request, const char *type);

#endif
