// SPDX-License-Identifier: Apache-2.0
// Addresses of sockets, as texts that people write and read.
#ifndef RECKONER_HTTP_ADDRESS_H
#define RECKONER_HTTP_ADDRESS_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/err.h"

union address {
    struct sockaddr any;    // sa_family
    struct sockaddr_in v4;  //
    struct sockaddr_in6 v6; //
};

enum { ADDRESS_BYTES = 64 }; // of an address as text, with its NUL

// Reads where to listen: "ADDR:PORT", "[ADDR6]:PORT"; "NAME:PORT", of which the first IPv4 address is taken,
// or else the first one; "PORT" for 127.0.0.1; ":PORT" for all addresses of the machine. Looks names up, and
// so may wait for the network. ERR_CONFIG for any other text.
MUST_CHECK enum err_code address_read(const char *text, union address *ret_address, struct err *err);

// Writes "127.0.0.1:8080", "[::1]:8080"; an IPv4 address that came over an IPv6 socket as the former.
void address_write(const union address *address, char ret_text[ADDRESS_BYTES]);

// What counts as one peer, whatever its port: an IPv4 address; of an IPv6 address the first 64 bits, as a
// client's network has all those behind them.
struct origin {
    uint8_t bytes[16]; // IPv6, in network order; an IPv4 address as ::ffff:a.b.c.d
};

struct origin address_origin(const union address *address);

#endif
