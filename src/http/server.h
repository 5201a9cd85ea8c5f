// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on top of the loops: connections, requests and answers, and nothing about what they mean. What is
// to be done with a request is handed in as a struct http_handler (by serve/).
//
// Threads: http_server_* on any thread unless said otherwise; an exchange lives on its connection's loop and
// is touched on that loop's thread only. Another thread keeps a struct http_ref, comes back through the
// loop's mailbox and looks the exchange up: it is gone when the client is.
#ifndef RECKONER_HTTP_SERVER_H
#define RECKONER_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/err.h"
#include "http/address.h"
#include "http/body.h"
#include "http/file.h"
#include "http/listen.h"
#include "http/message.h"
#include "http/pace.h"
#include "http/trust.h"
#include "net/loop.h"

struct http_server;
struct tls_peer;
struct http_exchange; // one request and its answer; owned by its connection

struct http_reply {
    int status;               // 200 to 599
    const char *content_type; // NULL when there is no body. Copied.
    const char *headers;      // further header lines, each ended by CRLF; NULL for none. Copied.
    const char *more_headers; // more of them; likewise
    struct blob *body;        // NULL for none; http_reply takes this reference, and writes it without a copy
    struct http_file *file;   // a body instead of a blob; NULL for none; taken likewise. 503 for max_files
    bool close;               // end the connection after this answer
};

// What happens to requests. All calls come on the exchange's loop thread and must not block.
struct http_handler {
    void *ctx; // handed to every call; borrowed

    // A head has come. `request` and what it points to are valid during the call only. Either answers at once
    // with http_reply, or calls http_receive_body to have the body first, or http_defer to answer later (and
    // may then still call http_receive_body).
    void (*on_request)(void *ctx, struct http_exchange *exchange, const struct http_request *request);

    // After http_receive_body: more of the body has come, or its end. Called for each read that has brought
    // any; what has come is there until http_take_body. At the end of the body it answers or defers.
    void (*on_body)(void *ctx, struct http_exchange *exchange);

    // The exchange is over: answered (status, bytes of body handed to the socket), or given up before any of
    // its answer went out, with status 0, because the client went away. The last call for this exchange,
    // where its user pointer is freed; none of the functions that answer may be called, for another exchange
    // of its connection neither. Also called, without on_request before it, for requests that http refuses by
    // itself (malformed, too large, too slow). The status is not always the handler's: a body that was not
    // asked for and turns out malformed is a 400.
    void (*on_end)(void *ctx, struct http_exchange *exchange, int status, size_t body_bytes);

    // Fills the answer to a request that http refuses by itself, perhaps before on_request: content type and
    // body of `reply` (a problem document) for its status and detail; may replace its headers. NULL: an
    // answer without body.
    void (*on_refuse)(
        void *ctx, struct http_exchange *exchange, int status, const char *detail, struct http_reply *reply);

    // A connection was closed before anything was read of a request, as what its proxy has to say of it is
    // not there, or is nobody's to say: `peer` as http_peer has it, and why. On its loop's thread. NULL is
    // fine.
    void (*on_turned_away)(void *ctx, const char *peer, const char *why);
};

// How long clients may take, in milliseconds, and how fast they must be; base/limits.h has the reasons.
struct http_limits {
    uint64_t head_ms;        // from a head's first byte to its last; a new connection without one as well
    uint64_t idle_ms;        // a kept-alive connection without a request
    struct pace_limit body;  // how fast a body has to come
    struct pace_limit write; // how fast the client has to take an answer that its socket has no room for
    uint64_t half_closed_ms; // from the client's end to the answers of safe requests
    uint64_t linger_ms;      // reading on after the last answer of a connection
    uint64_t grace_ms;       // of a drain: what is idle may send one more request
    uint64_t drain_ms;       // of a drain: what runs is answered with 503 then, unless it is a write
    uint64_t last_ms;        // behind that: everything is closed
    uint64_t tick_ms;        // how often all these are looked at
};

// Those of base/limits.h. Tests start from them and shorten some.
struct http_limits http_limits_default(void);

