// SPDX-License-Identifier: Apache-2.0
// The lanes of a writer, their queues, and their end. What a lane does with a batch is lane.c's.
//
//     submit ─┬─ queue ──────────────► lanes 0 and 1: one stages its batch while the other one writes
//             └─ queue of @parallel ─► lanes 2 and 3, if the app has such an endpoint
//
// A store of one writer has lane 0 alone. Each lane owns a connection, and is a thread of the pool that has
// its queue; so a parallel batch that takes long holds up others of its kind at most, and those that take
// turns hold up no parallel one.
#include "batch/writer.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "batch/lane.h"
#include "batch/repeat.h"

struct writer {
    struct lane_common common; // of the lanes
    struct lane lanes[LIMIT_WRITERS + LIMIT_PARALLEL_WRITERS];
    size_t lane_count;      // of them that there are
    struct pool *turns;     // owned; runs the first lanes
    struct pool *parallel;  // owned; runs the others; NULL: there are none
    struct task look;       // look_again, while is_looking
    atomic_bool is_looking; // whoever sets it submits the look; the lane clears it
    struct task hold;       // wait_for_release, from writer_hold to its end
    pthread_mutex_t lock;   // guards is_held and max_queued
    pthread_cond_t free;    // signalled when it is false
    bool is_held;           //
    size_t max_queued;      // by the lanes that take turns, while nothing is held
};

// --- looking again

static void look_again(struct task *task, void *worker)
{
    struct writer *writer = CONTAINER_OF(task, struct writer, look);
    lane_look(worker);
    atomic_store(&writer->is_looking, false);
}

void writer_look(struct writer *writer)
{
    if (atomic_exchange(&writer->is_looking, true))
        return;
    writer->look.run = look_again;
    if (!pool_submit(writer->turns, &writer->look)) // what is queued finds out by itself
        atomic_store(&writer->is_looking, false);
}

// --- holding

// The one lane is busy with this, so all that is submitted queues behind it.
static void wait_for_release(struct task *task, void *worker)
{
    (void)worker;
    struct writer *writer = CONTAINER_OF(task, struct writer, hold);
    pthread_mutex_lock(&writer->lock);
    while (writer->is_held)
        pthread_cond_wait(&writer->free, &writer->lock);
    pool_set_max_queued(writer->turns, writer->max_queued);
    pthread_mutex_unlock(&writer->lock);
}

void writer_hold(struct writer *writer)
{
    if (writer->lane_count > 1)
        return;
    writer->is_held = true;
    writer->hold.run = wait_for_release;
    pool_set_max_queued(writer->turns, LIMIT_HELD_BATCHES);
    if (!pool_submit(writer->turns, &writer->hold)) // its queue is empty: never
        writer->is_held = false;
}

void writer_release(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->is_held = false;
    pthread_cond_signal(&writer->free);
    pthread_mutex_unlock(&writer->lock);
}

// --- batches

void writer_observe(struct writer *writer, const struct writer_observer *observer)
{
    writer->common.observer = *observer;
}

void writer_set_draft(struct writer *writer)
{
    atomic_store(&writer->common.is_draft, true);
}

bool writer_submit(struct writer *writer, struct batch *batch)
{
    bool is_parallel = writer->parallel != NULL && batch->endpoint->is_parallel;
    batch->task.run = lane_write;
    batch->task.came_ns = clock_monotonic_ns();
    lane_common_add(&writer->common);
    bool is_queued = pool_submit(is_parallel ? writer->parallel : writer->turns, &batch->task);
    if (!is_queued)
        lane_common_remove(&writer->common);
    return is_queued;
}

bool writer_run(struct writer *writer, struct writer_errand *errand)
{
    errand->task = (struct task){.run = lane_run, .came_ns = clock_monotonic_ns()};
    lane_common_add(&writer->common);
    bool is_queued = pool_submit(writer->turns, &errand->task);
    if (!is_queued)
        lane_common_remove(&writer->common);
    return is_queued;
}

bool writer_has_several(const struct writer *writer)
{
    return writer->lane_count > 1;
}

bool writer_is_draft(struct writer *writer)
{
    return atomic_load(&writer->common.is_draft);
}

void writer_clear_draft(struct writer *writer)
{
    atomic_store(&writer->common.is_draft, false);
}

bool writer_is_idle(struct writer *writer)
{
    struct lane_common *common = &writer->common;
    pthread_mutex_lock(&common->lock);
    bool is_idle = common->untold == 0;
    pthread_mutex_unlock(&common->lock);
    return is_idle;
}

// --- what it does

static void add_oldest(uint64_t *oldest_ns, uint64_t ns)
{
    if (ns != 0 && (*oldest_ns == 0 || ns < *oldest_ns))
        *oldest_ns = ns;
}

struct writer_stats writer_stats(struct writer *writer)
{
    struct pool *pools[] = {writer->turns, writer->parallel};
    const struct batch_tally *tally = &writer->common.tally;
    struct writer_stats stats = {.rows = counter_read(&tally->rows)};
    for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
        struct pool_stats pool = {0};
        if (pools[i] != NULL)
            pool = pool_stats(pools[i]);
        stats.queued += pool.queued;
        stats.max_queued = i == 0 ? pool.max_queued : stats.max_queued;
        add_oldest(&stats.oldest_ns, pool.oldest_ns);
    }
    for (size_t i = 0; i < writer->lane_count; i++)
        add_oldest(&stats.oldest_ns, counter_read(&writer->lanes[i].since_ns));
    for (size_t i = 0; i < BATCH_OUTCOMES; i++)
        stats.outcomes[i] = counter_read(&tally->outcomes[i]);
    histogram_read(&tally->seconds, &stats.seconds);
    return stats;
}

