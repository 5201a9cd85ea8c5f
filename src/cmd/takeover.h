// SPDX-License-Identifier: Apache-2.0
// An upgrade as the new process goes through it, from its first answer to the end of the one before: it takes
// over clients that are idle there, and its writers wait until nothing is written there any more. On the main
// thread.
#ifndef RECKONER_CMD_TAKEOVER_H
#define RECKONER_CMD_TAKEOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "cmd/predecessor.h"
#include "cmd/sockets.h"
#include "serve/server.h"
#include "serve/service.h"

struct takeover {
    struct predecessor *predecessor; // owned; NULL: there is none, or it has ended
    struct sockets *sockets;         // borrowed
    struct server *server;           // borrowed
    struct service *services;        // borrowed
    size_t service_count;            //
    struct log *log;                 // borrowed
    bool is_shut;                    // nothing more is taken from it
    uint64_t release_ns;             // when writers begin without a word; UINT64_MAX: they have begun
};

// The server answers: the process before is told so. The files of sockets are this one's as soon as that one
// has heard it, which its first word shows, or its end: until then it may give this process up, and go on
// with them. `wait_ms`: how long it may take at most to write the last of its batches. The other fields are
// set by the caller. Fine without a predecessor.
void takeover_begin(struct takeover *takeover, uint64_t wait_ms);

// Readable when the process before has said something; -1: there is none, or nothing more is heard.
int takeover_fd(const struct takeover *takeover);

// Does what it has said.
void takeover_hear(struct takeover *takeover);

// This process was told to end: so is the one before. Fine without one.
void takeover_end(struct takeover *takeover);

// This process is about to drain. Clients that the one before has given are taken, and all others stay with
// it; writers begin, as nothing more is heard of its own. Before the drain begins; fine without one.
void takeover_shut(struct takeover *takeover);

// Lets the writers begin when it is time.
void takeover_look(struct takeover *takeover, uint64_t now_ns);

void takeover_fini(struct takeover *takeover);

#endif
