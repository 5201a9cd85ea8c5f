// SPDX-License-Identifier: Apache-2.0
// What the client of a write prefers (RFC 7240, text/prefer.h), and how it is told what of that was done.
#ifndef RECKONER_SERVE_PREFERENCE_H
#define RECKONER_SERVE_PREFERENCE_H

#include "http/message.h"
#include "serve/header_lines.h"
#include "serve/request.h"

enum { PREFERENCE_CHARS = 128 }; // of the lines of an answer, at most

// Reads the preferences of a request for a write, whose format is known. handling=lenient is passed over
// where the endpoint has no @lenient, or the format has no place for errors. On the loop.
void preference_read(struct request *request, const struct http_request *head);

// Whether the answer of a batch that went in comes without its body. What was left out of a lenient batch is
// told all the same. On the thread that has the request.
bool preference_is_minimal(const struct request *request);

// Adds the lines of the response of a write, at most PREFERENCE_CHARS: what was applied, and that another
// preference may have changed it (RFC 7240 section 2). For a request whose preferences were not read it does
// nothing. On the loop.
void preference_write(const struct request *request, struct header_lines *lines);

#endif