void writer_bound(struct writer *writer, size_t max_queued, uint64_t batch_ms)
{
    atomic_store_explicit(&writer->common.batch_ms, batch_ms, memory_order_relaxed);
    pthread_mutex_lock(&writer->lock);
    writer->max_queued = max_queued;
    if (!writer->is_held)
        pool_set_max_queued(writer->turns, max_queued);
    pthread_mutex_unlock(&writer->lock);
    if (writer->parallel != NULL)
        pool_set_max_queued(writer->parallel, max_queued);
}

// --- life

static bool has_parallel(const struct app *app)
{
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (app->endpoints[i].is_parallel)
            return true;
    }
    return false;
}

// Makes the lanes beside the first one, each with a connection of its own.
static enum err_code add_lanes(
    struct writer *writer, struct app *app, struct store_conn *conn, size_t wanted, struct err *err)
{
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && writer->lane_count < wanted) {
        struct lane *lane = &writer->lanes[writer->lane_count];
        struct store_conn *beside = NULL;
        code = store_connect_beside(conn, &beside, err);
        if (code != ERR_NONE || beside == NULL)
            break;
        lane_init(lane, &writer->common, beside, true);
        lane->is_parallel = writer->lane_count >= LIMIT_WRITERS;
        writer->lane_count++;
        code = lane_plans_prepare_later(&lane->plans, app, err);
    }
    return code;
}

// Starts the thread of `count` lanes from `first` on.
static enum err_code start(
    struct writer *writer, size_t first, size_t count, struct pool **ret_pool, struct err *err)
{
    void *workers[ARRAY_LEN(writer->lanes)] = {0};
    for (size_t i = 0; i < count; i++)
        workers[i] = &writer->lanes[first + i];
    enum err_code code = pool_new(count, workers, LIMIT_WRITE_QUEUE, ret_pool, err);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        writer->lanes[first + i].pool = *ret_pool;
    return code;
}

static enum err_code start_all(struct writer *writer, struct err *err)
{
    size_t turns = writer->lane_count < LIMIT_WRITERS ? writer->lane_count : LIMIT_WRITERS;
    enum err_code code = start(writer, 0, turns, &writer->turns, err);
    if (code == ERR_NONE && writer->lane_count > turns)
        code = start(writer, turns, writer->lane_count - turns, &writer->parallel, err);
    return code;
}

enum err_code writer_make_tables(struct store_conn *conn, struct err *err)
{
    enum err_code code = record_make_table(conn, err);
    return code == ERR_NONE ? repeat_make_table(conn, err) : code;
}

enum err_code writer_new(struct app *app, struct store_conn *conn, struct diags *diags,
    struct writer **ret_writer, struct err *err)
{
    struct writer *writer = mem_zalloc(1, sizeof(*writer));
    if (writer == NULL)
        return err_no_memory(err);
    struct lane *first = &writer->lanes[0];
    pthread_mutex_init(&writer->lock, NULL);
    writer->max_queued = LIMIT_WRITE_QUEUE;
    pthread_cond_init(&writer->free, NULL);
    lane_common_init(&writer->common);
    lane_init(first, &writer->common, conn, false);
    writer->lane_count = 1;
    enum err_code code =
        add_lanes(writer, app, conn, LIMIT_WRITERS + (has_parallel(app) ? LIMIT_PARALLEL_WRITERS : 0), err);
    lane_set_early(first, writer->lane_count > 1);
    if (code == ERR_NONE)
        code = writer_make_tables(conn, err);
    if (code == ERR_NONE)
        code = lane_plans_prepare(&first->plans, app, diags, err);
    if (code == ERR_NONE)
        code = start_all(writer, err);
    if (code != ERR_NONE) {
        store_interrupt_when(conn, NULL);
        first->conn = NULL; // the caller's still
        writer_free(writer);
        return code;
    }
    *ret_writer = writer;
    return ERR_NONE;
}

void writer_stop(struct writer *writer, uint64_t until_ns)
{
    struct lane_common *common = &writer->common;
    pthread_mutex_lock(&common->lock);
    while (common->untold > 0 && clock_monotonic_ns() < until_ns)
        (void)cond_wait_until(&common->all_told, &common->lock, until_ns);
    pthread_mutex_unlock(&common->lock);
    atomic_store(&common->is_ended, true);
    writer_release(writer);
}

void writer_end(struct writer *writer, uint64_t until_ns)
{
    struct lane_common *common = &writer->common;
    writer_stop(writer, until_ns);
    pthread_mutex_lock(&common->lock);
    while (common->untold > 0)
        pthread_cond_wait(&common->all_told, &common->lock);
    pthread_mutex_unlock(&common->lock);
}

void writer_free(struct writer *writer)
{
    if (writer == NULL)
        return;
    writer_release(writer);
    pool_free(writer->turns);
    pool_free(writer->parallel);
    for (size_t i = writer->lane_count; i-- > 0;) // the first one last: it may take a scratch schema away
        lane_fini(&writer->lanes[i]);
    lane_common_fini(&writer->common);
    pthread_cond_destroy(&writer->free);
    pthread_mutex_destroy(&writer->lock);
    mem_free(writer);
}
