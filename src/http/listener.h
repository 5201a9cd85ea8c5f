// SPDX-License-Identifier: Apache-2.0
// A listening socket on a loop: accepts in batches, and pauses where the system has no more file descriptors.
// On its loop's thread, but for listener_open and listener_fini.
#ifndef RECKONER_HTTP_LISTENER_H
#define RECKONER_HTTP_LISTENER_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "http/connection.h"

struct listener {
    int fd;                      // owned; -1 when closed
    uv_poll_t poll;              // for new connections
    uv_timer_t pause;            // runs while there are no file descriptors
    char address[ADDRESS_BYTES]; // "127.0.0.1:8080", with the real port
    void *ctx;                   // handed to on_accept; borrowed
    // A new connection: a non-blocking socket, which is taken.
    void (*on_accept)(void *ctx, int fd, const union address *peer);
    void (*on_closed)(void *ctx); // set by listener_end
};

// Binds and listens where `address` says (address_read; "[::]" is IPv4, too); nothing is accepted yet.
// ERR_CONFIG for text that is no address; ERR_IO.
MUST_CHECK enum err_code listener_open(struct listener *listener, const char *address, struct err *err);

// Whether that could be listened on now, as listener_open would tell it: nobody can connect meanwhile. For
// those who have much to do before they listen.
MUST_CHECK enum err_code listener_try(const char *address, struct err *err);

// Starts to accept. Before the loop runs. ERR_IO.
MUST_CHECK enum err_code listener_start(struct listener *listener, uv_loop_t *loop,
    void (*on_accept)(void *ctx, int fd, const union address *peer), void *ctx, struct err *err);

// Accepts those who have begun to connect, and nobody else, and closes; then calls on_closed(ctx). What has
// begun is not reset: who comes later tries again by itself, and finds the next process or nobody.
void listener_end(struct listener *listener, void (*on_closed)(void *ctx));

// Closes the socket, when the loop has ended or nothing was started.
void listener_fini(struct listener *listener);

#endif
