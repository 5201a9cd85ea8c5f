// SPDX-License-Identifier: Apache-2.0
// Tries as many threads as libuv will start, as it starts them; then has it start its own, by work that does
// nothing. On the main thread, while no other thread starts any.
#include "net/file_threads.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "base/thread.h"

enum { THREADS = 4 }; // as many as libuv starts by itself (docs.libuv.org, "Thread pool work scheduling")
static const char NUMBER[] = "4";

static void *wait_for_end(void *ctx)
{
    uv_sem_wait(ctx);
    return NULL;
}

static enum err_code try_threads(struct err *err)
{
    pthread_t threads[THREADS];
    uv_sem_t end;
    int started = 0, failed = uv_sem_init(&end, 0);
    enum err_code code = ERR_NONE;
    if (failed != 0)
        return err_set(err, ERR_IO, "could not start threads: %s", uv_strerror(failed));
    while (started < THREADS && code == ERR_NONE) {
        code = thread_start(wait_for_end, &end, &threads[started], err);
        started += code == ERR_NONE;
    }
    for (int i = 0; i < started; i++)
        uv_sem_post(&end);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    uv_sem_destroy(&end);
    return code;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_done(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

enum err_code file_threads_start(struct err *err)
{
    static bool is_started; // as libuv's threads are the process's
    uv_loop_t loop;
    uv_work_t work;
    sigset_t all, before;
    if (is_started)
        return ERR_NONE;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // which the threads keep
    enum err_code code = try_threads(err);
    int failed = code == ERR_NONE ? uv_loop_init(&loop) : 0;
    if (failed != 0)
        code = err_set(err, ERR_IO, "could not make an event loop: %s", uv_strerror(failed));
    if (code == ERR_NONE) {
        setenv("UV_THREADPOOL_SIZE", NUMBER, 1); // where somebody has set another one, that was not tried
        uv_queue_work(&loop, &work, do_nothing, on_done);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        is_started = true;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}
