// SPDX-License-Identifier: Apache-2.0
// A client's connection: bytes come in (input.c) and become exchanges (exchange.c), whose answers go out in
// order (output.c). On its lane's thread.
#ifndef RECKONER_HTTP_CONNECTION_H
#define RECKONER_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/address.h"
#include "http/lane.h"
#include "http/listen.h"
#include "http/pace.h"
#include "http/phase.h"
#include "http/server.h"
#include "http/stream.h"
#include "net/loop.h"

struct file_output;
struct input;
struct preface;

struct connection {
    struct lane *lane;                // borrowed
    const struct http_listen *listen; // where it came in; borrowed
    struct stream stream;             // open from connection_open on
    enum connection_phase phase;      // moved in phase.c
    int fd;                           // the socket, until the stream owns it
    uint32_t slot;                    // place in the lane's table
    uint32_t generation;              // of that place
    struct mail mail;                 // the way from the listener to the lane
    union address peer;               // who has connected, or whom a PROXY header told; of a Unix socket its
                                      // family alone
    bool is_unknown; // a trusted proxy has passed it on, and not said of whom: `peer` is the proxy's
    char peer_text[ADDRESS_BYTES]; // the same as text, once asked for

    bool ended;                  // the client sends no more
    bool parting;                // the client said that its last request has come, and sent nothing behind it
    bool stalled;                // bytes are here that cannot be worked on yet
    bool turning;                // inside connection_turn or a read: no need to touch
    bool touched;                // in the lane's list of those that need a turn
    struct file_output *sending; // owned; body of the first answer, or of the last one written; NULL: none
    struct connection *touched_before, *touched_after; // neighbours in that list

    struct http_exchange *first;     // oldest one not yet written; owned, with all after it
    struct http_exchange *last;      // youngest one
    size_t exchanges;                // how many
    size_t running;                  // how many of them are not answered
    struct http_exchange *exclusive; // runs alone, as it may change something; NULL when none does
    struct http_exchange *receiver;  // the next bytes are of its body; NULL: they are a head
    uint64_t next_number;            // of the next exchange
    bool is_adopted;                 // another process has had it before; fixed

    struct input *input;     // owned; bytes read and not worked on; NULL when there are none
    struct preface *preface; // owned; of a PROXY header, until it has come; NULL: none is awaited

    // While the stream writes, nothing else is written and no request started. What it writes is a part of
    // `sending` if that is in FILE_WRITES, or else what output_flush has gathered.
    size_t written_exchanges; // the first so many are in that whole
    size_t write_bytes;       // of the write under way in all
    struct pace pace;         // of the client, as it takes them
    size_t backlog_bytes;     // of answers that the client has not taken (backlog.h)

    uint64_t idle_ms;    // since when nothing is under way
    uint64_t head_ms;    // when the head under way began; 0 when none is
    uint64_t ended_ms;   // when the client was seen to send no more; 0: it may
    uint64_t linger_ms;  // when LINGER began
    size_t linger_bytes; // dropped since then
};

// A connection of the socket, which it owns from here on. On any thread; NULL without memory, and the socket
// is still the caller's.
MUST_CHECK struct connection *connection_new(
    struct lane *lane, const struct http_listen *listen, int fd, const union address *peer);

// Starts reading. When that fails the connection is freed.
void connection_open(struct connection *connection);

// Works on what is here, writes what is ready, and goes on to the next phase where it is time. Closes one
// that is broken.
void connection_turn(struct connection *connection);

// Has all of the lane's connections that were touched have their turn.
void connection_turn_touched(struct lane *lane);

// Gives up at once, whatever is under way. Fine when it is closed already.
void connection_close(struct connection *connection);

// Whether another process can take it over, once it is idle. What TLS knows of a connection does not go
// along, nor that a proxy has not said whose it is.
static inline bool connection_is_movable(const struct connection *connection)
{
    return connection->listen->tls == NULL && !connection->is_unknown;
}

// Whether its next answer is its last one, as the server ends and nobody takes the connection over.
static inline bool connection_has_to_end(const struct connection *connection)
{
    const struct lane *lane = connection->lane;
    return lane->moving ? !connection_is_movable(connection) : lane->draining;
}

// Of a lane that moves or drains: gives it to another process if it is idle; else closes it behind its grace
// if it is, and no request of it has reached us.
void connection_drain(struct connection *connection);

// Frees one whose stream is closed. NULL is fine.
void connection_free(struct connection *connection);

// Nothing is under way and no byte of a request has come.
bool connection_is_idle(const struct connection *connection);

#endif
