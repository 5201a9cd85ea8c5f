// SPDX-License-Identifier: Apache-2.0
// The posts that a courier has under way at a time, and the curl multi handle that works on them. The
// courier's thread, but for posts_wake.
#ifndef RECKONER_HOOKS_POSTS_H
#define RECKONER_HOOKS_POSTS_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "batch/desk.h"
#include "hooks/hook_post.h"
#include "store/own_sql.h"

struct posts {
    CURLM *multi;                          // owned; any thread may wake it
    struct hook_post all[LIMIT_HOOK_SENT]; //
    pthread_mutex_t lock;                  // guards whether the desk has done what it was asked for

    // Called on the courier's thread for each that is over, but for those that are cut short.
    void (*on_over)(void *ctx, struct hook_post *post);
    void *ctx; // handed to it
};

// ERR_NO_MEMORY; posts_fini frees it then as well.
MUST_CHECK enum err_code posts_init(
    struct posts *posts, void (*on_over)(void *ctx, struct hook_post *post), void *ctx, struct err *err);

// Goes on with what is under way until something of it moves, it is woken, or until `until_ns` of the
// monotonic clock.
void posts_wait(struct posts *posts, uint64_t until_ns);

// Ends a posts_wait, or the next one. Any thread.
void posts_wake(struct posts *posts);

// Has the desk make a change (struct desk_change), and goes on with what is under way until that is done.
// Errors of the change; ERR_BUSY: too much waits for the desk.
MUST_CHECK enum err_code posts_ask_desk(struct posts *posts, struct desk *desk,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), void *ctx,
    struct err *err);

// How many have a hook and are not over; how many are over, and not released.
size_t posts_under_way(const struct posts *posts);
size_t posts_over(const struct posts *posts);

// Cuts short what is under way.
void posts_abandon(struct posts *posts);

void posts_fini(struct posts *posts);

#endif
