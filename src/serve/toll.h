// SPDX-License-Identifier: Apache-2.0
// What a request pays of its client's plan: taken when it has come in, charged when its answer is known, and
// told in the fields of the answer (draft-ietf-httpapi-ratelimit-headers-11). On the request's loop.
//
//     toll_find ─ toll_admit ─┬─ ADMITTED ─ … ─ toll_charge ─ toll_write ─ toll_fini
//                             ├─ REFUSED: 429
//                             └─ ASK: it waits for the store, and toll_admit is called again
#ifndef RECKONER_SERVE_TOLL_H
#define RECKONER_SERVE_TOLL_H

#include <stdbool.h>
#include <stdint.h>

#include "access/account.h"
#include "access/client.h"
#include "app/app.h"
#include "http/server.h"
#include "serve/header_lines.h"
#include "serve/limits.h"

enum {
    TOLL_LEFT_CHARS = 80, // of one allowance in RateLimit, at most
    TOLL_CHARS = 64 + LIMIT_ALLOWANCES * (ALLOWANCE_POLICY_CHARS + TOLL_LEFT_CHARS),
};

// A zeroed one is of a request that pays nothing.
struct toll {
    const struct quota *quota; // the app's, of the edition; NULL: it pays nothing
    struct account *account;   // who pays; NULL likewise
    bool is_counted;           // toll_fini gives the account's reference back
    bool is_running;           // it counts as a request that runs
};

// The quota by which a client pays: of the plan that it has, or the app's standard one where its name is
// empty; of one who shows no key, where `plan` is NULL, that of the open plan. NULL: none, or none of that
// name.
const struct quota *toll_quota(const struct app *app, const struct span *plan);

enum toll_payer {
    TOLL_FREE,    // nobody pays
    TOLL_PAYER,   // the toll is set
    TOLL_NO_PLAN, // the client has a plan that the app has not
    TOLL_MEMORY,  // there is no memory
};

// Finds out who pays by which plan. `client` is NULL for one who shows nothing; the address pays then.
enum toll_payer toll_find(struct limits *limits, const struct app *app, size_t service,
    const struct client *client, const struct http_exchange *exchange, struct toll *ret_toll);

// Takes what a request of the endpoint wants.
void toll_admit(
    struct toll *toll, const struct endpoint *endpoint, int64_t now_ns, struct verdict *ret_verdict);

// Keeps the account beyond the lease of the client.
void toll_hold(struct toll *toll);

// What toll_admit wants of an account.
unsigned toll_wants(const struct endpoint *endpoint);

// Charges what an answer has cost.
void toll_charge(const struct toll *toll, uint64_t rows, uint64_t bytes, int64_t now_ns);

// Adds the lines RateLimit-Policy and RateLimit, at most TOLL_CHARS.
void toll_write(const struct toll *toll, int64_t now_ns, struct header_lines *lines);

// The request is over. A zeroed toll is fine.
void toll_fini(struct toll *toll);

#endif
