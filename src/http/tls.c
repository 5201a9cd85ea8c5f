// SPDX-License-Identifier: Apache-2.0
// The present context under a lock that is held for a moment; a pool for the steps of handshakes.
#include "http/tls.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "net/pool.h"

enum { NICE = 10 }; // setpriority(2): about a tenth of the processor while others want it

struct tls {
    pthread_mutex_t lock;        // guards `context`
    struct tls_context *context; // a reference
    struct pool *pool;           // owned; NULL when it has ended
    _Atomic(uint64_t) counts[TLS_OUTCOMES];
};

enum err_code tls_new(struct tls_context *context, size_t threads, struct tls **ret_tls, struct err *err)
{
    struct tls *tls = mem_zalloc(1, sizeof(*tls));
    if (tls == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&tls->lock, NULL);
    // Each connection has one step in it at most, and LIMIT_HEAD_MS to be done with them.
    enum err_code code = pool_new(threads, NULL, LIMIT_CONNECTIONS, &tls->pool, err);
    if (code != ERR_NONE) {
        tls_free(tls);
        return code;
    }
    tls->context = context;
    *ret_tls = tls;
    return ERR_NONE;
}

void tls_publish(struct tls *tls, struct tls_context *context)
{
    pthread_mutex_lock(&tls->lock);
    struct tls_context *former = tls->context;
    tls->context = context;
    pthread_mutex_unlock(&tls->lock);
    tls_context_unref(former);
}

struct tls_context *tls_take_context(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct tls_context *context = tls_context_ref(tls->context);
    pthread_mutex_unlock(&tls->lock);
    return context;
}

bool tls_submit(struct tls *tls, struct task *task)
{
    return pool_submit(tls->pool, task);
}

void tls_yield(void)
{
    static _Thread_local bool yields;
    if (!yields)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); // else it takes its share
    yields = true;
}

void tls_count(struct tls *tls, enum tls_outcome outcome)
{
    atomic_fetch_add_explicit(&tls->counts[outcome], 1, memory_order_relaxed);
}

uint64_t tls_counted(const struct tls *tls, enum tls_outcome outcome)
{
    return atomic_load_explicit(&tls->counts[outcome], memory_order_relaxed);
}

int64_t tls_ends_s(struct tls *tls)
{
    struct tls_context *context = tls_take_context(tls);
    int64_t ends_s = context->ends_s;
    tls_context_unref(context);
    return ends_s;
}

void tls_end(struct tls *tls)
{
    if (tls == NULL)
        return;
    pool_free(tls->pool);
    tls->pool = NULL;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    tls_end(tls);
    tls_context_unref(tls->context);
    pthread_mutex_destroy(&tls->lock);
    mem_free(tls);
}
