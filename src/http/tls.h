// SPDX-License-Identifier: Apache-2.0
// TLS of a whole server: the context that new connections get, and the threads that work on handshakes, so
// that a flood of those does not hold up what loops do. Any thread.
#ifndef RECKONER_HTTP_TLS_H
#define RECKONER_HTTP_TLS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "http/tls_context.h"
#include "net/task.h"

struct tls;

// `context` is a reference, which is taken on success. `threads` of handshakes, which yield to all other
// threads. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code tls_new(
    struct tls_context *context, size_t threads, struct tls **ret_tls, struct err *err);

// Connections that begin from here on get this context, whose reference is taken; others keep theirs.
void tls_publish(struct tls *tls, struct tls_context *context);

// A reference to the present context.
struct tls_context *tls_take_context(struct tls *tls);

// Queues a step of a handshake. False when it cannot be worked on: there are too many.
MUST_CHECK bool tls_submit(struct tls *tls, struct task *task);

// For a step, at its begin: its thread, which is one of these, takes processor time that others leave.
void tls_yield(void);

// What became of handshakes.
enum tls_outcome {
    TLS_DONE,     // data could go both ways
    TLS_RESUMED,  // likewise, by an earlier session
    TLS_FAILED,   // no common version, a wrong certificate, or no TLS at all
    TLS_REFUSED,  // there were too many
    TLS_OUTCOMES, // how many there are
};

void tls_count(struct tls *tls, enum tls_outcome outcome);

// So many, since the start.
uint64_t tls_counted(const struct tls *tls, enum tls_outcome outcome);

// When the present certificate ends, seconds since 1970.
int64_t tls_ends_s(struct tls *tls);

// Runs the steps that are queued and ends the threads. When the loops of all connections have ended, and
// before they are freed. A second call does nothing; NULL is fine.
void tls_end(struct tls *tls);

// Ends and frees, after all connections. NULL is fine.
void tls_free(struct tls *tls);

#endif