struct http_options {
    struct http_listen
        *listens;            // one or more; each descriptor that is taken is -1 then, on an error not all are
    size_t listen_count;     //
    size_t max_connections;  // of the process
    size_t max_bodies_bytes; // of all bodies in the process, as far as they have come and are not freed
    size_t max_files;        // answers from files under way in the process; 0: LIMIT_FILE_ANSWERS
    // Of all answers in memory that wait for their clients, heads and all; 0: LIMIT_ANSWERS_BYTES. Past it
    // the connections with most of them are closed (http/backlog.h); so an answer that is larger is only for
    // who takes it at once.
    size_t max_answers_bytes;
    const struct http_limits *limits; // NULL: http_limits_default(); copied
    const struct trust *trust;        // proxies, and what they write; NULL: nobody is one; copied
};

// Listens; loops[0] accepts and deals connections out to all loops in turn. Call before the loops run; takes
// each loop's loop_after_turn. `loops` and `handler` are borrowed while the server lives. ERR_IO: a socket
// cannot be listened on.
MUST_CHECK enum err_code http_server_new(const struct http_options *options, struct loop **loops,
    size_t loop_count, const struct http_handler *handler, struct http_server **ret_server, struct err *err);

// "127.0.0.1:8080": the first address that is listened on and is not the admin's, with the real port. Valid
// while the server lives.
const char *http_server_address(const struct http_server *server);

// The same of the i-th, as options had them; NULL past the last one.
const char *http_server_address_at(const struct http_server *server, size_t i);

// From here on these proxies are trusted. ERR_NO_MEMORY: those of before are. Any thread.
MUST_CHECK enum err_code http_server_trust(
    struct http_server *server, const struct trust *trust, struct err *err);

// Stops accepting and lets what runs finish, with "Connection: close". Idle connections have grace_ms for one
// more request. After drain_ms, safe requests that still run and bodies that still come are answered with
// 503, and on_end is called for them; writes have last_ms more for their own answers. Then everything is
// closed. When nothing is open any more, on_drained(ctx) is called once, on loops[0]. The loops run. Called
// on any thread; a second call does nothing.
void http_server_drain(struct http_server *server, void (*on_drained)(void *ctx), void *ctx);

// Has connections go to another process from here on, each when it is idle, and accepts nobody: whoever comes
// waits for that process, too, which has the listening sockets. `give` is called on any loop, with the
// socket, the listener's place among those of the options and the client's address; true: it has handed it
// over. What cannot go, as a connection with TLS or one whose proxy has not said whose it is, ends with its
// next answer. Called on any thread, and again after http_server_stay, with the same function.
void http_server_leave(
    struct http_server *server, bool (*give)(void *ctx, int fd, size_t place, const char *peer), void *ctx);

// The end of that: all goes on as before, but for a server that drains. A loop that has not heard of it yet
// may still call `give`, with the ctx of the last http_server_leave: so each ctx lives as long as the server.
void http_server_stay(struct http_server *server);

// Takes over a connection, idle up to now, that came in at the listener at `place`, of a client at `peer`, as
// `give` tells them. The descriptor is taken. On any thread.
void http_server_adopt(struct http_server *server, int fd, size_t place, const char *peer);

// Other times of a drain than options had; before http_server_drain, on the thread that calls it or one that
// has ended by then.
void http_server_set_drain(struct http_server *server, uint64_t drain_ms, uint64_t last_ms);

struct http_stats {
    uint64_t accepted;         // connections since the start
    uint64_t refused;          // of them those over max_connections
    uint64_t open;             // connections now
    uint64_t max_open;         // that may be open
    uint64_t unsafe;           // requests now that are not safe, from their heads to the end of their answers
    uint64_t writes;           // attempts to write to a socket
    uint64_t bodies_bytes;     // memory of bodies that have come and are not freed
    uint64_t max_bodies_bytes; // that these may take
};

// What a client cannot see: that answers go out together, that connections are gone. Any thread.
struct http_stats http_server_stats(const struct http_server *server);

