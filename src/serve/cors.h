// SPDX-License-Identifier: Apache-2.0
// What answers tell browsers in which a page of another site has asked: whether it may see them. Which
// origins an app takes is app/cors.h's. On the request's loop.
#ifndef RECKONER_SERVE_CORS_H
#define RECKONER_SERVE_CORS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/cors.h"
#include "base/limits.h"
#include "serve/header_lines.h"
#include "serve/request.h"

enum { CORS_CHARS = 512 + LIMIT_ORIGIN_BYTES + LIMIT_CORS_NAMES_BYTES }; // of the lines of an answer, at most

// The app that answers is known: notes what its answer, whatever it will be, has to tell.
void cors_begin(struct request *request, const struct app *app, const struct http_request *head);

// Whether it is a browser's question, before a request of a page, whether it may send that: a preflight. Then
// *ret_method is the method that it would have.
bool cors_is_preflight(const struct http_request *head, struct span *ret_method);

// Sets the response to a preflight, when the request is begun, of a path that answers `methods`, in the words
// of route_allow. Nobody is asked for a key, as browsers show none; `headers` are those of any OPTIONS.
void cors_set_preflight(struct request *request, const char *methods, const char *headers);

// The origin that a request names; empty when it names none.
struct span cors_origin(const struct http_request *head);

// Adds the lines of an answer for `origin`, at most CORS_CHARS.
void cors_write(const struct cors *cors, struct span origin, struct header_lines *lines);

#endif
