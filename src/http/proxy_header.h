// SPDX-License-Identifier: Apache-2.0
// The PROXY header, by which a proxy that passes on bytes says whose connection it is, before these bytes:
// versions 1 (a line) and 2 (binary) of HAProxy's doc/proxy-protocol.txt.
#ifndef RECKONER_HTTP_PROXY_HEADER_H
#define RECKONER_HTTP_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "http/address.h"
#include "http/message.h"

// What it says.
struct proxy_header {
    size_t len;           // bytes of it
    bool is_passed_on;    // the connection is of a client of the proxy, not of the proxy itself
    bool has_client;      // else the connection is the proxy's own, or from where no address is
    union address client; // who has connected to the proxy
};

// Reads the header at the beginning of a connection's first bytes. HTTP_MORE: all of them are of it, and it
// goes on; HTTP_DONE; HTTP_REFUSED: *ret_problem is a static text that says why it is none. Any thread.
MUST_CHECK enum http_progress proxy_header_read(
    struct span bytes, struct proxy_header *ret_header, const char **ret_problem);

#endif
