// SPDX-License-Identifier: Apache-2.0
// What a process and the one that replaces it tell each other at an upgrade, over a pair of sockets that keep
// messages apart (unix(7), SOCK_SEQPACKET). A message is a line of words, with a descriptor or without one:
//
//     old ─ "reckoner-handover 1" ──────────────────► new    the version of all that follows
//     old ─ "socket TEXT", a descriptor ────────────► new    for each listening socket
//     old ─ "shared TEXT", a descriptor ────────────► new    likewise, one that systemd has, too
//     old ─ "begin" ────────────────────────────────► new    there are no more of them
//     old ◄──────────────────────────────── "ready" ─ new    it answers requests
//     old ─ "connection N PEER", a descriptor ──────► new    an idle client of the N-th of those sockets
//     old ─ "writer" ───────────────────────────────► new    the old one has nothing to write
//     old ◄────────────────────────────────── "end" ─ new    it was told to end, and nobody is to go on
//     old ─ end of file ────────────────────────────► new    it has ended
//
// Whoever meets a message that he does not know leaves it out: a version is a new one only where that is not
// enough. On any thread; a message is sent as a whole, or not at all.
#ifndef RECKONER_CMD_HANDOVER_H
#define RECKONER_CMD_HANDOVER_H

#include <stdint.h>

#include "base/err.h"

// The number of the new process's descriptor is in this variable, which it takes away.
#define HANDOVER_VARIABLE "RECKONER_HANDOVER"

#define HANDOVER_VERSION "reckoner-handover 1"

enum {
    HANDOVER_FD = 3,     // the descriptor of a new process
    HANDOVER_BYTES = 512 // of one message
};

struct handover_message {
    char text[HANDOVER_BYTES]; // ends with a zero byte
    int fd;                    // the receiver's to close; -1: none came
};

// Makes the pair; both close at an exec, and neither blocks. ERR_IO.
MUST_CHECK enum err_code handover_pair(int ret_fds[2], struct err *err);

// Sends a line, with a descriptor unless that is -1, which stays the sender's. ERR_BUSY: the receiver has not
// read enough of what was sent before; ERR_IO: nobody reads any more, and others.
MUST_CHECK enum err_code handover_send(int pair, int fd, struct err *err, const char *format, ...)
    PRINTF_LIKE(4, 5);

// What receiving came to.
enum handover_event {
    HANDOVER_MESSAGE, // *ret_message is one
    HANDOVER_NOTHING, // there is none now
    HANDOVER_ENDED,   // there will be none: the other one has gone
};

enum handover_event handover_receive(int pair, struct handover_message *ret_message);

// Waits for a message until `until_ns` of the monotonic clock; HANDOVER_NOTHING: it has not come.
enum handover_event handover_await(int pair, uint64_t until_ns, struct handover_message *ret_message);

// What stands behind the first word and a space; NULL when that word is another one.
const char *handover_words(const struct handover_message *message, const char *first);

#endif
