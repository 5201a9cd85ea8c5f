// SPDX-License-Identifier: Apache-2.0
// One request, from its head to its answer. One thread owns it at a time: its loop, or whoever the loop has
// handed it to while it is `away`. It comes back as mail to its loop, also when its client has gone
// meanwhile; then it is freed there.
//
//     who may have it             by                                   it comes back to
//     a worker of the reads       reads_task_submit                    on_answered (away.c)
//     another one's read          flights_board, until that lands      on_answered
//     a parse thread              upload_take_part                     on_parsed (upload.c)
//     the writer                  write_submit, the loop or a parse    on_answered, on_parsed
//     desk, runner, a worker      async_parse, for a job               on_parsed
//     the store's watch           recall_ask                           on_confirmed (read_begin.c)
//     the scraper                 metrics_page_ask                     on_answered
//     the reloader                waiting_for_reload                   on_waited (handler.c)
//     a keeper, issuers           waiting_for_keys                     on_waited
//     rations                     waiting_for_ration                   on_waited
#ifndef RECKONER_SERVE_REQUEST_H
#define RECKONER_SERVE_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "access/client.h"
#include "access/keeper.h"
#include "app/plan.h"
#include "app/report.h"
#include "base/arena.h"
#include "batch/intake.h"
#include "batch/writer.h"
#include "cache/flight.h"
#include "cache/kept.h"
#include "http/server.h"
#include "net/loop.h"
#include "net/task.h"
#include "serve/access_log.h"
#include "serve/answer_head.h"
#include "serve/coding.h"
#include "serve/condition.h"
#include "serve/context.h"
#include "serve/lease.h"
#include "serve/problem.h"
#include "serve/scrape.h"
#include "serve/toll.h"
#include "serve/trace.h"
#include "text/prefer.h"

// What the client gets, worked out on any thread and sent on the loop.
struct response {
    int status;               // 0: not known yet
    const char *content_type; // static; NULL without body
    const char *headers;      // static or the arena's; NULL for none
    struct blob *body;        // owned until sent; NULL for none
    struct http_file *file;   // likewise; a body instead of a blob
    enum coding coding;       // of the body
    struct digest digest;     // of the body of an answer
    uint64_t rows;            // of an answer
    struct span etag;         // the arena's; its strong entity tag, with the quotes; at NULL: it has none
};

// A body on its way into rows. All of it belongs to the parse task while that is away; what of the body comes
// meanwhile waits in http.
struct upload {
    struct http_body part; // owned; what the next task works on
    size_t part_bytes;     // of it; http gets credit for them when the task is back
    bool is_last;          // the body ends with this part
    struct intake intake;  // owned; started by the first task
};

// A question's body, whole in memory.
struct asked {
    bool is_expected;                  // there is one
    bool is_json;                      // else a form
    struct buf bytes;                  // owned; parameters borrow it
    struct decompressor *decompressor; // owned; NULL: it does not come compressed, or not any more
    size_t charged_bytes;              // to the budget of rows
};

struct own_page; // own_pages.h

enum { REQUEST_ID_CHARS = 17 }; // hexadecimal digits and a NUL

// Fields stand by what they are about, in the order in which a request comes to have them. Who has the
// request writes them, but for `away` and `abandoned`.
struct request {
    // Itself, and the way back.
    struct arena arena;      // owns the request itself, its parameters and texts
    struct context *context; // borrowed
    struct http_ref ref;     // the way back to its exchange
    struct access_line line; // what the access log says of it
    struct trace *trace;     // the arena's; NULL: nobody records what it does
    struct task task;        // for the pools
    struct mail mail;        // for the way back
    bool away;               // somebody else has it; the loop's
    atomic_bool abandoned;   // the client went while it was away; set by the loop, read by any thread
    struct reload_wait wait; // for a reload
    uint64_t came_ns;        // monotonic: when it was here as a whole, as far as it decides
    // Its head while it waits for something, or for the body of a question; the arena's.
    const struct http_request *heard;

    // What it is routed to.
    struct lease *lease;             // of its loop, with the edition that routes it; NULL before
    struct app *app;                 // that it is for, or that refuses it; the lease's; NULL: none yet
    size_t service;                  // the app's number, and that of its service
    const struct endpoint *endpoint; // NULL until routed, and for a file
    const struct public_file *file;  // NULL: not a file
    const struct own_page *page;     // NULL: not one of the server's own
    void *page_ask;                  // what its own_page.begin has read for it; the arena's
    struct scrape_wait scrape;       // for the text of /-/metrics
    uint32_t series;                 // what it counts as (tally.h)
    struct span prefix;              // the path below which its proxy has this server; empty: none is told
    const struct cors *cors;         // the app's, the lease's; NULL: its answer has nothing of it
    struct span origin;              // that the app may take; the arena's; empty: none

    // Who asks, and what that pays.
    struct client *client;                // the lease's; NULL: nobody who has said so
    bool is_let_in;                       // by the door
    bool is_guess;                        // its key is nobody's, and was counted as such
    bool shows_in_query;                  // the credential, which is cut out of `query`
    bool has_asked_keys;                  // the keeper, as its key was not known
    bool asks_ration;                     // it has to wait for more of its plan than this node has
    bool is_charged;                      // its toll, for what its response costs
    size_t asked_services;                // of a page: whose keepers were asked, from 0 on (asker.h)
    const struct issuer *asked_issuer;    // has no key of its token's kid, and is asked; the lease's
    struct keeper_question keys_question; // that question
    struct toll toll;                     // what it pays of its client's plan; the quota is the lease's
    struct ration_wait ration;            // that it waits for more of that
    int64_t ration_ns;                    // monotonic: when it asked first for that; 0: it has not

