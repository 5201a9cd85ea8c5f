// SPDX-License-Identifier: Apache-2.0
// The process that is to replace this one: started from the file that this one was started from, which may
// have been exchanged since, with the same words and environment. It gets nothing that is open here but the
// standard streams and what handover.h sends. On the main thread, but for successor_give.
#ifndef RECKONER_CMD_SUCCESSOR_H
#define RECKONER_CMD_SUCCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct successor;

// A listening socket that goes on in the new process.
struct handed_socket {
    const char *text; // what the configuration calls it
    int fd;           // borrowed
    bool is_shared;   // systemd has it, too
};

// Starts it. ERR_IO: there is no such file, it may not be executed, there is no room for a process.
MUST_CHECK enum err_code successor_start(
    const struct handed_socket *sockets, size_t count, struct successor **ret_successor, struct err *err);

pid_t successor_pid(const struct successor *successor);

// Readable when it has said something, or has ended.
int successor_fd(const struct successor *successor);

enum successor_event {
    SUCCESSOR_NOTHING, //
    SUCCESSOR_READY,   // it answers requests
    SUCCESSOR_TO_END,  // it was told to end
    SUCCESSOR_ENDED,   // it has closed its end: it has ended, or is about to
};

// What it has said.
enum successor_event successor_hear(struct successor *successor);

// Tells it that nothing is written here any more. False: there is no room for that now.
bool successor_let_write(struct successor *successor);

// Gives it an idle client of the socket at `place` of those above; the descriptor stays the caller's. False:
// it cannot take more now, or not at all. On any thread.
bool successor_give(struct successor *successor, int fd, size_t place, const char *peer);

// Ends it, if it has not ended by itself, and waits for that. `ret_how` says how it ended: "ended with exit
// code 1".
enum { ENDING_BYTES = 80 };
void successor_end(struct successor *successor, char ret_how[ENDING_BYTES]);

// Has `rest`, others that have ended, be freed with it.
void successor_chain(struct successor *successor, struct successor *rest);

// Lets go of it: it goes on, and sees that this process has ended. NULL is fine.
void successor_free(struct successor *successor);

#endif