// Frees a server after loop_free of all of its loops, as mail that these still deliver may be of its
// connections; bodies that were taken are freed before. Connections that are left, as it was not drained, are
// freed without on_end. NULL is fine.
void http_server_free(struct http_server *server);

// --- an exchange, on its loop's thread

// Answers. Exactly once for an exchange, at any time after on_request began. A short body that was not asked
// for is read and dropped first, so that a malformed one is refused; with a long one, or one that the client
// holds back until 100 Continue, the connection is closed after the answer. HEAD and 304 get no body bytes,
// but the Content-Length of `body` or `file`; 204 has neither (RFC 9110 section 8.6). When max_files answers
// from files are under way already, the answer to a safe request is a 503 of on_refuse's instead. To any
// other one it is not, as the client would do again what is done: without memory for its answer, the
// connection ends without one. A file that turns out to be shorter than it was said to be, or cannot be read,
// ends the connection in the middle.
void http_reply(struct http_exchange *exchange, const struct http_reply *reply);

// Have the body, at most max_bytes of it, as it comes: on_body is called, never from inside this call. 413
// from http itself when it is larger, 503 when there is no room for it in the process: then, and when it is
// cut off, malformed or too slow, only on_end is called any more. Says 100 Continue where the client waits
// for it (RFC 9110 section 10.1.1).
void http_receive_body(struct http_exchange *exchange, size_t max_bytes);

// Of that body: the bytes that have come and were not taken, and whether it has come to its end with them.
size_t http_body_waiting(const struct http_exchange *exchange);
bool http_body_is_whole(const struct http_exchange *exchange);

// Takes the bytes that have come (http_body_fini, on any thread); none may be left.
void http_take_body(struct http_exchange *exchange, struct http_body *ret_body);

// Gives credit for so many bytes that were taken: they are worked on, and as many others may come. While
// LIMIT_BODY_WINDOW_BYTES or more have no credit, nothing is read of the connection, and its client is not
// slow; what one read brings may go past it.
void http_credit_body(struct http_exchange *exchange, size_t bytes);

// The answer will come later, through http_exchange_find. Other safe requests of the connection go on
// meanwhile; an unsafe one runs alone.
void http_defer(struct http_exchange *exchange);

// Whether the request is HEAD, so that the answer's body is not sent.
bool http_is_head(const struct http_exchange *exchange);

// A pointer of the handler's, NULL at first.
void http_set_user(struct http_exchange *exchange, void *user);
void *http_user(const struct http_exchange *exchange);

// Where it came in; valid while the server lives.
const struct http_listen *http_listen_of(const struct http_exchange *exchange);

// A note of the handler's, zeroed at first, for what needs no pointer.
struct http_note {
    uint64_t ns;     // a moment
    uint32_t number; // of something
};

void http_set_note(struct http_exchange *exchange, struct http_note note);
struct http_note http_note(const struct http_exchange *exchange);

// Bytes of its body that have come for the handler so far, without their framing.
size_t http_received_bytes(const struct http_exchange *exchange);

// "10.0.0.1:5555" of the client, "unix:" of that of a Unix socket; where a trusted proxy has passed the
// request on, of whom that tells, mostly without a port: "10.0.0.1". Valid during the exchange.
const char *http_peer(struct http_exchange *exchange);

// What counts as one client (address.h).
struct origin http_origin(const struct http_exchange *exchange);

// The path below which a trusted proxy has this server, "/api"; empty: none is told. Valid during the
// exchange.
struct span http_prefix(const struct http_exchange *exchange);

// The certificate that the client has shown, by which it is known; NULL: none. Valid during the exchange.
const struct tls_peer *http_certificate(const struct http_exchange *exchange);

struct http_ref {
    struct loop *loop;   // where to look it up
    uint32_t slot;       // place in that loop's table of connections
    uint32_t generation; // of that place, so that a successor is not taken for it
    uint64_t number;     // of the exchange on its connection
};

struct http_ref http_exchange_ref(const struct http_exchange *exchange);

// On ref.loop's thread: the exchange, or NULL when it is answered or over.
struct http_exchange *http_exchange_find(struct http_server *server, struct http_ref ref);

#endif
