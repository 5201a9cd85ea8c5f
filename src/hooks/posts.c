// SPDX-License-Identifier: Apache-2.0
// While the desk works, for as long as a batch takes on SQLite, sending goes on. What is done with a post
// that is over, and when it is free again, is the courier's.
#include "hooks/posts.h"

#include "base/clock.h"
#include "batch/desk_change.h"

enum err_code posts_init(
    struct posts *posts, void (*on_over)(void *ctx, struct hook_post *post), void *ctx, struct err *err)
{
    posts->on_over = on_over;
    posts->ctx = ctx;
    pthread_mutex_init(&posts->lock, NULL);
    posts->multi = curl_multi_init();
    return posts->multi != NULL ? ERR_NONE : err_no_memory(err);
}

// --- sending

// Goes on with what is under way, and takes up what is over.
static void pump(struct posts *posts)
{
    int running = 0, left = 0;
    (void)curl_multi_perform(posts->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(posts->multi, &left)) != NULL;) {
        struct hook_post *post = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        hook_post_finish(post, posts->multi, result);
        posts->on_over(posts->ctx, post);
    }
}

void posts_wait(struct posts *posts, uint64_t until_ns)
{
    uint64_t now_ns = clock_monotonic_ns();
    int ms = until_ns > now_ns ? (int)((until_ns - now_ns) / NS_PER_MS) + 1 : 0;
    (void)curl_multi_poll(posts->multi, NULL, 0, ms, NULL);
    pump(posts);
}

void posts_wake(struct posts *posts)
{
    (void)curl_multi_wakeup(posts->multi);
}

// --- the desk

// A change that is at the desk.
struct asked {
    struct desk_change change;
    struct posts *posts;
    bool is_done; // under the posts' lock
};

// Wakes under the lock: as soon as the courier knows, it may end and free the handle.
static void on_done(struct desk_change *change)
{
    struct asked *asked = CONTAINER_OF(change, struct asked, change);
    struct posts *posts = asked->posts;
    pthread_mutex_lock(&posts->lock);
    asked->is_done = true;
    posts_wake(posts);
    pthread_mutex_unlock(&posts->lock);
}

static bool is_done(struct asked *asked)
{
    pthread_mutex_lock(&asked->posts->lock);
    bool is_done = asked->is_done;
    pthread_mutex_unlock(&asked->posts->lock);
    return is_done;
}

enum err_code posts_ask_desk(struct posts *posts, struct desk *desk,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), void *ctx, struct err *err)
{
    struct asked asked = {.change = {.make = make, .ctx = ctx, .on_done = on_done}, .posts = posts};
    if (!desk_change_send(desk, &asked.change))
        return err_set(err, ERR_BUSY, "too many batches are waiting");
    while (!is_done(&asked))
        posts_wait(posts, clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS);
    if (asked.change.err.code != ERR_NONE)
        *err = asked.change.err;
    return asked.change.err.code;
}

// --- what there is

size_t posts_under_way(const struct posts *posts)
{
    size_t count = 0;
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++)
        count += hook_post_has_hook(&posts->all[i]) && !hook_post_is_over(&posts->all[i]);
    return count;
}

size_t posts_over(const struct posts *posts)
{
    size_t count = 0;
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++)
        count += hook_post_is_over(&posts->all[i]);
    return count;
}

void posts_abandon(struct posts *posts)
{
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++) {
        if (posts->all[i].state == HOOK_POST_UNDER_WAY)
            hook_post_abandon(&posts->all[i], posts->multi);
    }
}

void posts_fini(struct posts *posts)
{
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++)
        hook_post_fini(&posts->all[i]);
    curl_multi_cleanup(posts->multi);
    pthread_mutex_destroy(&posts->lock);
}
