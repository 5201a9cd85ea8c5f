// SPDX-License-Identifier: Apache-2.0
// The process that this one replaces, if it was started by one at an upgrade: the listening sockets that it
// hands over, and what it says while it ends (handover.h). On the main thread.
#ifndef RECKONER_CMD_PREDECESSOR_H
#define RECKONER_CMD_PREDECESSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct predecessor;

// Reads what waits from a process that has started this one; NULL in `*ret_predecessor`: nobody has. First
// of all. ERR_IO: nothing comes that can be understood, with what to do.
MUST_CHECK enum err_code predecessor_find(struct predecessor **ret_predecessor, struct err *err);

// The listening socket that the configuration calls so, which is the caller's from here on; -1: it has none,
// or it was taken, or there is no predecessor.
int predecessor_take_socket(struct predecessor *predecessor, const char *text);

// One of those that systemd has, too, likewise, and what it is called, which stays the predecessor's; -1:
// there are no more.
int predecessor_take_shared(struct predecessor *predecessor, const char **ret_text);

// What the configuration of the predecessor called its socket at `place`; NULL: there is none.
const char *predecessor_socket_text(const struct predecessor *predecessor, size_t place);

// Tells it that this process answers requests. ERR_IO: it has ended meanwhile.
MUST_CHECK enum err_code predecessor_tell_ready(struct predecessor *predecessor, struct err *err);

// Tells it that this process was told to end, so that it does not go on in its place.
void predecessor_tell_end(struct predecessor *predecessor);

// Readable when it has said something, or has ended.
int predecessor_fd(const struct predecessor *predecessor);

enum predecessor_event {
    PREDECESSOR_NOTHING, //
    PREDECESSOR_CLIENT,  // it gives an idle client away
    PREDECESSOR_WRITER,  // it writes nothing any more
    PREDECESSOR_ENDED,   //
};

// A client that was another process's.
struct given_client {
    int fd;           // the receiver's to close
    size_t place;     // of the socket that it came in at, among the predecessor's
    const char *peer; // its address; valid until the next call
};

enum predecessor_event predecessor_hear(struct predecessor *predecessor, struct given_client *ret_client);

// Takes nothing more from it: what it has not sent by now stays with it, which sees that its sending fails.
// What it has sent is heard as before, and PREDECESSOR_ENDED behind it, though it may still be there: it can
// be told something until this is freed.
void predecessor_shut(struct predecessor *predecessor);

// Closes sockets that were not taken, and the way to it. NULL is fine.
void predecessor_free(struct predecessor *predecessor);

#endif
