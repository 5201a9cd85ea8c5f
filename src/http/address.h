// SPDX-License-Identifier: Apache-2.0
// Addresses of sockets, as texts that people write and read.
#ifndef RECKONER_HTTP_ADDRESS_H
#define RECKONER_HTTP_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

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

// The port that is written in one to five digits, in the machine's order; -1 where the text is none.
int address_read_port(struct span text);

// Reads an address that is written as inet_pton(3) has it, without brackets, of the family AF_INET or
// AF_INET6, or of either with AF_UNSPEC, and gives it the port. False where the text is none.
MUST_CHECK bool address_read_host(struct span text, int family, int port, union address *ret_address);

// Writes "127.0.0.1:8080", "[::1]:8080", or "::1" where the port is 0; an IPv4 address that came over an IPv6
// socket as the former; the client of a Unix socket, which has no address, as "unix:".
void address_write(const union address *address, char ret_text[ADDRESS_BYTES]);

// Reads what address_write writes. False where the text is something else.
MUST_CHECK bool address_read_written(struct span text, union address *ret_address);

// What counts as one peer, whatever its port: an IPv4 address; of an IPv6 address the first 64 bits, as a
// client's network has all those behind them. All clients of Unix sockets count as one.
struct origin {
    uint8_t bytes[16]; // IPv6, in network order; an IPv4 address as ::ffff:a.b.c.d; a Unix socket
                       // as ::ffff:0.0.0.0, which nobody has
};

struct origin address_origin(const union address *address);

#endif
