// SPDX-License-Identifier: Apache-2.0
// Where the tasks of a pool with shares wait, in what order they go, and when they have waited for too long.
// Whether there is room to run them is shared_pool.c's. Under the pool's lock, but for share_queue_refuse.
#include "net/share_queue.h"

#include "base/clock.h"
#include "base/limits.h"

bool share_queue_is_in_vain(const struct task *task)
{
    return task->is_in_vain != NULL && atomic_load_explicit(task->is_in_vain, memory_order_relaxed);
}

static bool has_waited(const struct task *task, uint64_t ms, uint64_t now_ns)
{
    return task != NULL && task->refuse != NULL && task->came_ns + ms * NS_PER_MS <= now_ns;
}

// --- the shares in which tasks wait

static void unlist(struct share **at)
{
    struct share *share = *at;
    *at = share->next;
    share->next = NULL;
}

static void list(struct share_queue *queue, struct share *share)
{
    struct share **at = &queue->shares;
    while (*at != NULL)
        at = &(*at)->next;
    *at = share;
    share->next = NULL;
}

// NULL: it is not listed.
static struct share **place_of(struct share_queue *queue, const struct share *share)
{
    struct share **at = &queue->shares;
    while (*at != NULL && *at != share)
        at = &(*at)->next;
    return *at != NULL ? at : NULL;
}

// --- one task

bool share_queue_add_quick(struct share_queue *queue, struct task *task)
{
    struct share *share = task->share;
    // No share may fill the queue by itself.
    bool has_part = share == NULL || share->queued < queue->max_quick - queue->max_quick / 4;
    if (queue->quick.count >= queue->max_quick || !has_part) {
        task->retry_s = task_retry_s(queue->quick.count * queue->quick_pace_ns);
        return false;
    }
    task_list_add(&queue->quick, task);
    if (share != NULL)
        share->queued++;
    return true;
}

bool share_queue_add_long(struct share_queue *queue, struct task *task, bool has_room)
{
    struct share *share = task->share;
    uint64_t wait_ns = share_wait_ns(share, queue->places);
    bool is_in_time = share->mean_ns == 0 || wait_ns <= LIMIT_LONG_WAIT_MS * NS_PER_MS;
    if (!has_room && (share->waiting.count >= LIMIT_LONG_QUEUE || !is_in_time)) {
        task->retry_s = task_retry_s(wait_ns);
        return false;
    }
    if (share->waiting.count == 0)
        list(queue, share);
    task_list_add(&share->waiting, task);
    return true;
}

struct task *share_queue_next_quick(const struct share_queue *queue, uint64_t now_ns)
{
    bool newest_first = has_waited(queue->quick.first, LIMIT_QUICK_FRESH_MS, now_ns);
    return newest_first ? queue->quick.last : queue->quick.first;
}

void share_queue_take_quick(struct share_queue *queue, struct task *task)
{
    task_list_remove(&queue->quick, task);
    if (task->share != NULL)
        task->share->queued--;
}

struct task *share_queue_take_long(struct share_queue *queue, struct share **at)
{
    struct share *share = *at;
    struct task *task = share->waiting.first;
    task_list_remove(&share->waiting, task);
    unlist(at);
    if (share->waiting.count > 0)
        list(queue, share);
    return task;
}

// --- refusing

static void put_aside_quick(struct share_queue *queue, struct task *task)
{
    task->retry_s = task_retry_s(queue->quick.count * queue->quick_pace_ns);
    share_queue_take_quick(queue, task);
    task_list_add(&queue->aside, task);
}

static void put_aside_long(struct share_queue *queue, struct share *share, struct task *task)
{
    task->retry_s = task_retry_s(share_wait_ns(share, queue->places));
    task_list_remove(&share->waiting, task);
    task_list_add(&queue->aside, task);
}

void share_queue_refuse_first(struct share_queue *queue, struct share **at)
{
    struct share *share = *at;
    put_aside_long(queue, share, share->waiting.first);
    if (share->waiting.count == 0)
        unlist(at);
}

void share_queue_refuse_in_vain(struct share_queue *queue, struct share *share)
{
    struct task *next;
    for (struct task *task = share->waiting.first; task != NULL; task = next) {
        next = task->next;
        if (share_queue_is_in_vain(task))
            put_aside_long(queue, share, task);
    }
    struct share **at = place_of(queue, share);
    if (share->waiting.count == 0 && at != NULL)
        unlist(at);
}

void share_queue_refuse_late_quick(struct share_queue *queue, uint64_t now_ns)
{
    while (has_waited(queue->quick.first, LIMIT_QUICK_WAIT_MS, now_ns))
        put_aside_quick(queue, queue->quick.first);
}

void share_queue_refuse_late(struct share_queue *queue, uint64_t now_ns)
{
    share_queue_refuse_late_quick(queue, now_ns);
    for (struct share **at = &queue->shares; *at != NULL;) {
        struct share *share = *at;
        while (has_waited(share->waiting.first, LIMIT_LONG_WAIT_MS, now_ns))
            put_aside_long(queue, share, share->waiting.first);
        if (share->waiting.count == 0)
            unlist(at);
        else
            at = &share->next;
    }
}

static uint64_t sooner(uint64_t at_ns, const struct task *task, uint64_t ms)
{
    if (task == NULL || task->refuse == NULL || task->came_ns + ms * NS_PER_MS >= at_ns)
        return at_ns;
    return task->came_ns + ms * NS_PER_MS;
}

uint64_t share_queue_late_ns(const struct share_queue *queue)
{
    uint64_t at_ns = sooner(UINT64_MAX, queue->quick.first, LIMIT_QUICK_WAIT_MS);
    for (const struct share *share = queue->shares; share != NULL; share = share->next)
        at_ns = sooner(at_ns, share->waiting.first, LIMIT_LONG_WAIT_MS);
    return at_ns;
}

struct task *share_queue_take_aside(struct share_queue *queue)
{
    struct task *aside = queue->aside.first;
    for (const struct task *task = aside; task != NULL; task = task->next)
        queue->refused += !share_queue_is_in_vain(task);
    queue->aside = (struct task_list){0};
    return aside;
}

void share_queue_refuse(struct task *aside)
{
    for (struct task *next; aside != NULL; aside = next) {
        next = aside->next;
        aside->refuse(aside);
    }
}

// --- shares

void share_queue_make_long(struct share_queue *queue, struct share *share, bool has_room)
{
    struct task *next;
    share->is_long = true;
    for (struct task *task = queue->quick.first; task != NULL && share->queued > 0; task = next) {
        next = task->next;
        if (task->share != share)
            continue;
        share_queue_take_quick(queue, task);
        if (!share_queue_add_long(queue, task, has_room))
            task_list_add(&queue->aside, task);
    }
}

void share_queue_make_quick(struct share_queue *queue, struct share *share, uint64_t now_ns)
{
    struct task *task;
    struct share **at = place_of(queue, share);
    share->is_long = false;
    if (at != NULL)
        unlist(at);
    while ((task = share->waiting.first) != NULL) {
        task_list_remove(&share->waiting, task);
        task_list_add(&queue->quick, task);
        task->came_ns = now_ns;
        share->queued++;
    }
}
