// SPDX-License-Identifier: Apache-2.0
// A listening socket on a loop: accepts in batches, and pauses where the system has no more file descriptors.
// On its loop's thread, but for listener_init and listener_fini.
#ifndef RECKONER_HTTP_LISTENER_H
#define RECKONER_HTTP_LISTENER_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "http/address.h"
#include "http/listen.h"
#include "http/socket.h"

struct listener {
    struct http_listen listen;    // its descriptor is owned; -1 when closed
    uv_poll_t poll;               // for new connections
    uv_timer_t pause;             // runs while there are no file descriptors
    char name[SOCKET_NAME_BYTES]; // "127.0.0.1:8080", with the real port
    void *ctx;                    // of the owner; handed to on_closed; borrowed
    // A new connection: a non-blocking socket, which is taken.
    void (*on_accept)(struct listener *listener, int fd, const union address *peer);
    void (*on_closed)(void *ctx); // set by listener_end
    bool is_resting;              // listener_rest was called; nobody is accepted
};

// Takes the descriptor, in whose place -1 stands afterwards, also on failure, and listens: clients wait until
// listener_start. ERR_IO.
MUST_CHECK enum err_code listener_init(
    struct listener *listener, struct http_listen *listen, struct err *err);

// Starts to accept. Before the loop runs. ERR_IO.
MUST_CHECK enum err_code listener_start(struct listener *listener, uv_loop_t *loop,
    void (*on_accept)(struct listener *listener, int fd, const union address *peer), void *ctx,
    struct err *err);

// Takes it off a loop that never ran, and is run once afterwards. Fine when it is not started.
void listener_cancel(struct listener *listener);

// Accepts those who have begun to connect, and nobody else, and closes; then calls on_closed(ctx). What has
// begun is not reset: who comes later tries again by itself, and finds the next process or nobody. A socket
// that is shared is only closed: whoever has not been accepted waits for the other process.
void listener_end(struct listener *listener, void (*on_closed)(void *ctx));

// Accepts nobody from here on: whoever comes waits, for listener_resume or for another process that has the
// socket. listener_end then does as with one that is shared. listener_resume, which is fine without
// listener_rest, also undoes what another process has done to the socket by its listener_end.
void listener_rest(struct listener *listener);
void listener_resume(struct listener *listener);

// Closes the socket, when the loop has ended or nothing was started.
void listener_fini(struct listener *listener);

#endif
