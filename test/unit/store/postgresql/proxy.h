// SPDX-License-Identifier: Apache-2.0
// A link that breaks on demand: stands between a client and a PostgreSQL server, one connection at a time,
// and cuts it where a COMMIT goes by. Tests only.
#ifndef RECKONER_TEST_PROXY_H
#define RECKONER_TEST_PROXY_H

#include <stdint.h>

struct proxy;

enum proxy_cut {
    PROXY_CUT_NONE,   //
    PROXY_CUT_BEFORE, // the COMMIT does not reach the server
    PROXY_CUT_AFTER,  // it does, and its answer does not reach the client
    PROXY_CUT_TWICE,  // it does not; nor does the answer to the first question what became of it
};

// The port in a server's url.
uint16_t proxy_port_in(const char *url);

// Listens on a free port of 127.0.0.1 and passes on to that port there.
struct proxy *proxy_new(uint16_t server_port);

// The same on a port that one before had.
struct proxy *proxy_new_at(uint16_t port, uint16_t server_port);

void proxy_free(struct proxy *proxy);
uint16_t proxy_port(const struct proxy *proxy);

// What to do with the next COMMIT; those behind it go through.
void proxy_cut_next(struct proxy *proxy, enum proxy_cut cut);

#endif
