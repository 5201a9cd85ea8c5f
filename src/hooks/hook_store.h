// SPDX-License-Identifier: Apache-2.0
// What becomes of the rows of an outbox (batch/outbox.h). Statements are kept. On the connection's thread;
// what changes a row runs in a transaction that the caller has begun and ends. Times are milliseconds since
// 1970 by the database's clock.
#ifndef RECKONER_HOOKS_HOOK_STORE_H
#define RECKONER_HOOKS_HOOK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "batch/outbox.h"
#include "store/own_sql.h"

// A row: something that is to be told.
struct hook {
    struct span id;       // OUTBOX_ID_CHARS
    struct span endpoint; // "POST /prices"
    int64_t batch;        // the id of its record
    int64_t rows;         //
    int64_t created_ms;   // about when it went in
    int64_t since_ms;     // from when its days count: that, or when it was retried by hand
    int64_t next_ms;      // it is sent not before that; of one that is under way, again
    int64_t attempts;     // how often it was taken
    int64_t token;        // of who has taken it; 0: nobody has
    int64_t ended_ms;     // when it was given up; 0: it waits
    int64_t status;       // of the last answer; 0: there was none
    struct span result;   // what was wrong at the last try
};

// --- sending

// When the first hook of an endpoint is due, and the last one; `is_found`: there is one.
struct hook_times {
    int64_t first_ms, last_ms;
    bool is_found;
};

MUST_CHECK enum err_code hook_store_next(
    struct own_statements *own, struct span endpoint, struct hook_times *ret_times, struct err *err);

// Has hooks that are due after `after_ms` due at `now_ms`, up to LIMIT_HOOK_GIVE_UP_ROWS: those that were
// written while the clock was ahead.
MUST_CHECK enum err_code hook_store_hasten(
    struct own_statements *own, struct span endpoint, int64_t now_ms, int64_t after_ms, struct err *err);

// Which hooks are taken, and by whom.
struct hook_claim {
    struct span endpoint; //
    int64_t token;        // of the taker
    int64_t now_ms;       // those that are due then
    int64_t until_ms;     // they are due again then
    size_t most;          // up to so many
};

// Takes hooks that nobody else is about to take: they have the token and one more attempt. Calls for each;
// texts are valid for the call.
MUST_CHECK enum err_code hook_store_take(struct own_statements *own, const struct hook_claim *claim,
    enum err_code (*on_hook)(void *ctx, const struct hook *hook, struct err *err), void *ctx,
    struct err *err);

// Removes one that was delivered, if it is still the token's.
MUST_CHECK enum err_code hook_store_remove(
    struct own_statements *own, struct span id, int64_t token, struct err *err);

// How a try has ended that was not well.
struct hook_failure {
    int64_t status;     // of the answer; 0: there was none
    struct span result; // what was wrong
    int64_t next_ms;    // it is tried again from then on
    int64_t ended_ms;   // or is given up; 0: not
    bool gives_back;    // the attempt does not count
};

// Notes that, if the hook is still the token's; *ret_moved tells.
MUST_CHECK enum err_code hook_store_fail(struct own_statements *own, struct span id, int64_t token,
    const struct hook_failure *failure, bool *ret_moved, struct err *err);

// Gives up hooks of the endpoint that are due and older than `before_ms`, up to LIMIT_HOOK_GIVE_UP_ROWS.
// *ret_count: how many.
MUST_CHECK enum err_code hook_store_give_up(struct own_statements *own, struct span endpoint, int64_t now_ms,
    int64_t before_ms, struct span result, size_t *ret_count, struct err *err);

// Removes hooks that were given up before `before_ms`, up to LIMIT_HOOK_GIVE_UP_ROWS. *ret_count: how many.
MUST_CHECK enum err_code hook_store_prune(
    struct own_statements *own, int64_t before_ms, size_t *ret_count, struct err *err);

// --- looking, and moving by hand

struct hook_counts {
    int64_t waiting;   // or under way
    int64_t oldest_ms; // when the oldest of them went in; 0: there is none
    int64_t given_up;  // that are kept
};

MUST_CHECK enum err_code hook_store_count(
    struct own_statements *own, struct hook_counts *ret_counts, struct err *err);

// Calls for each endpoint that hooks wait for; the name is valid for the call.
MUST_CHECK enum err_code hook_store_endpoints(struct own_statements *own,
    enum err_code (*on_endpoint)(void *ctx, struct span endpoint, struct err *err), void *ctx,
    struct err *err);

// Calls for each, the newest first, `most` at most; texts are valid for the call.
MUST_CHECK enum err_code hook_store_list(struct own_statements *own, int64_t most,
    enum err_code (*on_hook)(void *ctx, const struct hook *hook, struct err *err), void *ctx,
    struct err *err);

// Has hooks sent now, and those that were given up begin anew. `id`: that one, also if it is under way, as
// its taker may be gone; empty: all that are not. *ret_count: how many.
MUST_CHECK enum err_code hook_store_retry(
    struct own_statements *own, struct span id, int64_t now_ms, size_t *ret_count, struct err *err);

// Removes hooks, whatever their state: that one, or all.
MUST_CHECK enum err_code hook_store_drop(
    struct own_statements *own, struct span id, size_t *ret_count, struct err *err);

#endif
