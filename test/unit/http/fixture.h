// SPDX-License-Identifier: Apache-2.0
// A real server on loopback, in this process, with a handler that tests steer, and blocking clients for it.
// Everything that waits gives up, and fails the test, after PATIENCE_MS.
#ifndef RECKONER_TEST_HTTP_FIXTURE_H
#define RECKONER_TEST_HTTP_FIXTURE_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/server.h"
#include "http/socket.h"
#include "net/loop.h"

enum { FIXTURE_PLACES = 40, FIXTURE_LOG_BYTES = 4096, PATIENCE_MS = 30000 };

// What the handler does, by path:
//   /ok            200 "ok" at once
//   /big           200 with big_bytes letters
//   /big/N         200 with N MiB of zeros
//   /wait/N        later, with "N", when the test says so
//   /close/N       the same, and ends the connection
//   /late/N        has the body when the test says so, then as /body
//   /body          has the body, at most max_body_bytes of it, and answers 201 with it
//   /headers       204 with 2,000 bytes of headers
//   /unchanged     304 with a body
//   /peer          200 with the client's address
//   anything else  what on_other says, or else 404 without a body
struct fixture {
    struct loop *loops[2];      // owned
    size_t loop_count;          //
    struct http_server *server; // owned
    struct tls *tls;            // of the listener; owned, set before fixture_start; NULL: it is plain
    struct http_limits limits;  // set before fixture_start
    size_t max_connections;     // likewise
    size_t max_bodies_bytes;    // likewise
    size_t max_body_bytes;      // likewise
    size_t max_files;           // likewise
    size_t max_answers_bytes;   // likewise
    size_t big_bytes;           // likewise
    const struct trust *trust;  // likewise
    bool takes_proxy;           // likewise
    // Answers to paths of a test's own, in place of 404; returns whether it did. Likewise; NULL: none.
    bool (*on_other)(struct http_exchange *exchange, const struct http_request *request);
    // A test's own way with bodies; returns whether it had one. Likewise; NULL: none.
    bool (*on_body)(struct http_exchange *exchange);

    pthread_mutex_t lock;                 // guards all below
    pthread_cond_t changed;               // broadcast when something below changes
    char log[FIXTURE_LOG_BYTES];          // what the handler saw: "start /ok;end 200 2;"
    size_t log_len;                       //
    bool waits[FIXTURE_PLACES];           // a request of that number waits
    struct http_ref refs[FIXTURE_PLACES]; // where
    int gone;                             // answers that found nobody
    bool drained;                         // on_drained was called
    int drained_calls;                    // how often
};

// A socket that is bound where `text` says.
struct http_listen fixture_listen(const char *text);

// TLS for all servers of a test's executable; NULL: they are plain. In with_tls.c and without_tls.c.
struct tls *fixture_tls(void);

// Usable at once; the defaults are those of base/limits.h, but for a tick of 5 ms, one loop, and time for
// clients that have shut their side.
void fixture_init(struct fixture *fixture);
void fixture_start(struct fixture *fixture);

// Begins a drain, and does not wait for it.
void fixture_drain(struct fixture *fixture);

// Drains (once more, which must change nothing), checks that nothing is left, and frees.
void fixture_stop(struct fixture *fixture);

// Waits until the request of that number is with the handler.
void fixture_wait_for(struct fixture *fixture, int number);

// Lets the requests of these numbers go on, in this order, in one delivery of mail. `count` is at most 4.
void fixture_release(struct fixture *fixture, const int *numbers, int count);

// Waits until the handler's log holds `text`.
void fixture_wait_for_log(struct fixture *fixture, const char *text);

// Whether it does now.
bool fixture_has_logged(struct fixture *fixture, const char *text);

// Waits until so many connections are open.
void fixture_wait_for_open(struct fixture *fixture, size_t open);

// Stops the first loop's thread in its tracks. A second time, it works on the mail that was posted since, and
// no further. Thaw with `again` when there was a second time.
void fixture_freeze(struct fixture *fixture);
void fixture_freeze_again(struct fixture *fixture);
void fixture_thaw(struct fixture *fixture, bool again);

// The allocation after `count` more ones on the first loop's thread fails; negative: none does.
void fixture_fail_memory(struct fixture *fixture, long count);

struct client {
    int fd;           // owned; -1 when closed
    SSL *ssl;         // owned; NULL: it is plain
    char bytes[4096]; // read and not looked at
    size_t len;       //
    char head[4096];  // of the last answer, as a string
    char body[65536]; // likewise
    size_t body_len;  //
};

// With TLS where the server has it; all that is said of the socket's ends is then true of TLS's, too.
void client_connect(struct fixture *fixture, struct client *client);

// The same, without any.
void client_connect_plain(struct fixture *fixture, struct client *client);

// Begins TLS on a plain one, as `context` has it, with the session if there is one. False: the handshake has
// failed.
bool client_begin_tls(struct client *client, SSL_CTX *context, SSL_SESSION *session);

void client_connect_refused(struct fixture *fixture); // checks that nobody listens
void client_send(struct client *client, const char *text);
void client_send_bytes(struct client *client, const void *bytes, size_t len);
void client_shut(struct client *client);  // no more is sent
void client_close(struct client *client); // the polite way
void client_reset(struct client *client); // the other way

// Waits until something has come that was not read, and leaves it there; and reads it, as recv(2) does.
void client_wait(struct client *client);
ssize_t client_read(struct client *client, void *room, size_t max);

// Reads one answer; returns its status. `without_body`: to HEAD, or 304.
int client_answer(struct client *client);
int client_answer_without_body(struct client *client);

// Reads an answer and checks status and body.
void client_expect(struct client *client, int status, const char *body);

// Checks that the server has ended its side in order, with nothing more said.
void client_expect_shut(struct client *client);

// The same, and ends the client's side.
void client_expect_end(struct client *client);

#endif
