// SPDX-License-Identifier: Apache-2.0
// Which of an endpoint's formats an answer has: by ?format=, else by Accept. Any thread.
#ifndef RECKONER_SERVE_FORMAT_H
#define RECKONER_SERVE_FORMAT_H

#include <stdbool.h>

#include "app/app.h"
#include "http/message.h"

enum { FORMAT_LIST_CHARS = 160 };

// The format that ?format= means by `name` ("csv"); false for a name that is none, and for one that the
// endpoint does not give.
MUST_CHECK bool format_from_name(
    const struct endpoint *endpoint, struct span name, enum answer_format *ret_format);

// Those that the endpoint gives: "one of json, ndjson, csv", or "json" alone.
void format_names(const struct endpoint *endpoint, char ret_names[FORMAT_LIST_CHARS]);

// Their media types, without parameters: "application/json, application/x-ndjson or text/csv".
void format_types(const struct endpoint *endpoint, char ret_types[FORMAT_LIST_CHARS]);

// The one that the request's Accept fields like best, and among equals the first of json, ndjson, csv; false
// when they leave out all.
MUST_CHECK bool format_accepted(
    const struct endpoint *endpoint, const struct http_request *request, enum answer_format *ret_format);

#endif
