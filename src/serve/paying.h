// SPDX-License-Identifier: Apache-2.0
// A request pays its toll (toll.h): behind the door, and with its answer. On its loop.
#ifndef RECKONER_SERVE_PAYING_H
#define RECKONER_SERVE_PAYING_H

#include "serve/request.h"

// Whether the client's plan lets the request in. False with the response; or, with asks_ration and without
// one, when it has to wait for a ration.
MUST_CHECK bool paying_admit(struct request *request, const struct http_exchange *exchange);

// Charges what the response costs, of a batch its rows, too, unless the plan has refused the request; and
// adds the lines of what is left, as toll_write. Of a request that pays.
void paying_charge(struct request *request, const struct http_exchange *exchange, struct header_lines *lines);

#endif
