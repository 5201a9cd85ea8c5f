// SPDX-License-Identifier: Apache-2.0
// Exchanges whom a server trusts. Any thread, but for what a loop holds.
#include "http/trusted.h"

#include "base/mem.h"

struct trusted_edition {
    atomic_uint references; //
    struct trust trust;     // fixed
};

static void unref(struct trusted_edition *edition)
{
    if (edition != NULL && atomic_fetch_sub(&edition->references, 1) == 1)
        mem_free(edition);
}

void trusted_init(struct trusted *trusted)
{
    pthread_mutex_init(&trusted->lock, NULL);
    trusted->current = NULL;
    atomic_init(&trusted->number, 0);
}

void trusted_fini(struct trusted *trusted)
{
    unref(trusted->current);
    pthread_mutex_destroy(&trusted->lock);
}

enum err_code trusted_set(struct trusted *trusted, const struct trust *trust, struct err *err)
{
    struct trusted_edition *edition = NULL, *before;
    if (trust != NULL && trust_is_some(trust)) {
        edition = mem_alloc(sizeof(*edition));
        if (edition == NULL)
            return err_no_memory(err);
        atomic_init(&edition->references, 1);
        edition->trust = *trust;
    }
    pthread_mutex_lock(&trusted->lock);
    before = trusted->current;
    trusted->current = edition;
    atomic_fetch_add_explicit(&trusted->number, 1, memory_order_release);
    pthread_mutex_unlock(&trusted->lock);
    unref(before);
    return ERR_NONE;
}

static void follow(struct trusted *trusted, struct trusted_held *held)
{
    unref(held->edition);
    pthread_mutex_lock(&trusted->lock);
    held->edition = trusted->current;
    held->number = atomic_load_explicit(&trusted->number, memory_order_relaxed);
    if (held->edition != NULL)
        atomic_fetch_add(&held->edition->references, 1);
    pthread_mutex_unlock(&trusted->lock);
}

const struct trust *trusted_now(struct trusted *trusted, struct trusted_held *held)
{
    if (atomic_load_explicit(&trusted->number, memory_order_acquire) != held->number)
        follow(trusted, held);
    return held->edition != NULL ? &held->edition->trust : NULL;
}

void trusted_let_go(struct trusted_held *held)
{
    unref(held->edition);
    *held = (struct trusted_held){0};
}
