// SPDX-License-Identifier: Apache-2.0
// The mailbox is a lock-free stack: posting pushes on top, delivering takes the whole stack and turns it
// round. A thread that pushes onto an empty stack wakes the loop; one that finds mail there already need not,
// as a wake-up is on its way, so a burst of mail costs one system call. What mail means is its sender's
// business.
//
// Life: new ─ loop_start → running ─ loop_stop → ended ─ loop_free. A loop that never ran is ended by
// loop_stop as well, on the caller's thread.
#include "net/loop.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/thread.h"

struct loop {
    uv_loop_t uv;                  // the loop's thread; any other before it starts and after it ends
    uv_async_t wake;               // sent by loop_post
    uv_prepare_t turn;             // called before each wait
    _Atomic(struct mail *) posted; // newest first; any thread
    atomic_bool ended;             // no wake-up any more: loop_free delivers what is posted
    struct mail stop;              // posted by loop_stop
    pthread_t thread;              // valid while running
    bool running;                  // the thread exists; the owner's
    void (*after_turn)(void *ctx); // the hook, or NULL
    void *after_turn_ctx;          // borrowed; handed to the hook
    void *user;                    // the owner's pointer; fixed while running
    uint64_t turn_number;          // of the present one
};

// Delivers what is posted now. What deliver posts in turn waits for the next call.
static bool deliver_posted(struct loop *loop)
{
    struct mail *newest = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    struct mail *oldest = NULL;
    while (newest != NULL) {
        struct mail *older = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = older;
    }
    bool any = oldest != NULL;
    while (oldest != NULL) {
        struct mail *mail = oldest;
        oldest = mail->next; // deliver may free the mail, or post it again
        mail->deliver(mail);
    }
    return any;
}

static void on_wake(uv_async_t *wake)
{
    deliver_posted(wake->data);
}

static void on_turn(uv_prepare_t *turn)
{
    struct loop *loop = turn->data;
    if (loop->after_turn != NULL)
        loop->after_turn(loop->after_turn_ctx);
    loop->turn_number++;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

// With its last handle closed uv_run returns.
static void close_all(struct loop *loop)
{
    atomic_store_explicit(&loop->ended, true, memory_order_release);
    uv_walk(&loop->uv, close_handle, NULL);
}

static void on_stop(struct mail *mail)
{
    close_all(CONTAINER_OF(mail, struct loop, stop));
}

enum err_code loop_new(struct loop **ret_loop, struct err *err)
{
    struct loop *loop = mem_zalloc(1, sizeof(*loop));
    if (loop == NULL)
        return err_no_memory(err);
    int failed = uv_loop_init(&loop->uv);
    if (failed) {
        mem_free(loop);
        return err_set(err, ERR_IO, "could not make an event loop: %s", uv_strerror(failed));
    }
    uv_prepare_init(&loop->uv, &loop->turn); // neither this nor its start can fail
    uv_prepare_start(&loop->turn, on_turn);
    loop->turn.data = loop;
    loop->wake.data = loop;
    failed = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (failed) {
        close_all(loop);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        uv_loop_close(&loop->uv);
        mem_free(loop);
        return err_set(err, ERR_IO, "could not make a loop's mailbox: %s", uv_strerror(failed));
    }
    *ret_loop = loop;
    return ERR_NONE;
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    return NULL;
}

enum err_code loop_start(struct loop *loop, struct err *err)
{
    enum err_code code = thread_start(run, loop, &loop->thread, err);
    loop->running = code == ERR_NONE;
    return code;
}

void loop_stop(struct loop *loop)
{
    if (loop->running) {
        loop->stop.deliver = on_stop;
        loop_post(loop, &loop->stop);
        pthread_join(loop->thread, NULL);
        loop->running = false;
    } else if (!atomic_load_explicit(&loop->ended, memory_order_acquire)) {
        while (deliver_posted(loop))
            ;
        close_all(loop);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    loop_stop(loop);
    while (deliver_posted(loop))
        ;
    close_all(loop); // handles that such mail has opened
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&loop->uv);
    assert(!failed);
    mem_free(loop);
}

void loop_post(struct loop *loop, struct mail *mail)
{
    struct mail *top = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do {
        mail->next = top;
    } while (!atomic_compare_exchange_weak_explicit(
        &loop->posted, &top, mail, memory_order_release, memory_order_relaxed));
    // Once pushed, `mail` may be delivered and freed: only `top` is looked at.
    if (top == NULL && !atomic_load_explicit(&loop->ended, memory_order_acquire))
        uv_async_send(&loop->wake);
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

void loop_set_user(struct loop *loop, void *user)
{
    loop->user = user;
}

void *loop_user(const struct loop *loop)
{
    return loop->user;
}

uint64_t loop_turn(const struct loop *loop)
{
    return loop->turn_number;
}

void loop_after_turn(struct loop *loop, void (*fn)(void *ctx), void *ctx)
{
    assert(fn == NULL || loop->after_turn == NULL);
    loop->after_turn = fn;
    loop->after_turn_ctx = ctx;
}
