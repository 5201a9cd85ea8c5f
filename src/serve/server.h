// SPDX-License-Identifier: Apache-2.0
// The whole server behind one object: loops, HTTP, the pools, and the services that answer. Made, run and
// freed by cmd/serve on the main thread; signals are cmd's.
#ifndef RECKONER_SERVE_SERVER_H
#define RECKONER_SERVE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "serve/service.h"

struct server;

struct server_options {
    const char *listen;     // "127.0.0.1:8080"
    size_t loops;           // event loops, 1 or more
    size_t workers;         // threads that run reads, 1 or more
    const char *spool_dir;  // an existing folder, where large answers are kept while they are sent, and large
                            // batches until they are written; NULL: they stay in memory, up to
                            // LIMIT_ANSWER_BYTES and LIMIT_ROWS_BYTES each
    size_t max_body_bytes;  // of one request; 0: LIMIT_BODY_BYTES
    size_t cache_bytes;     // of answers that are kept; 0: none are
    size_t drain_ms;        // from server_stop to its end; 0: LIMIT_DRAIN_MS
    bool watch;             // files of the apps that are edited take effect at the next request
    bool tells_failures;    // answers of 500 say what the log says: clients are the app's author
    struct log *access_log; // a line a request; NULL: none
    struct log *error_log;  // failures of ours, with the request's id; what became of edited files
};

// Listens, connects the workers and starts every thread: requests are answered from here on. `services`,
// spool_dir and the logs are borrowed until server_free. ERR_CONFIG for an address or routes that clash;
// errors of the store; ERR_IO.
MUST_CHECK enum err_code server_start(const struct server_options *options, const struct service *services,
    size_t service_count, struct server **ret_server, struct err *err);

// "127.0.0.1:8080", with the real port.
const char *server_address(const struct server *server);

// Frees what is kept for later and was not used since the last call. Any thread.
void server_trim(struct server *server);

// Stops accepting, lets what runs finish, and returns when the last connection is closed and the server's
// threads have ended: at drain_ms at the latest, but for stores that are silent. Shortly before, what still
// runs is interrupted, and what waits is not begun: their clients are answered with 503. Writers that have
// not been ended then go on until service_fini, which comes before server_free. Not on one of its threads.
void server_stop(struct server *server);

// Frees a server that is stopped. NULL is fine.
void server_free(struct server *server);

#endif
