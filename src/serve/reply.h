// SPDX-License-Identifier: Apache-2.0
// The last step of a request: its response as http sends it. On the request's loop.
#ifndef RECKONER_SERVE_REPLY_H
#define RECKONER_SERVE_REPLY_H

#include "serve/request.h"

// Answers with request->response, whose body or file http takes, once preconditions have passed: with the
// lines that plan, origin and preferences want. Charges the client's plan. Once a request.
void reply_send(struct request *request, struct http_exchange *exchange);

#endif
