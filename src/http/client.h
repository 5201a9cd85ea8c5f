// SPDX-License-Identifier: Apache-2.0
// Whose a request is, where that is not whoever has connected: by the fields of its proxies. On the lane's
// thread.
#ifndef RECKONER_HTTP_CLIENT_H
#define RECKONER_HTTP_CLIENT_H

#include "base/attr.h"
#include "base/limits.h"
#include "http/address.h"
#include "http/exchange.h"

struct http_client {
    union address address;           // port 0: it was not told
    char text[ADDRESS_BYTES];        // the same as text, once asked for
    size_t prefix_len;               //
    char prefix[LIMIT_PREFIX_BYTES]; // below which its proxy has this server
};

// Sets exchange->client, where a trusted proxy has passed the request on. False without memory.
MUST_CHECK bool client_find(struct http_exchange *exchange, const struct http_request *head);

#endif
