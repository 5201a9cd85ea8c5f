// SPDX-License-Identifier: Apache-2.0
// What a server has for clients with keys and tokens: for each app a keeper that follows its keys, the
// rings of them, what follows the keys of issuers, and who has guessed. Made, followed and ended with the
// server; what a request does with it is door.c's.
#ifndef RECKONER_SERVE_KEYS_H
#define RECKONER_SERVE_KEYS_H

#include <stddef.h>

#include "access/guesses.h"
#include "access/keeper.h"
#include "access/jwks_source.h"
#include "access/key_ring.h"
#include "base/err.h"
#include "base/log.h"
#include "serve/limits.h"
#include "serve/service.h"

struct context; // context.h
struct keys;

// Makes it and starts the keepers of the context's services, which sleep until keys_follow. `takes_tokens`:
// an app has issuers or takes certificates, or may do so after an edit. The context is borrowed, and has its
// limits by now. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code keys_new(
    const struct context *context, bool takes_tokens, struct keys **ret_keys, struct err *err);

// Ends the keepers; the stores are still open. NULL is fine.
void keys_end(struct keys *keys);

// Ends and frees; the loops have ended, and their leases are returned. NULL is fine.
void keys_free(struct keys *keys);

// Follows the keys of a service whose app wants them, and waits for a while until they are known: so the
// first requests find them. Of an app that wants none, follows them no more. NULL is fine, of a server whose
// apps never want any. On a thread that may wait.
void keys_follow(struct keys *keys, size_t service, const struct app *app);

// Follows the keys of an app's issuers, and waits until they were looked for once. ERR_CONFIG where a file of
// them is not there, or is of no use. As keys_follow otherwise.
MUST_CHECK enum err_code keys_follow_issuers(struct keys *keys, const struct app *app, struct err *err);

// Logs why a token was refused, once a second at most. Any thread.
void keys_tell_token(struct keys *keys, size_t service, const struct err *err);

// The keys of issuers; NULL: no app takes tokens, or for NULL. Any thread.
struct jwks_sources *keys_sources(const struct keys *keys);

// Has a service's keeper ask at once, where it is not known which keys there are (keeper_ask). Any thread.
void keys_ask(struct keys *keys, size_t service, struct keeper_question *question);

// Writes to the store when the keys of a service were last used, as far as that is new; a `touch` of
// flusher.h, with the keys for its ctx. On one thread at a time. Errors of key_store_touch: then it is
// written with the next call.
MUST_CHECK enum err_code keys_touch(void *ctx, size_t service, struct store_conn *conn, struct err *err);

// Any thread; NULL for NULL.
struct key_rings *keys_rings(struct keys *keys);

// Any thread.
struct guesses *keys_guesses(struct keys *keys);

#endif
