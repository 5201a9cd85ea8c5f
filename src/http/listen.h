// SPDX-License-Identifier: Apache-2.0
// A listening socket, as http is given one, with what is true of every connection that comes in there.
#ifndef RECKONER_HTTP_LISTEN_H
#define RECKONER_HTTP_LISTEN_H

#include <stdbool.h>

struct tls;

struct http_listen {
    int fd;           // bound (socket.h), or listens already
    bool is_admin;    // the server's own pages are answered here
    bool is_shared;   // another process has it, too, and it goes on when this one has closed it
    bool takes_proxy; // clients begin with a PROXY header
    struct tls *tls;  // NULL: plain; borrowed while the server lives
};

#endif
