// SPDX-License-Identifier: Apache-2.0
// How far the life of a connection is. Its parts, which work below connection.c, say here that it takes no
// more requests, or that it cannot go on; what follows from that is connection.c's. On its lane's thread.
#ifndef RECKONER_HTTP_PHASE_H
#define RECKONER_HTTP_PHASE_H

struct connection;

//   OPEN ─ a last request, a refusal, the client's end → LAST ─ all is answered → LINGER ─┐
//    │ └ idle behind the grace of a drain → LINGER       ├ the client has ended first ────┤
//    │                                                   │                                │
//    ├─ a part cannot go on ─────────────────────────────┴→ BROKEN ─ its turn has ended ──┤
//    └─ idle, the client is gone, a deadline ─────────────────────────────────────────────┴→ CLOSED
enum connection_phase {
    CONNECTION_OPEN,   // requests are read
    CONNECTION_LAST,   // no further head is read; what is under way is finished
    CONNECTION_LINGER, // all is written and our side is shut; input is dropped until the client ends
    CONNECTION_BROKEN, // nothing is done for it any more; it is closed when its turn ends
    CONNECTION_CLOSED, // the loop closes it; it is freed when that is done
};

// Goes on to another phase, which the drawing has to have.
void phase_move(struct connection *connection, enum connection_phase phase);

// OPEN → LAST. Does nothing in any other phase.
void connection_take_no_more(struct connection *connection);

// OPEN, LAST → BROKEN: gives the connection up, and has it closed as soon as the caller is done, in its turn.
// Does nothing in any other phase.
void connection_break(struct connection *connection);

#endif
