// SPDX-License-Identifier: Apache-2.0
// What a server has for apps with plans: the accounts of their clients, and for each such app the thread that
// fills and saves those. Made, followed and ended with the server; what a request does with it is toll.c's.
#ifndef RECKONER_SERVE_LIMITS_H
#define RECKONER_SERVE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "access/account.h"
#include "access/rations.h"
#include "base/err.h"
#include "base/log.h"
#include "serve/service.h"

struct limits;

// Makes it, without a thread. The services and the log are borrowed. ERR_NO_MEMORY.
MUST_CHECK enum err_code limits_new(const struct service *services, size_t count, struct log *log,
    struct limits **ret_limits, struct err *err);

// Sees to it that a service whose app has plans has its thread, before the app is in force: makes its table
// and reads what was saved. On a thread that may wait. NULL is fine, of a server whose apps never have plans;
// so is a second call. Errors of rations_new.
MUST_CHECK enum err_code limits_follow(
    struct limits *limits, size_t service, const struct app *app, struct err *err);

// Answers requests that wait, saves, and ends the threads: the loops have ended, and the stores are still
// open. NULL is fine.
void limits_end(struct limits *limits);

// Frees, when nobody has an account any more. NULL is fine.
void limits_free(struct limits *limits);

// Any thread; NULL for NULL.
struct accounts *limits_accounts(struct limits *limits);

// Counts a request that a plan of the service has refused, and how many there were. Any thread; NULL for the
// latter is fine.
void limits_count_refusal(struct limits *limits, size_t service);
uint64_t limits_refusals(const struct limits *limits, size_t service);

// Those of a service that is followed. Any thread.
struct rations *limits_rations(struct limits *limits, size_t service);

#endif
