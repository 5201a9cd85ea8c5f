// SPDX-License-Identifier: Apache-2.0
// One request and its answer, inside http. The functions that handlers call are in http/server.h.
#ifndef RECKONER_HTTP_EXCHANGE_H
#define RECKONER_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/err.h"
#include "http/body.h"
#include "http/chunk.h"
#include "http/connection.h"
#include "http/message.h"
#include "http/pace.h"
#include "http/server.h"

//   RUNNING ─ http_receive_body → RECEIVING ─ the body has come to its end → RUNNING
//      └─ http_reply → ANSWERED   └─ it is refused → ANSWERED
//      └─ http_reply, and a short body is unread → HELD ─ it is read → ANSWERED
enum exchange_state {
    EXCHANGE_RUNNING,   // the handler has it
    EXCHANGE_RECEIVING, // the handler has it, and its body is being read for the handler
    EXCHANGE_HELD,      // answered, but its body is still being read and dropped
    EXCHANGE_ANSWERED,  // is written once all before it are
};

struct http_exchange {
    struct http_exchange *next;    // younger one of the connection; next spare one of the lane
    struct connection *connection; // it is of
    uint64_t number;               // on that connection
    void *user;                    // the handler's
    struct http_note note;         // likewise
    struct http_client *client;    // owned; whose it is by the fields of a trusted proxy; NULL: the peer's
    enum exchange_state state;     //
    bool is_unsafe;                // it counts among lane_shared's `unsafe`
    bool is_head;                  // HEAD: the answer has no body
    bool old_client;               // HTTP/1.0
    bool keep_alive;               // the client wants the connection to go on
    bool close;                    // it ends after this answer
    bool deferred;                 // http_defer was called
    bool awaits_continue;          // the client sends its body after 100 Continue, which is not sent
    bool continue_due;             // 100 Continue may go out, once all answers before are written

    bool chunked;              // the body's framing
    bool whole;                // the body has been read to its end, or there is none
    uint64_t body_left;        // bytes of a sized body still to come
    uint64_t body_came;        // bytes on the wire since it is RECEIVING, or HELD
    struct pace pace;          // of the client, as it sends them
    size_t max_body_bytes;     // allowed by the handler
    size_t body_bytes;         // of the body itself that have come for the handler
    size_t unpaid_bytes;       // of those, what the handler has given no credit for
    struct http_chunks chunks; // decoder of a chunked body
    struct http_body received; // that the handler has not taken

    int status;             // of the answer
    bool started;           // bytes of it were handed to the socket
    size_t head_len;        // bytes at `head`
    char *head;             // inline_head, or owned
    struct blob *body;      // owned; NULL for none
    struct http_file *file; // a body instead of that; owned until it is sent (file_output.h); NULL for none
    uint64_t file_bytes;    // of it
    size_t backlog_bytes;   // of the answer in memory, while it counts (backlog.h)
    char inline_head[512];
};

// A new exchange at the end of the connection's, RUNNING. NULL without memory.
struct http_exchange *exchange_new(struct connection *connection);

// Has it run alone on its connection, as it may change something.
void exchange_run_alone(struct http_exchange *exchange);

// Answers for http itself, in place of an answer that is HELD, or cannot be sent, and ends the connection
// after it.
void exchange_refuse(struct http_exchange *exchange, const struct http_refusal *refusal);

// The same for a body: ERR_TOO_LARGE, it has more bytes than the handler allows; any other code, there is no
// room for it.
void exchange_refuse_body(struct http_exchange *exchange, enum err_code code);

// More of a body has come that is RECEIVING: the handler is told.
void exchange_body_has_come(struct http_exchange *exchange);

// Whether no more of its body may be read before the handler gives credit.
bool exchange_lacks_credit(const struct http_exchange *exchange);

// The body has come to its end: the handler is told, or the HELD answer may go.
void exchange_body_is_whole(struct http_exchange *exchange);

// The body is not read on: a HELD answer may go, and the connection ends after it.
void exchange_stop_skipping(struct http_exchange *exchange);

// Tells the handler that it is over: `body_bytes` of its answer went out, if any of it did.
void exchange_tell_end(struct http_exchange *exchange, size_t body_bytes);

// Frees memory, or keeps it for another exchange of the lane, without a word to the handler.
void exchange_free(struct http_exchange *exchange);

// Frees what the lane has kept so.
void exchanges_free_spare(struct lane *lane);

#endif
