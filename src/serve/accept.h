// SPDX-License-Identifier: Apache-2.0
// The Accept field (RFC 9110 section 12.5.1): how gladly a client takes a media type. Pure functions.
#ifndef RECKONER_SERVE_ACCEPT_H
#define RECKONER_SERVE_ACCEPT_H

#include "http/message.h"

enum { ACCEPT_MOST = 1000 }; // a weight of 1

// The weight that the Accept fields of the request give to `type` ("text/csv; charset=utf-8", of which the
// parameters do not matter), from 0, not taken, to ACCEPT_MOST: that of the most specific range that covers
// it. Without such a field everything is taken; a range that is broken covers nothing, and a broken weight is
// the whole one.
unsigned accept_weight(const struct http_request *request, const char *type);

// The weight among the parameters of one element of such a field (";q=0.5"); a broken one, and none, is the
// whole.
unsigned accept_weight_in(struct span parameters);

#endif
