// SPDX-License-Identifier: Apache-2.0
// What proxies say of a request that they pass on: whose it is (Forwarded, RFC 7239; X-Forwarded-For), and
// below which path they have this server (X-Forwarded-Prefix). All of it may be anybody's invention, but for
// what trusted ones have added.
#ifndef RECKONER_HTTP_FORWARDED_H
#define RECKONER_HTTP_FORWARDED_H

#include "http/address.h"
#include "http/message.h"
#include "http/trust.h"

// The address of the client of a request that came from `peer`, which is trusted. Each proxy has added the
// address that it was asked from behind those that it was told. So they are walked from the last one: up to
// the first that is not trusted, which is the client's; to the one before that, where the next is hidden,
// unknown or malformed; and LIMIT_FORWARDED_HOPS of them at most. Its port is 0 where it was not told.
void forwarded_client(const struct http_request *head, const struct trust *trust, const union address *peer,
    union address *ret_client);

// The path below which a proxy has this server, "/api", without a slash at its end: of its only field
// X-Forwarded-Prefix, borrowed. Empty when there is none, or it is no path of plain parts: then links are
// made without it.
struct span forwarded_prefix(const struct http_request *head);

#endif