    // What is asked of an endpoint.
    struct span path;           // as it came; of an endpoint with pages
    struct span query;          // as it came; the arena's, behind parameters that borrow it
    struct span *parts;         // of the path, decoded; the arena's
    struct asked asked;         // the body of a read
    struct value *params;       // the arena's; one for each @param
    struct condition condition; // under which it is to be done
    enum answer_format format;  // of the answer of an endpoint, or a page
    bool varies;                // Accept has chosen it
    bool is_of_moment;          // a parameter is the moment at which it came: nobody has the same again

    // A read.
    enum coding coding;                // that an answer to be read may have; identity for a write
    enum answer_source source;         // of the answer, as far as is known
    bool has_key;                      // its answer may be kept: flight.key
    bool is_cached;                    // it was answered from what is kept
    bool is_near;                      // likewise, and by its loop itself (near_hit.h)
    bool is_joined;                    // it was answered by what was read for another one
    struct flight flight;              // the read of its key, by it or for it
    struct kept *kept;                 // an owned reference: texts of the response are its; NULL: none
    struct versions_question question; // whether that is current
    struct span cursor;                // of the next page; empty: none. Valid until the headers are set

    // A write.
    struct prefer prefer;          // what its client prefers
    bool has_preferences;          // `prefer` was read
    bool is_deferred;              // it is a job
    bool is_minimal;               // the answer has lost its body for that
    enum coding body_coding;       // of the body
    enum body_format body_format;  // of it
    const struct csv_dialect *csv; // of CSV in it; the endpoint's or the arena's; NULL: strict
    struct span boundary;          // of a form with a file; the arena's
    struct upload upload;          // that body, or that of a question
    struct repeating *repeating;   // with an Idempotency-Key; the arena's; NULL: it has none
    struct batch batch;            // its way through the writer, with the faults of its rows
    uint64_t batch_rows;           // of a batch that was written
    uint64_t dry_rows;             // of a dry run that went well; its client's plan pays for them as well
    struct async_write *async;     // that is to be a job (async.h); the arena's; NULL: it is none
    struct spool body;             // of that, as it came; owned
    struct job_reply *job_reply;   // where a job answers it (job_reply.h); the arena's

    // What it is answered.
    struct report report;              // faults of its parameters, and what the checks of a read found
    struct response response;          // the answer
    char failure_id[REQUEST_ID_CHARS]; // by which client and log know of a failure; "": there was none
    int sent_status;   // once its exchange is over: what was answered; 0: the client went before
    size_t sent_bytes; // likewise: of the body
};

// A request with its arena; NULL without memory.
MUST_CHECK struct request *request_new(struct context *context, const struct http_request *head);

// On its loop's thread, whose lease it returns, or when the loop has ended; before loop_free has. A file of
// its response is closed beside the loop. NULL is fine.
void request_free(struct request *request);

// Whether its answer is for its client alone, and caches that several use must not hold it. Any thread.
bool request_is_confidential(const struct request *request);

// What changes about its endpoint. Any thread.
struct endpoint_state *request_endpoint_state(const struct request *request);

// Whether its client is gone, so that work for it is in vain. Any thread.
bool request_is_abandoned(struct request *request);

// Sends it back as it is if its client has gone; true then. On the thread that has it.
bool request_give_up(struct request *request);

// Posts its mail to its loop; it is not the caller's any more.
void request_send_back(struct request *request);

// --- responses, on the thread that owns the request

// A problem document. `headers` as in struct response.
void request_set_problem(struct request *request, const struct problem *problem, const char *headers);

// One of nothing but a status and words.
void request_refuse(struct request *request, int status, const char *detail);

// 503: it may work later.
void request_set_busy(struct request *request, const char *detail);

// 503: too many of `what` are waiting; in so many seconds it may wait with them.
void request_set_full(struct request *request, const char *what, unsigned retry_s);

// The problem of an error met on the way; 5xx ones are logged. `report` may be empty.
void request_set_error(struct request *request, const struct err *err, const struct report *report);

// Moves the bytes of an ended spool to the response's body or file; false without memory.
MUST_CHECK bool response_take(struct response *response, struct spool *spool);

// The endpoint's answer, compressed where the client wants that and it gains: takes the bytes of an ended
// spool. Its header lines are still to be set. False without memory: then the response says so.
MUST_CHECK bool request_set_answer(
    struct request *request, const struct answered *answered, struct spool *answer);

// The header lines of that answer, and the link to the next page where request->cursor leads to one. False
// without memory.
MUST_CHECK bool request_set_headers(struct request *request, const struct answer_lines *lines);

// An answer that is kept; takes the reference. `headers` are the arena's, or the kept answer's own.
void request_use_kept(struct request *request, struct kept *kept, const char *headers);

// The same problem as another request's.
void request_copy_problem(struct request *request, const struct request *from);

// Takes the body of a response that is not sent after all; its header lines stay.
void request_drop_body(struct request *request);

extern const char RETRY_SOON[]; // header lines of a 503

#endif
