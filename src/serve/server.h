// SPDX-License-Identifier: Apache-2.0
// The whole server behind one object: loops, HTTP, the pools, and the services that answer. Made, run and
// freed by cmd/serve on the main thread; signals are cmd's.
#ifndef RECKONER_SERVE_SERVER_H
#define RECKONER_SERVE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "http/listen.h"
#include "http/trust.h"
#include "hooks/hook_secrets.h"
#include "serve/service.h"

struct server;

// Bounds that an operator may have a reason to change. 0 in any: that of base/limits.h.
struct server_bounds {
    size_t read_ms;     // the SQL of one read: LIMIT_STATEMENT_MS; read anew, as the next three
    size_t write_ms;    // that of a batch, beside the time for its rows: LIMIT_BATCH_MS
    size_t read_queue;  // reads that wait: LIMIT_READ_QUEUE
    size_t write_queue; // batches of an app that wait: LIMIT_WRITE_QUEUE
    size_t connections; // that are open: LIMIT_CONNECTIONS, or fewer, as descriptors are
    size_t spool_bytes; // large answers in files, all together: LIMIT_SPOOLS_MIB
    size_t idle_ms;     // a kept-alive connection without a request: LIMIT_IDLE_MS
};

struct server_options {
    struct http_listen *listens; // one or more; each descriptor is taken, and -1 stands in its place then
    size_t listen_count;         //
    struct tls *tls;             // of those of them that have it; NULL: none has. Borrowed until server_free
    size_t loops;                // event loops, 1 or more
    size_t workers;              // threads that run reads, 1 or more
    const char *spool_dir; // an existing folder, where large answers are kept while they are sent, and large
                           // batches until they are written; NULL: they stay in memory, up to
                           // LIMIT_ANSWER_BYTES and LIMIT_ROWS_BYTES each
    size_t max_body_bytes; // of one request; 0: LIMIT_BODY_BYTES
    size_t cache_bytes;    // of answers that are kept; 0: none are
    size_t drain_ms;       // from server_stop to its end; 0: LIMIT_DRAIN_MS
    const struct trust *trust;   // proxies; NULL: nobody is one; copied
    struct server_bounds bounds; //
    int64_t read_ms;             // of the wall clock, before the apps were read; 0: not known
    bool watch;                  // files of the apps that are edited take effect at the next request
    bool tells_failures;         // answers of 500 say what the log says: clients are the app's author
    bool logs_spans;  // of requests whose traceparent says that they are recorded, to the error log
    bool sends_hooks; // what apps tell others by [hook] is sent; else it waits in the stores
    struct hook_secrets *hook_secrets; // that it is signed with, borrowed; NULL: none; read anew
    const char *otlp_url;              // of the collector that these are sent to (exporter.h); NULL: none
    size_t slow_ms;                    // a statement that takes longer is logged; 0: none is
    struct log *access_log;            // a line a request; NULL: none
    struct log *error_log;             // failures of ours, with the request's id; what became of edited files
};

// Listens, connects the workers and starts every thread: requests are answered from here on. `services`,
// spool_dir and the logs are borrowed until server_free. ERR_CONFIG for routes that clash; errors
// of the store; ERR_IO. Where it fails before a descriptor is taken, that is still the caller's.
MUST_CHECK enum err_code server_start(const struct server_options *options, const struct service *services,
    size_t service_count, struct server **ret_server, struct err *err);

// "127.0.0.1:8080", with the real port: of the first that is not the admin's.
const char *server_address(const struct server *server);

// The same of the i-th, as options had them; NULL past the last one.
const char *server_address_at(const struct server *server, size_t i);

// Says at /-/readyz that the server is going to end, for balancers; all else goes on as before. Any thread.
void server_notice(struct server *server);

// What a server does.
struct server_activity {
    size_t open;       // connections now
    uint64_t accepted; // connections since the start
    size_t queued;     // reads that wait for a thread
    bool has_work;     // a batch runs or waits, maybe one whose client has gone; or an app watches files
};

// Any thread.
struct server_activity server_activity(const struct server *server);

// Requests that are over, since the start. Takes some work. Any thread.
uint64_t server_requests(const struct server *server);

// Whether every loop has turned since the call before this one. On one thread, before server_stop.
bool server_beat(struct server *server);

// Frees what is kept for later and was not used since the last call. Any thread.
void server_trim(struct server *server);

// Has connections go to another process as they get idle, and accepts nobody, as http_server_leave has it;
// and the end of that. Any thread.
void server_leave(
    struct server *server, bool (*give)(void *ctx, int fd, size_t place, const char *peer), void *ctx);
void server_stay(struct server *server);

// Takes over such a connection. Any thread.
void server_adopt(struct server *server, int fd, size_t place, const char *peer);

// Whether no batch waits or runs; whether a request is under way that may become one. Any thread.
bool server_writers_are_idle(const struct server *server);
bool server_has_unsafe(const struct server *server);

// Takes what of the options may change while the server runs (drain_ms, trust, slow_ms, logs_spans, some
// bounds), and has the reloader read all apps anew, which goes on when this returns and tells the log. Others
// of the options are not looked at. Nothing changes when it fails. Before server_stop, on the main thread.
MUST_CHECK enum err_code server_reload(
    struct server *server, const struct server_options *options, struct err *err);

// Stops accepting, lets what runs finish, and returns when the last connection is closed and the server's
// threads have ended: at drain_ms at the latest, but for stores that are silent. Shortly before, what still
// runs is interrupted, and what waits is not begun: their clients are answered with 503. By then every batch
// was told how it ended. Not on one of its threads.
void server_stop(struct server *server);

// Frees a server that is stopped. NULL is fine.
void server_free(struct server *server);

#endif
