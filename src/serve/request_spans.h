// SPDX-License-Identifier: Apache-2.0
// Tells the spans of a request that is over, to the log and to an exporter.
#ifndef RECKONER_SERVE_REQUEST_SPANS_H
#define RECKONER_SERVE_REQUEST_SPANS_H

#include <stddef.h>

#include "serve/request.h"

// Of a request with a trace; else nothing. As request_log_end.
void request_spans_end(const struct request *request, const char *peer, int status, size_t body_bytes);

#endif
